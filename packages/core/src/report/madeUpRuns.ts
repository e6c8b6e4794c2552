/** Runs with results that a test makes up. */
import { parseSpec } from "../experiment/parseSpec.js";
import { printRunName } from "../experiment/name.js";
import type { MetricName } from "../training/metrics.js";
import type { AnalysisFinding, RunResult } from "./runResult.js";

export interface MadeUp {
  spec: Record<string, unknown>;
  state?: RunResult["state"];
  reason?: RunResult["reason"];
  testAccuracy?: number;
  testLoss?: number;
  validationAccuracy?: number;
  trainSeconds?: number;
  secondsTo90?: number;
  /** Of the points of its landscape, in per cent. */
  negativeCurvature?: number;
  /** Of the loss, from the middle of the landscape to the ends of its axes. */
  rise?: number;
  gaussianDistance?: number;
  movement?: number;
  excess?: number;
  cosine?: number;
}

export const madeUpRun = (made: MadeUp): RunResult => {
  const parsed = parseSpec({ width: 64, ...made.spec });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const { testAccuracy = 0.8, testLoss = 0.1, trainSeconds = 10, secondsTo90 = 5 } = made;
  const { validationAccuracy = testAccuracy } = made;
  const row = (weightUpdate: number, name: MetricName, value: number) => ({
    weightUpdate,
    name,
    value,
    layer: null,
  });
  return {
    id: `run_${JSON.stringify(made.spec)}`,
    index: 0,
    name: printRunName(parsed.value),
    spec: parsed.value,
    state: made.state ?? "succeeded",
    reason: made.reason ?? null,
    reasonDetail: null,
    engine: "made-up",
    metrics: [
      row(1, "train_seconds", secondsTo90),
      row(1, "validation_accuracy", 0.9 * validationAccuracy),
      row(2, "train_seconds", trainSeconds),
      row(2, "validation_accuracy", validationAccuracy),
      row(2, "test_accuracy", testAccuracy),
      row(2, "test_loss", testLoss),
    ],
    analyses: [...landscapeOf(made), ...weightsOf(made), ...phaseOf(made), ...alignmentOf(made)],
  };
};

const landscapeOf = ({ negativeCurvature, rise = 1 }: MadeUp): AnalysisFinding[] => {
  if (negativeCurvature === undefined) return [];
  const values = Array.from({ length: 9 }, (_, index) => (index === 4 ? 0.1 : 0.1 + rise));
  return [
    {
      kind: "landscape",
      settings: {
        kind: "landscape",
        dimensions: 2,
        resolution: 3,
        range: 1,
        directions: "random",
        seed: 0,
        split: "train",
        examples: 10,
        surface: "loss",
      },
      values,
      result: {
        centre: 0.1,
        lowest: 0.1,
        highest: 0.1 + rise,
        not_finite: 0,
        convexity: {
          points: 1,
          negative_share: negativeCurvature / 100,
          least: null,
          most: null,
        },
        trajectory: null,
      },
    },
  ];
};

const weightsOf = ({ gaussianDistance = 0.01, movement }: MadeUp): AnalysisFinding[] => {
  if (movement === undefined) return [];
  const distribution = {
    count: 1,
    mean: 0,
    sd: 1,
    skewness: 0,
    excess_kurtosis: 0,
    gaussian_distance: gaussianDistance,
    histogram: { from: -1, to: 1, counts: [1, 1] },
  };
  const weights = { now: distribution, initial: distribution, relative_movement: movement };
  const layers = [1, 2, 3, 4].map((layer) => ({ layer, weights, bias: null, log_variance: null }));
  return [{ kind: "weights", settings: { kind: "weights", bins: 2 }, result: { layers } }];
};

const phaseOf = ({ excess }: MadeUp): AnalysisFinding[] => {
  if (excess === undefined) return [];
  const end = { steps: 256, quadratic_energy: 1, inference_residual: { mean: 0, max: 0 } };
  return [
    {
      kind: "phase",
      settings: { kind: "phase", split: "train", examples: 1 },
      result: {
        unit: "activity_steps",
        examples: 1,
        points: [{ ...end, relative_excess: excess }],
        reference: { ...end, method: "gauss_newton" },
        condition_1: { delta: 0.1, share: 0 },
      },
    },
  ];
};

const alignmentOf = ({ cosine }: MadeUp): AnalysisFinding[] =>
  cosine === undefined
    ? []
    : [
        {
          kind: "alignment",
          settings: { kind: "alignment", split: "train", examples: 1 },
          result: {
            examples: 1,
            moments: [{ weight_update: 2, layers: [], network: { cosine, norm_ratio: 1 } }],
          },
        },
      ];
