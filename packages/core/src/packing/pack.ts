/**
 * A pack: runs of one shape that train in one engine, each by a training loop of its own that knows nothing of the
 * others. See sharedEngine.ts for how their steps come together.
 */
import type { EngineFactory, EngineOptions } from "../engine/engine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { engineOptionsOf } from "../training/engineOptions.js";
import { canonicalJson } from "../validation/canonicalJson.js";
import { ReplicaView } from "./replicaView.js";
import { SharedEngine } from "./sharedEngine.js";

export interface PackMember {
  /** Makes the member's view of its replica, once: an engine with one replica. Disposing of the view leaves the pack. */
  readonly engine: EngineFactory;
  /** Whether or not the view was made: the others wait for this member no longer. What it still asks for is refused. */
  leave(): Promise<void>;
}

export interface PackOptions {
  /** Of the engine. Members ask for threads each for itself, a run on fewer cores than runs for one all the same. */
  mostThreads?: number;
}

/**
 * Members in the order of `specs`, which must agree in shape and batch size (packKey.ts). The engine is made when the
 * first member asks for its view; a step waits for all members that have not left, those without a view included.
 */
export const createPack = (
  factory: EngineFactory,
  specs: readonly ExperimentSpec[],
  { mostThreads = Number.POSITIVE_INFINITY }: PackOptions = {},
): PackMember[] => {
  const options = specs.map(engineOptionsOf);
  const shared = new SharedEngine(factory, { ...packedOptions(options), mostThreads });
  return options.map((own, seat) => ({
    engine: {
      id: factory.id,
      create: async (asked) => {
        if (canonicalJson(asked) !== canonicalJson(own)) {
          throw new Error(`member ${seat} asks for another network than it joined its pack with`);
        }
        return new ReplicaView(shared, seat, await shared.open(seat));
      },
    },
    leave: () => shared.leave(seat),
  }));
};

const packedOptions = (options: readonly EngineOptions[]): EngineOptions => {
  const [first] = options;
  if (first === undefined) throw new Error("a pack has at least one member");
  const frame = ({ shape, batchSize }: EngineOptions): string =>
    canonicalJson({ shape, batchSize });
  for (const other of options) {
    if (frame(other) !== frame(first)) {
      throw new Error(`a pack of ${frame(first)} has no place for ${frame(other)}`);
    }
  }
  return { ...first, replicas: options.flatMap(({ replicas }) => replicas) };
};
