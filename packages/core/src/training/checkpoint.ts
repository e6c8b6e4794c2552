/**
 * A run as safetensors bytes, and back. Tensors, for layer l = 1..L:
 *
 *   layers.l.weights [N_l, N_{l-1}]   layers.l.bias [N_l], with `bias`   layers.l.log_variance [N_l]
 *   and to each, as the optimiser keeps them, `.first_moment` and `.second_moment` of the same shape
 *
 * `__metadata__` holds the format's name, the engine's id, the spec in its wire form and the loop's state as JSON:
 * numbers written by JSON.stringify are read back bit for bit.
 */
import { z } from "zod";
import type { LayerState, Moments, NetworkShape, NetworkState, Values } from "../engine/engine.js";
import { momentsOf } from "../engine/optimisers.js";
import { parseSpec, printSpec } from "../experiment/parseSpec.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import type { OptimiserName } from "../experiment/vocabulary.js";
import { checkAgainst } from "../validation/check.js";
import { bestSoFarSchema } from "./bestSoFar.js";
import { CheckpointError } from "./checkpointError.js";
import { clockReadingSchema } from "./clocks.js";
import { networkShapeOf } from "./engineOptions.js";
import {
  type Safetensors,
  type Tensor,
  readSafetensors,
  readSafetensorsMetadata,
  writeSafetensors,
} from "./safetensors.js";
import { sinceEvaluationSchema } from "./sinceEvaluation.js";

export const CHECKPOINT_FORMAT = "pclab-checkpoint/1";

const uint32 = z
  .int()
  .min(0)
  .max(2 ** 32 - 1);
const count = z.int().min(0);

const loopStateSchema = z.strictObject({
  weightUpdates: count,
  minibatches: count,
  cursor: z.strictObject({
    epoch: count,
    position: count,
    generator: z.tuple([uint32, uint32, uint32, uint32]),
  }),
  sinceEvaluation: sinceEvaluationSchema,
  clocks: clockReadingSchema,
  // Checkpoints of an earlier version have none.
  best: bestSoFarSchema.nullable().default(null),
});

/** What the training loop itself remembers. */
export type LoopState = z.output<typeof loopStateSchema>;

export interface Checkpoint {
  engineId: string;
  spec: ExperimentSpec;
  network: NetworkState;
  loop: LoopState;
}

export const writeCheckpoint = ({ engineId, spec, network, loop }: Checkpoint): Uint8Array => {
  const shape = networkShapeOf(spec);
  const tensors = network.layers.flatMap((layer, index) =>
    slotsOf(shape, spec.optimiser, index + 1).map(({ name, shape: size, read }) => ({
      name,
      shape: size,
      values: read(layer),
    })),
  );
  const metadata = {
    format: CHECKPOINT_FORMAT,
    engine: engineId,
    spec: JSON.stringify(printSpec(spec)),
    loop: JSON.stringify(loop),
  };
  return writeSafetensors({ tensors, metadata });
};

/**
 * Reads a checkpoint of the run that `spec` describes.
 *
 * @throws CheckpointError whenever the bytes are damaged, or belong to another spec
 */
export const readCheckpoint = (bytes: Uint8Array, spec: ExperimentSpec): Checkpoint => {
  const { tensors, metadata } = readSafetensors(bytes);
  const engineId = engineIdIn(metadata);
  requireSameSpec(parseJson(metadata["spec"], "spec"), spec);
  const loop = checkAgainst(loopStateSchema, parseJson(metadata["loop"], "loop"), ["loop"]);
  if (!loop.ok) throw wrongMetadata(loop.problems.map(({ detail }) => detail).join(", "));
  if (loop.value.cursor.position > spec.trainSize) {
    throw wrongMetadata(`position ${loop.value.cursor.position} of ${spec.trainSize} examples`);
  }
  const layers = readLayers(tensors, spec);
  return {
    engineId,
    spec,
    network: { layers, weightUpdates: loop.value.weightUpdates },
    loop: loop.value,
  };
};

/**
 * The id of the engine that trained up to a checkpoint, without reading the rest of it.
 *
 * @throws CheckpointError when the bytes do not begin as a checkpoint does
 */
export const engineIdOfCheckpoint = (bytes: Uint8Array): string =>
  engineIdIn(readSafetensorsMetadata(bytes));

const engineIdIn = (metadata: Safetensors["metadata"]): string => {
  const { format, engine } = metadata;
  if (format !== CHECKPOINT_FORMAT) {
    throw wrongMetadata(`format '${format}', '${CHECKPOINT_FORMAT}' expected`);
  }
  if (engine === undefined) throw wrongMetadata("no engine");
  return engine;
};

