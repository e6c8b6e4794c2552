/** A sweep's live progress: a bar a run on a terminal, else a line a run every few seconds. */
import type { RunBody } from "@pclab/contracts";
import { MultiBar, type SingleBar } from "cli-progress";
import { percent, seconds } from "./runTable.js";

export type Output = NodeJS.WritableStream & { isTTY?: boolean };

export interface ProgressDisplay {
  show(runs: readonly RunBody[]): void;
  /** Ends the bars, so that other lines can follow. */
  close(): void;
}

const lineEveryMs = 5_000;

export function createProgressDisplay(output: Output): ProgressDisplay {
  return output.isTTY === true ? createBars(output) : createLines(output);
}

function createBars(output: Output): ProgressDisplay {
  const bars = new Map<string, SingleBar>();
  const all = new MultiBar({
    format: "  {name} {bar} {percentage} %  accuracy {accuracy}  {left}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 28,
    hideCursor: true,
    clearOnComplete: false,
    // A run that starts anew after a crash would show a full bar otherwise.
    forceRedraw: true,
    autopadding: true,
    stream: output,
  });
  return {
    show: (runs) => {
      const width = Math.max(...runs.map(({ name }) => name.length));
      for (const run of runs) {
        const fields = { ...describe(run), name: run.name.padEnd(width) };
        const share = Math.floor(run.progress.fraction * 1000);
        const bar = bars.get(run.id);
        if (bar === undefined) bars.set(run.id, all.create(1000, share, fields));
        else bar.update(share, fields);
      }
    },
    close: () => all.stop(),
  };
}

function createLines(output: Output): ProgressDisplay {
  const last = new Map<string, { line: string; state: string; shownMs: number }>();
  return {
    show: (runs) => {
      for (const run of runs) {
        const { accuracy, left } = describe(run);
        const share = `${Math.floor(run.progress.fraction * 100)} %`;
        const line = `  ${run.name}  ${share}  accuracy ${accuracy}  ${left}`;
        const before = last.get(run.id);
        const nowMs = performance.now();
        if (before?.line === line) continue;
        // Each change of state is shown, mere progress now and then.
        if (before?.state === run.state && nowMs - before.shownMs < lineEveryMs) continue;
        last.set(run.id, { line, state: run.state, shownMs: nowMs });
        output.write(`${line}\n`);
      }
    },
    close: () => undefined,
  };
}

function describe(run: RunBody): { accuracy: string; left: string } {
  const accuracy = percent(run.metrics.validation_accuracy ?? run.metrics.train_accuracy);
  const left =
    run.state === "running" && run.progress.seconds_left !== null
      ? `${seconds(run.progress.seconds_left)} left`
      : run.reason === null
        ? run.state
        : `${run.state}: ${run.reason}`;
  return { accuracy, left };
}
