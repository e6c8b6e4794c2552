import type { RunBody, RunEventBody, logLineSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { type Named, nameOf } from "../client/ids.js";
import { readEvents } from "../client/eventStream.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";
import { wholeNumber } from "./ls.js";

type Level = z.output<typeof logLineSchema>["level"];

interface Line {
  run_id: string;
  at: string;
  level: Level;
  message: string;
}

interface LogOptions {
  follow?: boolean;
  tail?: number;
}

export const logsCommand = (program: Command, world: World): void => {
  program
    .command("logs")
    .summary("the log of a run, or of all runs of a sweep")
    .description(
      "What workers said of a run, or of all runs of a sweep, oldest first. JSON lines with --json.",
    )
    .argument("[id]", "of a run or a sweep; default: your newest sweep", "last")
    .option("-f, --follow", "go on with what comes, to the end of the run or sweep")
    .option("-n, --tail <count>", "begin with the last so many lines", wholeNumber)
    .action(action(world, logs));
};

const logs = async (session: Session, id: string, { follow, tail }: LogOptions): Promise<void> => {
  const named = await nameOf(session.lab, id, ["run", "swp"]);
  const print = printerOf(session, await namesOf(session, named));
  let last: string | undefined;
  const stored: Line[] = [];
  for await (const event of storedEvents(session, named)) {
    last = event.id;
    if (event.type === "log") stored.push(lineOf(event.run_id, event.created_at, event.data));
  }
  for (const line of tail === undefined ? stored : stored.slice(stored.length - tail)) print(line);
  if (follow !== true) return;
  const { signal } = session.world;
  for await (const { type, data } of readEvents(session.lab, named.path, { after: last, signal })) {
    if (type !== "log") continue;
    const { run_id, at } = data as { run_id: string; at: string };
    print(lineOf(run_id, at, data));
  }
};

const PAGE = 1000;

async function* storedEvents({ lab }: Session, { path }: Named): AsyncGenerator<RunEventBody> {
  let after: string | undefined;
  for (;;) {
    const page = await lab.get<{ data: RunEventBody[] }>(`${path}/events`, { after, limit: PAGE });
    yield* page.data;
    after = page.data.at(-1)?.id;
    if (page.data.length < PAGE) return;
  }
}

const lineOf = (run_id: string, at: string, data: Record<string, unknown>): Line => {
  const { level, message } = data as { level: Level; message: string };
  return { run_id, at, level, message };
};

/** Of a sweep, the run stands in each line. */
const namesOf = async ({ lab }: Session, { kind, path }: Named): Promise<Map<string, string>> => {
  const names = new Map<string, string>();
  if (kind !== "swp") return names;
  for await (const page of lab.list<RunBody>(`${path}/runs`)) {
    for (const { id, name, spec } of page) names.set(id, `${name}/${spec.seed}`);
  }
  return names;
};

const printerOf = (
  { json, print, printJson, style }: Session,
  names: ReadonlyMap<string, string>,
): ((line: Line) => void) => {
  if (json) return (line) => printJson(line, "line");
  const width = Math.max(0, ...[...names.values()].map(({ length }) => length));
  const paints: Record<Level, (text: string) => string> = {
    info: (text) => text,
    warn: style.waiting,
    error: style.bad,
  };
  return ({ run_id, at, level, message }) => {
    const name = names.get(run_id);
    const who = name === undefined ? "" : `${name.padEnd(width)}  `;
    print(
      `${style.dim(at)}  ${who}${paints[level](`${level.padEnd(5)}  ${printable(message)}`)}\n`,
    );
  };
};
