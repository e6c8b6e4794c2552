/** An analysis as the child computes it: the trained network, the data set and an engine put together. */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type EngineFactory,
  analyse,
  createDataset,
  readCheckpoint,
  startEngine,
} from "@pclab/core";
import { loadDataset } from "@pclab/storage";
import type { AnalyseMessage } from "./messages.js";
import type { Supervision } from "./trainRun.js";

export const analyseRun = async (
  { settings, spec, checkpoint, earlier, datasetsFolder, stored, ...message }: AnalyseMessage,
  { engines, control, send }: Supervision,
): Promise<void> => {
  const engine: EngineFactory = startEngine(engines, message.engine, spec.inference.method);
  const files = await loadDataset(spec.dataset, { datasetsFolder });
  const events = analyse({
    settings,
    spec,
    state: readCheckpoint(checkpoint, spec).network,
    earlier: earlier.map((bytes) => readCheckpoint(bytes, spec).network),
    dataset: createDataset(files, spec),
    engine,
    stored,
    breathe: () => nextTurn(),
    control,
  });
  for await (const event of events) await send({ ...event, engineId: engine.id });
};