/** One tensor's name and shape, and where it lives in a layer's state. */
interface Slot {
  name: string;
  shape: number[];
  read: (layer: LayerState) => Values;
  write: (layer: LayerState, values: Values) => void;
}

const slotsOf = (shape: NetworkShape, optimiser: OptimiserName, layer: number): Slot[] => {
  const [inputs, units] = [shape.sizes[layer - 1], shape.sizes[layer]];
  const prefix = `layers.${layer}`;
  return [
    ...parameterSlots(`${prefix}.weights`, [units, inputs], optimiser, "weights", "weightsMoments"),
    ...(shape.bias
      ? parameterSlots(`${prefix}.bias`, [units], optimiser, "bias", "biasMoments")
      : []),
    ...parameterSlots(
      `${prefix}.log_variance`,
      [units],
      optimiser,
      "logVariance",
      "logVarianceMoments",
    ),
  ];
};

const parameterSlots = (
  name: string,
  shape: number[],
  optimiser: OptimiserName,
  parameter: "weights" | "bias" | "logVariance",
  moments: "weightsMoments" | "biasMoments" | "logVarianceMoments",
): Slot[] => [
  {
    name,
    shape,
    read: (layer) => present(layer[parameter], name),
    write: (layer, values) => {
      layer[parameter] = values;
    },
  },
  ...momentsOf(optimiser).map(
    (moment): Slot => ({
      name: `${name}.${moment}_moment`,
      shape,
      read: (layer) => present(layer[moments]?.[moment], `${name}.${moment}_moment`),
      write: (layer, values) => {
        const all: Moments = layer[moments] ?? {};
        all[moment] = values;
        layer[moments] = all;
      },
    }),
  ),
];

const present = (values: Values | undefined, name: string): Values => {
  if (values === undefined) throw new Error(`the engine's state lacks ${name}`);
  return values;
};

const readLayers = (tensors: Tensor[], spec: ExperimentSpec): LayerState[] => {
  const shape = networkShapeOf(spec);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const layers = shape.sizes.slice(1).map((_, index): LayerState => {
    const layer: LayerState = {
      weights: new Float64Array(0),
      logVariance: new Float64Array(0),
      weightsMoments: {},
      logVarianceMoments: {},
    };
    for (const slot of slotsOf(shape, spec.optimiser, index + 1)) {
      slot.write(layer, fitting(byName.get(slot.name), slot));
      byName.delete(slot.name);
    }
    return layer;
  });
  const [extra] = byName.keys();
  if (extra !== undefined) throw wrongTensors(`'${extra}' does not belong to this network`);
  const types = new Set(tensors.map(({ values }) => values.constructor));
  if (types.size > 1) throw new CheckpointError("checkpoint_dtype", "F32 and F64 are mixed.");
  return layers;
};

const fitting = (tensor: Tensor | undefined, { name, shape }: Slot): Values => {
  if (tensor === undefined) throw wrongTensors(`'${name}' is missing`);
  if (tensor.shape.join() !== shape.join()) {
    throw wrongTensors(`'${name}' is [${tensor.shape.join(", ")}], [${shape.join(", ")}] expected`);
  }
  if (!tensor.values.every(Number.isFinite)) throw wrongTensors(`'${name}' holds NaN or Infinity`);
  return tensor.values;
};

const requireSameSpec = (stored: unknown, spec: ExperimentSpec): void => {
  const expected = printSpec(spec);
  // Parsed first: a spec of a version that knew fewer fields has their defaults.
  const parsed = parseSpec(stored);
  const printed = parsed.ok ? printSpec(parsed.value) : stored;
  const found = (typeof printed === "object" ? printed : {}) as Record<string, unknown>;
  const fields = new Set([...Object.keys(expected), ...Object.keys(found)]);
  const different = [...fields].filter((field) => sorted(found[field]) !== sorted(expected[field]));
  if (different.length === 0) return;
  throw new CheckpointError(
    "checkpoint_other_spec",
    `it belongs to a run with another ${different.join(", ")}.`,
  );
};

/** JSON with its keys in order, since a spec may have been through a store that reorders them. */
const sorted = (value: unknown): string | undefined =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

const parseJson = (text: string | undefined, field: string): unknown => {
  try {
    return JSON.parse(text ?? "");
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw wrongMetadata(`'${field}' is no JSON`);
  }
};

const wrongMetadata = (detail: string): CheckpointError =>
  new CheckpointError("checkpoint_metadata", `its metadata are wrong: ${detail}.`);

const wrongTensors = (detail: string): CheckpointError =>
  new CheckpointError("checkpoint_tensors", `${detail}.`);
