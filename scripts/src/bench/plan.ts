/** What a group measures: every combination of its models, threads and ways. */
import type { InstructionSet } from "@pclab/engine-native";
import { type BenchData, datasetOf, largestTrainSize, proportionalSizes } from "./benchData.js";
import type { BenchEngine } from "./engines.js";
import { kernelMeasurable } from "./kernel.js";
import { loopMeasurable } from "./loop.js";
import type { Measurable } from "./measurable.js";
import { once } from "./once.js";
import { peakMeasurable } from "./peak.js";
import { type PeerHost, peerMeasurable } from "./peers/peerHost.js";
import type { Variant } from "./peers/variants.js";
import type { Model, Shape, WorkloadSettings } from "./workload.js";

/** How long one turn takes, about, in milliseconds. */
export interface Pace {
  kernelMs: number;
  loopMs: number;
  peakMs: number;
}

export interface Bench {
  settings: WorkloadSettings;
  pace: Pace;
  data: BenchData;
  /** Null without `--peer`. */
  peers: PeerHost | null;
}

export interface EnginePlan {
  engine: BenchEngine;
  models: readonly Model[];
  threads: readonly number[];
}

export interface GroupPlan {
  shape: Shape;
  /** Of the peaks and the peers. */
  threads: readonly number[];
  peaks: readonly InstructionSet[];
  kernels: readonly EnginePlan[];
  loops: readonly EnginePlan[];
  variants: readonly Variant[];
  peerModels: readonly Model[];
}

/** In the order of the table: peaks, then the engines, then the peers, each with one thread first. */
export const measurablesOf = (plan: GroupPlan, bench: Bench): Measurable[] => {
  const { shape } = plan;
  const { settings, pace, data, peers } = bench;
  // Engines keep what they made of an example set for as long as it lives: all kernels of a group share one.
  const examples = once(() => datasetOf(data, proportionalSizes(largestTrainSize(data))).train);

  const peaks = pairs(plan.peaks, plan.threads).map(([instructionSet, threads]) =>
    peakMeasurable({ instructionSet, threads }, pace.peakMs, shape),
  );
  const kernels = plan.kernels.flatMap(({ engine, models, threads: counts }) =>
    pairs(models, counts).map(([model, threads]) => {
      const turnMs = pace.kernelMs;
      return kernelMeasurable({ engine, model, shape, threads, settings, examples, turnMs });
    }),
  );
  const loops = plan.loops.flatMap(({ engine, models, threads: counts }) =>
    pairs(models, counts).map(([model, threads]) => {
      const turnMs = pace.loopMs;
      return loopMeasurable({ engine, model, shape, threads, settings, data, turnMs });
    }),
  );
  if (peers === null) return [...peaks, ...kernels, ...loops];
  const compared = plan.variants.flatMap((variant) => {
    const models = variant.models.filter((model) => plan.peerModels.includes(model));
    return pairs(models, plan.threads).map(([model, threads]) => {
      const turnMs = pace.kernelMs;
      return peerMeasurable({ host: peers, variant, model, shape, threads, settings, turnMs });
    });
  });
  return [...peaks, ...kernels, ...loops, ...compared];
};

const pairs = <A, B>(firsts: readonly A[], seconds: readonly B[]): [A, B][] =>
  firsts.flatMap((first) => seconds.map((second): [A, B] => [first, second]));
