import type { Command } from "commander";
import { nameOf } from "../client/ids.js";
import { type Session, type World, action } from "../session.js";
import { watch } from "../watch/watch.js";

export const watchCommand = (program: Command, world: World): void => {
  program
    .command("watch")
    .summary("watch a sweep, a run or an analysis to its end")
    .description(
      "Watch a sweep, a run or an analysis to its end: a picture on a terminal, lines elsewhere, JSON lines with\n" +
        "--json. Exit status 0 when it ended well, 1 when it failed or was canceled.",
    )
    .argument("[id]", "of a sweep, a run or an analysis; default: your newest sweep", "last")
    .action(
      action(world, async (session: Session, id: string) =>
        watch(session, await nameOf(session.lab, id, ["swp", "run", "ana"])),
      ),
    );
};
