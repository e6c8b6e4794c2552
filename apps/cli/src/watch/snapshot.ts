/** What is watched, at one moment. */
import type { AnalysisBody, RunBody, SweepBody } from "@pclab/contracts";
import type { LabClient } from "../client/labClient.js";
import type { Named } from "../client/ids.js";
import { sweepRunsOf } from "./sweepRuns.js";

export interface Snapshot {
  named: Named;
  title: string;
  state: string;
  /** Why it ended, where that is told. */
  reason: string | null;
  isOver: boolean;
  /** 0..1. */
  fraction: number;
  secondsLeft: number | null;
  /** `3 of 5 runs ended`, `1 running`, ... */
  tallies: string[];
  /** In the order of the sweep. */
  runs: RunBody[];
  body: SweepBody | RunBody | AnalysisBody;
}

/** Looks at it once more. */
export type Look = () => Promise<Snapshot>;

export const lookerOf = (lab: LabClient, named: Named): Look => {
  switch (named.kind) {
    case "swp":
      return sweepLooker(lab, named);
    case "ana":
      return async () => ofAnalysis(named, await lab.get<AnalysisBody>(named.path));
    default:
      return async () => ofRun(named, await lab.get<RunBody>(named.path));
  }
};

const sweepLooker = (lab: LabClient, named: Named): Look => {
  const runsOf = sweepRunsOf(lab, named.path);
  return async () => {
    const sweep = await lab.get<SweepBody>(named.path);
    return ofSweep(named, sweep, await runsOf(sweep));
  };
};

/** In the order in which tallies name them. */
const TOLD_STATES = [
  "running",
  "starting",
  "pausing",
  "recovering",
  "waiting_storage",
  "waiting_search",
  "canceling",
  "queued",
  "paused",
  "failed",
  "canceled",
  "pruned",
] as const;

const ofSweep = (named: Named, sweep: SweepBody, runs: RunBody[]): Snapshot => {
  const { counts, analyses, run_count, planned_run_count } = sweep;
  const ended = counts.succeeded + counts.failed + counts.canceled + counts.pruned;
  const analysisCount = Object.values(analyses).reduce((sum, count) => sum + count, 0);
  const analysesEnded = analyses.succeeded + analyses.failed + analyses.canceled;
  const partly = runs.reduce(
    (sum, run) => sum + (run.poll_after_ms === null ? 1 : run.progress.fraction),
    0,
  );
  return {
    named,
    title: sweep.name,
    state: sweep.state,
    reason: null,
    isOver: sweep.poll_after_ms === null,
    fraction: planned_run_count === 0 ? 1 : partly / planned_run_count,
    secondsLeft: null,
    tallies: [
      `${ended} of ${planned_run_count} runs ended`,
      ...TOLD_STATES.filter((state) => counts[state] > 0).map(
        (state) => `${counts[state]} ${state}`,
      ),
      ...(planned_run_count > run_count ? [`${planned_run_count - run_count} to come`] : []),
      ...(analysisCount === 0 ? [] : [`${analysesEnded} of ${analysisCount} analyses ended`]),
    ],
    runs,
    body: sweep,
  };
};

const ofRun = (named: Named, run: RunBody): Snapshot => ({
  named,
  title: run.name,
  state: run.state,
  reason: run.reason_detail ?? run.reason,
  isOver: run.poll_after_ms === null,
  fraction: run.progress.fraction,
  secondsLeft: run.progress.seconds_left,
  tallies: [
    `${run.progress.weight_updates} of ${run.progress.total_weight_updates} weight updates`,
    ...(run.queue === null ? [] : [`place ${run.queue.position} in line`]),
  ],
  runs: [run],
  body: run,
});

const ofAnalysis = (named: Named, analysis: AnalysisBody): Snapshot => ({
  named,
  title: `${analysis.kind} of ${analysis.run_id}`,
  state: analysis.state,
  reason: analysis.reason_detail ?? analysis.reason,
  isOver: analysis.poll_after_ms === null,
  fraction: analysis.progress.fraction,
  secondsLeft: analysis.progress.seconds_left,
  tallies: [],
  runs: [],
  body: analysis,
});
