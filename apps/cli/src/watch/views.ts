/** Ways to show what is watched: a picture that moves, lines, or JSON lines. */
import type { RunBody } from "@pclab/contracts";
import type { LabEvent } from "../client/eventStream.js";
import { duration, percent } from "../output/quantities.js";
import { runTable, stateText, wholePercent } from "../output/runTable.js";
import { printable } from "../output/text.js";
import type { Session } from "../session.js";
import { renderFrame } from "./frame.js";
import type { Histories } from "./histories.js";
import { openScreen } from "./screen.js";
import type { Snapshot } from "./snapshot.js";

export interface View {
  event(event: LabEvent): void;
  show(snapshot: Snapshot, notice: string | null): void;
  /** The last look, once it is over. */
  end(snapshot: Snapshot): void;
  close(): void;
}

const DEFAULT_ROWS = 24;
const DEFAULT_COLUMNS = 80;

export const liveView = ({ world, style, print }: Session, histories: Histories): View => {
  const { output } = world;
  const screen = openScreen(output);
  let last: [Snapshot, string | null] | null = null;
  const draw = (): void => {
    if (last === null) return;
    const [snapshot, notice] = last;
    const columns = output.columns ?? DEFAULT_COLUMNS;
    // A line less than there are, or the terminal would scroll and the cursor not find the frame's top again.
    const rows = (output.rows ?? DEFAULT_ROWS) - 1;
    screen.draw(renderFrame(snapshot, { columns, rows, style, histories, notice }));
  };
  output.on("resize", draw);
  const show = (snapshot: Snapshot, notice: string | null): void => {
    last = [snapshot, notice];
    draw();
  };
  return {
    event: () => undefined,
    show,
    end: (snapshot) => {
      show(snapshot, null);
      print("\n");
    },
    close: () => {
      output.removeListener("resize", draw);
      screen.close();
    },
  };
};

const LINE_EVERY_MS = 5_000;
const WAITING_STATES: ReadonlySet<RunBody["state"]> = new Set(["queued", "waiting_search"]);

/** For files and pipes: a line where a state changes, and progress now and then. */
export const lineView = ({ print, say, style, width }: Session): View => {
  const told = new Map<string, { line: string; state: string; atMs: number }>();
  let isFirst = true;
  let lastNotice: string | null = null;
  const tell = (key: string, state: string, line: string, isSilent: boolean): void => {
    const before = told.get(key);
    const nowMs = performance.now();
    if (before?.line === line) return;
    // Each change of state is told, mere progress now and then.
    if (before?.state === state && nowMs - before.atMs < LINE_EVERY_MS) return;
    told.set(key, { line, state, atMs: nowMs });
    if (!isSilent) print(`${line}\n`);
  };
  return {
    event: () => undefined,
    show: (snapshot, notice) => {
      const { runs, named, title, state, fraction } = snapshot;
      if (notice !== null && notice !== lastNotice) say(notice);
      lastNotice = notice;
      if (isFirst) print(`${printable(title)}  ${named.id}  ${state}\n`);
      if (runs.length === 0)
        tell(named.id, state, `  ${state}  ${wholePercent(fraction)}`, isFirst);
      // At first, what waits and what has ended would be a list as long as the sweep.
      for (const run of runs) {
        const isStill = WAITING_STATES.has(run.state) || run.poll_after_ms === null;
        tell(run.id, run.state, runLine(run), isFirst && isStill);
      }
      isFirst = false;
    },
    end: ({ runs }) => {
      if (runs.length > 0) print(`\n${runTable(runs, { style, width }).join("\n")}\n\n`);
    },
    close: () => undefined,
  };
};

const runLine = (run: RunBody): string => {
  const { state, progress, metrics, spec } = run;
  const left =
    state === "running" && progress.seconds_left !== null
      ? `  ${duration(progress.seconds_left)} left`
      : "";
  return (
    `  ${run.name}  seed ${spec.seed}  ${stateText(run)}  ${wholePercent(progress.fraction)}` +
    `  accuracy ${percent(metrics.validation_accuracy)}${left}`
  );
};

/** The events as the lab tells them, and at the end the thing itself. */
export const jsonView = ({ printJson }: Session): View => {
  let told = "";
  return {
    event: (event) => printJson(event, "line"),
    show: (snapshot, notice) => {
      const { named, state, fraction } = snapshot;
      const look = { type: "look", data: { id: named.id, state, fraction, notice } };
      if (JSON.stringify(look) !== told) printJson(look, "line");
      told = JSON.stringify(look);
    },
    end: ({ body }) => printJson({ type: "end", data: body }, "line"),
    close: () => undefined,
  };
};
