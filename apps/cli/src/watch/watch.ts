/** Watches a sweep, a run or an analysis to its end: events say that something happened, a look says how things stand. */
import { setTimeout as sleep } from "node:timers/promises";
import { CliError, InterruptedError } from "../cliError.js";
import { NoStreamError, readEvents } from "../client/eventStream.js";
import type { Named } from "../client/ids.js";
import { EXIT, type ExitCode } from "../exitCodes.js";
import { paintState } from "../output/style.js";
import { printable } from "../output/text.js";
import type { Session } from "../session.js";
import { createBell } from "./bell.js";
import { Histories } from "./histories.js";
import { type Snapshot, lookerOf } from "./snapshot.js";
import { type View, jsonView, lineView, liveView } from "./views.js";

/** Between two looks, however many events there are. */
const LOOK_AT_MOST_EVERY_MS = 300;
/** Without events: progress within an epoch tells none. */
const LOOK_EVERY_MS = 1_000;
/** For the events that lead to the end, which a look may have seen before them. */
const LAST_EVENTS_MS = 3_000;

/** @returns failed where what was watched did not end well */
export const watch = async (session: Session, named: Named): Promise<ExitCode> => {
  const { lab, world } = session;
  const look = lookerOf(lab, named);
  const histories = new Histories();
  // Before anything is drawn: a wrong id or a lab that is not there is an error like any other.
  let snapshot = await look();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, world.signal]);
  const bell = createBell();
  const view = viewFor(session, histories);
  let hasEvents = named.kind !== "ana";

  const listen = async (): Promise<void> => {
    if (!hasEvents) return;
    try {
      for await (const event of readEvents(lab, named.path, { signal })) {
        histories.addEvent(event);
        view.event(event);
        bell.ring();
      }
    } catch (error) {
      // What the lab refuses of the stream it refuses of the next look too, which says so.
      if (!(error instanceof NoStreamError || error instanceof CliError)) throw error;
      hasEvents = false;
    }
  };

  try {
    const listening = listen();
    // Kept for the end, where it is awaited.
    listening.catch(() => bell.ring());
    view.show(snapshot, null);
    while (!snapshot.isOver && !world.signal.aborted) {
      await sleep(LOOK_AT_MOST_EVERY_MS);
      await bell.wait(LOOK_EVERY_MS - LOOK_AT_MOST_EVERY_MS, signal);
      const next = await patiently(look);
      if (world.signal.aborted) break;
      if (next === null) {
        view.show(snapshot, `no answer from ${session.config.lab}; trying again …`);
        continue;
      }
      snapshot = next;
      if (!hasEvents) for (const run of snapshot.runs) histories.addRun(run);
      view.show(snapshot, null);
    }
    if (snapshot.isOver)
      await Promise.race([
        listening,
        sleep(LAST_EVENTS_MS, undefined, { signal }).catch(() => undefined),
      ]);
    if (snapshot.isOver) view.end(snapshot);
  } finally {
    stop.abort();
    view.close();
  }
  if (!snapshot.isOver) return leave(session, named);
  return conclude(session, snapshot);
};

const viewFor = (session: Session, histories: Histories): View => {
  if (session.json) return jsonView(session);
  const isLive = session.world.output.isTTY === true && session.config.canMoveCursor;
  return isLive ? liveView(session, histories) : lineView(session);
};

/** Null while the lab is away, or restarts: the next look asks again. Null as well where Ctrl-C cut the look short. */
const patiently = async <T>(ask: () => Promise<T>): Promise<T | null> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof InterruptedError) return null;
    if (!(error instanceof CliError)) throw error;
    if (error.exitCode !== EXIT.unreachable && error.exitCode !== EXIT.fault) throw error;
    return null;
  }
};

const leave = ({ say }: Session, { noun, id }: Named): never => {
  say(`\nThe ${noun} goes on without you: pclab watch ${id}`);
  throw new InterruptedError();
};

const GOOD_ENDS = new Set(["completed", "succeeded", "pruned"]);
const MOST_REASONS = 5;

const conclude = ({ json, print, say, style }: Session, snapshot: Snapshot): ExitCode => {
  const { named, state, reason, runs } = snapshot;
  const isGood = GOOD_ENDS.has(state);
  if (json) return isGood ? EXIT.ok : EXIT.failed;
  const why = reason === null ? "" : `: ${printable(reason)}`;
  print(`The ${named.noun} ${endOf(state, (text) => paintState(style, state, text))}${why}\n`);
  const failed = runs.filter((run) => run.state === "failed" && named.kind === "swp");
  for (const { id, name, reason_detail, reason: word } of failed.slice(0, MOST_REASONS)) {
    say(`  ${id}  ${name}  ${printable(reason_detail ?? word ?? "")}`);
  }
  if (failed.length > MOST_REASONS) say(`  … and ${failed.length - MOST_REASONS} more`);
  if (failed.length > 0) say(`  pclab logs ID says more; pclab retry ${named.id} tries them again`);
  return isGood ? EXIT.ok : EXIT.failed;
};

const endOf = (state: string, paint: (text: string) => string): string =>
  state === "failed" || state === "succeeded" ? paint(state) : `is ${paint(state)}`;
