/** cancel, pause, resume, retry: of sweeps and runs, and cancel of analyses. */
import type { AnalysisBody, RunBody, SweepBody } from "@pclab/contracts";
import type { Command } from "commander";
import { CliError, InterruptedError } from "../cliError.js";
import { type Kind, nameOf } from "../client/ids.js";
import { EXIT, type ExitCode } from "../exitCodes.js";
import { errorText } from "../output/problemText.js";
import { paintState } from "../output/style.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";

const ACTIONS = {
  cancel: "end what has not ended: a sweep, a run or an analysis",
  pause: "pause a sweep or a run, at a checkpoint",
  resume: "let a paused sweep or run go on",
  retry: "try the failed runs of a sweep, or a run, again",
} as const;
type Action = keyof typeof ACTIONS;

export const actionCommands = (program: Command, world: World): void => {
  for (const verb of Object.keys(ACTIONS) as Action[]) {
    program
      .command(verb)
      .description(`${ACTIONS[verb][0]?.toUpperCase()}${ACTIONS[verb].slice(1)}.`)
      .summary(ACTIONS[verb])
      .argument("<id...>", "of sweeps or runs; `last` is your newest sweep")
      .action(action(world, (session: Session, ids: string[]) => act(session, verb, ids)));
  }
};

/** One after the other: what is refused of one says nothing of the next. */
const act = async (session: Session, verb: Action, ids: readonly string[]): Promise<ExitCode> => {
  const kinds: Kind[] = verb === "cancel" ? ["swp", "run", "ana"] : ["swp", "run"];
  const done: unknown[] = [];
  const refused: CliError[] = [];
  for (const id of ids) {
    try {
      done.push(await actOn(session, verb, id, kinds));
    } catch (error) {
      if (!(error instanceof CliError) || error instanceof InterruptedError || ids.length === 1)
        throw error;
      refused.push(error);
      session.say(`${id}: ${errorText(error, session.style)}`.trimEnd());
    }
  }
  if (session.json) session.printJson(ids.length === 1 ? done[0] : { data: done });
  return refused[0]?.exitCode ?? EXIT.ok;
};

const actOn = async (
  { lab, json, print, style }: Session,
  verb: Action,
  text: string,
  kinds: readonly Kind[],
): Promise<unknown> => {
  const { noun, id, path } = await nameOf(lab, text, kinds);
  const { body, response } = await lab.send<SweepBody | RunBody | AnalysisBody>(`${path}/${verb}`, {
    method: "POST",
  });
  if (!json) {
    const name = "name" in body ? `  ${printable(body.name)}` : "";
    // 200 is the lab's word for a request that changed nothing.
    const already = response.status === 200 ? "  (nothing to change)" : "";
    print(`${noun} ${id}${name}: ${paintState(style, body.state)}${already}\n`);
  }
  return body;
};
