/** Puts the runs that a worker takes within a moment into packs, where their engine packs and they fit together. */
import {
  CheckpointError,
  EngineError,
  type EngineRegistry,
  networkShapeOf,
  packKeyOf,
} from "@pclab/core";
import type { Logger } from "pino";
import type { TrainMessage } from "./messages.js";
import { Pack } from "./pack.js";
import { type StartRunProcess, trainAlone } from "./runProcess.js";
import { chooseEngine } from "./trainRun.js";

export interface PacksOptions {
  /** Null: what an engine says that packs, and one for the others. */
  runsPerPack: number | null;
  /** Of the worker. */
  threads: number;
  engines: EngineRegistry;
  logger: Logger;
}

export interface Packs {
  /** Joins the pack that gathers for such runs, or begins one; a run that fits into none trains alone. */
  start: StartRunProcess;
}

export const createPacks = ({ runsPerPack, threads, engines, logger }: PacksOptions): Packs => {
  const gathering = new Map<string, Pack>();

  return {
    start: async (train, options) => {
      const place = whereItStarts(() => packingOf(train, engines, runsPerPack));
      if (place === null) return trainAlone(train, options);
      const { key, most } = place;
      let pack = gathering.get(key);
      if (pack === undefined) {
        const onClosed = (): void => void gathering.delete(key);
        pack = new Pack({ most, mostThreads: threads, onClosed, logger });
        gathering.set(key, pack);
      }
      return pack.join(train, options);
    },
  };
};

/** Null for a run that trains alone. */
const packingOf = (
  train: TrainMessage,
  engines: EngineRegistry,
  runsPerPack: number | null,
): { key: string; most: number } | null => {
  if (runsPerPack === 1) return null;
  const { spec } = train;
  const engine = chooseEngine(train, engines);
  const held = engine.packing?.maximumReplicas(networkShapeOf(spec), spec.batchSize);
  const most = Math.min(held ?? runsPerPack ?? 1, runsPerPack ?? Number.POSITIVE_INFINITY);
  const key = packKeyOf(spec, engine.id);
  return key === null || most < 2 ? null : { key, most };
};

/** What does not start here ends the run: its own child says so, with the reason. */
const whereItStarts = <T>(look: () => T): T | null => {
  try {
    return look();
  } catch (error) {
    if (error instanceof EngineError || error instanceof CheckpointError) return null;
    throw error;
  }
};
