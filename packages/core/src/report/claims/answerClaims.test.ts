import { describe, expect, test } from "vitest";
import { type MadeUp, madeUpRun } from "../madeUpRuns.js";
import type { RunResult } from "../runResult.js";
import type { Verdict } from "../verdict.js";
import { answerClaims } from "./answerClaims.js";

type Results = Omit<MadeUp, "spec">;
interface Model extends Results {
  model: Record<string, unknown>;
}

/** Each model under some seeds; a little noise, the same for all models of a seed. */
const runsOf = (models: readonly Model[], seeds: number): RunResult[] =>
  models.flatMap(({ model, ...results }) =>
    Array.from({ length: seeds }, (_, seed) =>
      madeUpRun({
        ...results,
        ...(results.testAccuracy === undefined
          ? {}
          : { testAccuracy: results.testAccuracy + 0.001 * seed }),
        spec: { ...model, seed },
      }),
    ),
  );

const bp = { algorithm: "bp" };
const pc = { algorithm: "pc" };
const rc2 = { algorithm: "pc_rc2" };
const rc3 = { algorithm: "pc_rc3" };
const rc23 = { algorithm: "pc_rc23" };
const wide = (model: object) => ({ ...model, width: 256 });
const mnist = (model: object) => ({ ...model, dataset: "mnist" });
const alone = (model: object) => ({ ...model, timing: "exclusive" });
const decayed = (decay: number) => ({ ...rc23, weight_decay: decay, variance_decay: decay });

const times = (rc2Seconds: number, bpSeconds: number): Model[] => [
  { model: alone(bp), trainSeconds: bpSeconds, secondsTo90: bpSeconds / 2 },
  { model: alone(pc), trainSeconds: 20, secondsTo90: 10 },
  { model: alone(rc2), trainSeconds: rc2Seconds, secondsTo90: rc2Seconds / 2 },
];

const shares = (plain: number, chaotic: number): Model[] => [
  ...[bp, pc, rc2, rc3].map((model) => ({ model, negativeCurvature: plain })),
  { model: rc23, negativeCurvature: chaotic },
];

const rises = (ofRc2: number, ofRc3: number): Model[] => [
  { model: bp, negativeCurvature: 0, rise: 1 },
  { model: rc2, negativeCurvature: 0, rise: ofRc2 },
  { model: rc3, negativeCurvature: 0, rise: ofRc3 },
];

const movements = (ofRc3: number, ofOthers: number): Model[] => [
  { model: bp, movement: 1 },
  { model: rc3, movement: ofRc3 },
  ...[pc, rc2, rc23].map((model) => ({ model, movement: ofOthers })),
];

/** Number, what plainly shows it, and what plainly shows the contrary. */
const cases: [number, Model[], Model[]][] = [
  [
    1,
    [
      { model: bp, testAccuracy: 0.85, testLoss: 0.11 },
      { model: pc, testAccuracy: 0.845, testLoss: 0.112 },
    ],
    [
      { model: bp, testAccuracy: 0.85, testLoss: 0.11 },
      { model: pc, testAccuracy: 0.7, testLoss: 0.3 },
    ],
  ],
  [
    2,
    [
      { model: bp, testLoss: 0.1 },
      { model: pc, testLoss: 0.2 },
      { model: wide(bp), testLoss: 0.1 },
      { model: wide(pc), testLoss: 0.15 },
    ],
    [
      { model: bp, testLoss: 0.1 },
      { model: pc, testLoss: 0.1 },
      { model: wide(bp), testLoss: 0.1 },
      { model: wide(pc), testLoss: 0.15 },
    ],
  ],
  [
    3,
    [
      { model: bp, testAccuracy: 0.85 },
      { model: rc3, testAccuracy: 0.852 },
    ],
    [
      { model: bp, testAccuracy: 0.85 },
      { model: rc3, testAccuracy: 0.8 },
    ],
  ],
  [4, times(15, 1), times(30, 1)],
  [
    5,
    [
      { model: bp, testAccuracy: 0.85 },
      { model: pc, testAccuracy: 0.84 },
      { model: mnist(bp), testAccuracy: 0.95 },
      { model: mnist(pc), testAccuracy: 0.94 },
    ],
    [
      { model: bp, testAccuracy: 0.85 },
      { model: pc, testAccuracy: 0.75 },
      { model: mnist(bp), testAccuracy: 0.95 },
      { model: mnist(pc), testAccuracy: 0.94 },
    ],
  ],
  [6, shares(1, 40), shares(1, 1)],
  [7, rises(1, 1.2), rises(1, 8)],
  [8, rises(50, 1), rises(2, 1)],
  [9, shares(1, 40), shares(40, 1)],
  [10, movements(0.9, 0.1), movements(0.3, 0.9)],
  [
    11,
    [
      { model: rc23, negativeCurvature: 40, rise: 9, gaussianDistance: 0.2, movement: 1 },
      { model: decayed(1e-6), negativeCurvature: 4, rise: 3, gaussianDistance: 0.01, movement: 1 },
    ],
    [
      { model: rc23, negativeCurvature: 4, rise: 3, gaussianDistance: 0.01, movement: 1 },
      { model: decayed(1e-6), negativeCurvature: 4, rise: 3, gaussianDistance: 0.01, movement: 1 },
    ],
  ],
  [
    12,
    [
      { model: rc23, testAccuracy: 0.83 },
      { model: decayed(1e-6), testAccuracy: 0.83 },
      { model: decayed(1e-5), testAccuracy: 0.23 },
    ],
    [
      { model: rc23, testAccuracy: 0.83 },
      { model: decayed(1e-6), testAccuracy: 0.83 },
      { model: decayed(1e-5), testAccuracy: 0.82 },
    ],
  ],
  [13, [pc, rc3].map((model) => ({ model, excess: 1e-4 })), [{ model: pc, excess: 0.4 }]],
  [14, [{ model: rc3, cosine: 0.99 }], [{ model: pc, cosine: 0.3 }]],
];

