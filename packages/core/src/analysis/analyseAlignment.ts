/** PC's weight gradient beside BP's on one probe batch: at the start of training, at each kept checkpoint, and now. */
import { engineOptionsOf, initialStateOf } from "../training/engineOptions.js";
import { type Alignment, measureAlignment } from "./alignment.js";
import type { AnalysisEvent, AnalysisOptions } from "./analysisEvents.js";
import type { AlignmentSettings } from "./analysisSettings.js";
import { probeBatch } from "./probe.js";

export interface AlignmentMoment extends Alignment {
  weight_update: number;
}

export interface AlignmentResult {
  examples: number;
  /** In the order of training. */
  moments: AlignmentMoment[];
}

export async function* analyseAlignment({
  settings,
  spec,
  state,
  earlier,
  dataset,
  engine: factory,
  breathe,
  control,
}: AnalysisOptions<AlignmentSettings>): AsyncGenerator<AnalysisEvent, void> {
  const minibatch = probeBatch(dataset, settings);
  const options = engineOptionsOf(spec);
  const { inference } = spec;
  const engine = await factory.create({
    ...options,
    batchSize: minibatch.indices.length,
    // One full phase without updates on the way: the update that every algorithm's inference would make at its end.
    replicas: options.replicas.map((replica) => ({
      ...replica,
      algorithm: "pc",
      inference: { ...inference, updateEvery: inference.steps },
    })),
  });
  const moments: AlignmentMoment[] = [];
  try {
    for (const network of [initialStateOf(spec), ...earlier, state]) {
      engine.setThreads(control.threads);
      await engine.loadState(0, network);
      const alignment = await measureAlignment(engine, 0, minibatch);
      moments.push({ weight_update: network.weightUpdates, ...alignment });
      await breathe();
    }
  } finally {
    await engine.dispose();
  }
  const result: AlignmentResult = { examples: minibatch.indices.length, moments };
  yield { type: "result", result };
}
