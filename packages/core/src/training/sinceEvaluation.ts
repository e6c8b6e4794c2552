/** What training has summed up since the last evaluation. Plain numbers: a checkpoint carries them, and they go on exactly. */
import { z } from "zod";
import type { MinibatchReport } from "../engine/engine.js";

const finite = z.number();

export const sinceEvaluationSchema = z.strictObject({
  samples: finite,
  lossSum: finite,
  correct: finite,
  condition1Count: finite,
  trainSeconds: finite,
  /** Null for bp, and before the first minibatch. */
  inference: z
    .strictObject({
      minibatches: finite,
      quadraticEnergyPerLayer: z.array(finite),
      energyPerLayer: z.array(finite),
      residualSum: finite,
      residualMax: finite,
      stepsTaken: finite,
    })
    .nullable(),
});
export type SinceEvaluation = z.output<typeof sinceEvaluationSchema>;

export const nothingSinceEvaluation = (): SinceEvaluation => ({
  samples: 0,
  lossSum: 0,
  correct: 0,
  condition1Count: 0,
  trainSeconds: 0,
  inference: null,
});

export const addMinibatch = (
  since: SinceEvaluation,
  report: MinibatchReport,
  trainSeconds: number,
): void => {
  since.samples += report.batchSize;
  since.lossSum += report.lossSum;
  since.correct += report.correct;
  since.condition1Count += report.condition1Count;
  since.trainSeconds += trainSeconds;
  if (report.inference === null) return;
  const { quadraticEnergyPerLayer, energyPerLayer } = report.inference;
  since.inference ??= {
    minibatches: 0,
    quadraticEnergyPerLayer: Array.from(quadraticEnergyPerLayer, () => 0),
    energyPerLayer: Array.from(energyPerLayer, () => 0),
    residualSum: 0,
    residualMax: 0,
    stepsTaken: 0,
  };
  const sums = since.inference;
  sums.minibatches += 1;
  quadraticEnergyPerLayer.forEach((energy, index) => {
    sums.quadraticEnergyPerLayer[index] += energy;
  });
  energyPerLayer.forEach((energy, index) => {
    sums.energyPerLayer[index] += energy;
  });
  sums.residualSum += report.inference.residualSum;
  sums.residualMax = Math.max(sums.residualMax, report.inference.residualMax);
  sums.stepsTaken += report.inference.stepsTaken;
};
