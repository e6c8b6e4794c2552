/** The tables of the Gauss-Newton study, and whether they show what is asked of them. */
import { digits, percent, times } from "../format.js";
import type { Table } from "../table.js";
import type { AccuracySummary } from "./accuracy.js";
import type { ExcessSettings, ExcessStudy } from "./excess.js";

/** What the method must reach: the speed-up at equal Q, and the accuracy that one iteration may cost, in points. */
const LEAST_SPEEDUP = 8;
const MOST_POINTS = 1;

export const excessTable = (
  studies: readonly ExcessStudy[],
  { equilibriumSteps, reached, workload, trainingMinibatches }: ExcessSettings,
): Table => ({
  title: `Gauss-Newton: relative excess of Q below ${reached}`,
  header: [
    "network",
    `excess of ${workload.steps} steps`,
    "their ms",
    "solver",
    "excess after 1, 2, ... outer iterations",
    "iterations",
    "ms",
    "times faster",
    `at least ${LEAST_SPEEDUP}`,
  ],
  rows: studies.flatMap((study) => {
    const best = Math.max(...study.solvers.map(({ speedup }) => speedup ?? 0));
    return study.solvers.map((solver) => [
      `${study.algorithm}, W=${study.width}`,
      digits(study.gradientExcess),
      digits(study.gradientMs),
      solver.solver,
      solver.excess
        .slice(0, solver.iterations ?? solver.excess.length)
        .map(digits)
        .join(", "),
      solver.iterations === null ? "not reached" : String(solver.iterations),
      digits(solver.milliseconds),
      times(solver.speedup),
      (solver.speedup ?? 0) === best ? verdict(best >= LEAST_SPEEDUP) : "",
    ]);
  }),
  notes: [
    `Networks trained by ${trainingMinibatches} minibatches of gradient steps; Q over one minibatch of test images, ` +
      `against the lowest Q of ${equilibriumSteps} gradient steps; times of whole minibatches on one thread. The faster ` +
      "solver of each network is judged.",
  ],
});

export const accuracyTables = (
  { models, differences }: AccuracySummary,
  description: string,
): Table[] => [
  {
    title: "Gauss-Newton, one outer iteration: accuracy and time",
    header: ["model", "test accuracy", "seconds an epoch", "over bp"],
    rows: models.map(({ model, accuracy, epochSeconds, overBp }) => [
      model,
      percent(accuracy),
      digits(epochSeconds),
      times(overBp),
    ]),
    notes: [description],
  },
  {
    title: "Gauss-Newton less gradient steps, points of test accuracy",
    header: ["algorithm", "mean difference", "95 % interval", `within ${MOST_POINTS} point`],
    rows: differences.map(({ algorithm, points }) => [
      algorithm,
      signed(points.mean),
      `${signed(points.low)} to ${signed(points.high)}`,
      verdict(points.low >= -MOST_POINTS && points.high <= MOST_POINTS),
    ]),
    notes: [],
  },
];

const signed = (points: number): string => `${points < 0 ? "" : "+"}${points.toFixed(2)}`;

const verdict = (met: boolean): string => (met ? "met" : "not met");