const verdictOf = (number: number, runs: readonly RunResult[]): Verdict => {
  const answer = answerClaims(runs)[number - 1];
  expect(answer.number).toBe(number);
  return answer.verdict;
};

describe.each(cases)("claim %i", (number, showing, contrary) => {
  test("holds where it plainly does", () => {
    expect(verdictOf(number, runsOf(showing, 3))).toBe("holds");
  });

  test("does not hold where it plainly does not", () => {
    expect(verdictOf(number, runsOf(contrary, 3))).toBe("does_not_hold");
  });

  test("is undecided with one seed, and says why", () => {
    const answer = answerClaims(runsOf(showing, 1))[number - 1];
    expect(answer.verdict).toBe("undecided");
    expect(answer.parts.some(({ reason }) => reason?.includes("one seed"))).toBe(true);
  });

  test("is undecided without a run of it, and says what is missing", () => {
    const { verdict, parts } = answerClaims([])[number - 1];
    expect(verdict).toBe("undecided");
    expect(parts).toHaveLength(1);
    expect(parts[0].reason).toContain("the sweep has no");
  });

  test("counts no run that has not succeeded", () => {
    const failed = runsOf(showing, 3).map((run): RunResult => ({ ...run, state: "running" }));
    expect(verdictOf(number, failed)).toBe("undecided");
  });

  test("is told in numbers that JSON can hold", () => {
    const answer = answerClaims(runsOf(showing, 3))[number - 1];
    expect(JSON.parse(JSON.stringify(answer))).toEqual(answer);
  });
});

test("a claim is open where the interval reaches to both sides of its margin", () => {
  const runs = [0.85, 0.8, 0.9].flatMap((testAccuracy, seed) => [
    madeUpRun({ spec: { ...bp, seed }, testAccuracy: 0.85 }),
    madeUpRun({ spec: { ...rc3, seed }, testAccuracy }),
  ]);
  const answer = answerClaims(runs)[2];
  expect(answer.verdict).toBe("undecided");
  expect(answer.parts[0].reason).toContain("more seeds");
});

test("times of runs that shared their worker are not compared", () => {
  const shared = times(15, 1).map(({ model, ...results }) => ({
    ...results,
    model: { ...model, timing: "shared" },
  }));
  const { verdict, parts } = answerClaims(runsOf(shared, 3))[3];
  expect(verdict).toBe("undecided");
  expect(parts[0].reason).toContain("exclusive timing");
});

test("a rate at which every run of rc23 diverges is held against it", () => {
  const diverged = [0, 1, 2].map((seed) =>
    madeUpRun({
      spec: { ...rc23, learning_rate: 1e-3, seed },
      state: "failed",
      reason: "diverged",
    }),
  );
  const { verdict, parts } = answerClaims([...runsOf(shares(1, 40), 3), ...diverged])[8];
  expect(verdict).toBe("holds");
  expect(parts.at(-1)?.values).toContain("all of 3 runs");
});

test("runs with weight decay speak for the claims about weight decay alone", () => {
  const models = [...shares(1, 40), { model: decayed(1e-6), negativeCurvature: 0 }];
  expect(verdictOf(6, runsOf(models, 3))).toBe("holds");
});
