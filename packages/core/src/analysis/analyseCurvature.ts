/** The extreme eigenvalues of the loss's Hessian at a trained network. */
import { engineOptionsOf } from "../training/engineOptions.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import type { CurvatureSettings } from "./analysisSettings.js";
import { extremeCurvatures } from "./curvature/hessian.js";
import type { ExtremeEigenvalues } from "./curvature/lanczos.js";
import { probeExamples } from "./probe.js";

/** Samples of one gradient: enough to fill any engine's tiles. */
const BATCH_SIZE = 256;

/** All null where a gradient is not finite. */
export type CurvatureResult = ExtremeEigenvalues | { [Field in keyof ExtremeEigenvalues]: null };

export async function* analyseCurvature({
  settings,
  spec,
  state,
  dataset,
  engine: factory,
  breathe,
  control,
}: AnalysisOptions<CurvatureSettings>): AsyncGenerator<AnalysisEvent, void> {
  const engine = await factory.create({ ...engineOptionsOf(spec), batchSize: BATCH_SIZE });
  try {
    const found = await extremeCurvatures(
      {
        engine,
        state,
        examples: probeExamples(dataset, settings),
        batchSize: BATCH_SIZE,
        breathe: async () => {
          engine.setThreads(control.threads);
          await breathe();
        },
      },
      settings,
    );
    const result: CurvatureResult = found ?? {
      smallest: null,
      largest: null,
      steps: null,
      converged: null,
    };
    yield { type: "result", result };
  } finally {
    await engine.dispose();
  }
}
