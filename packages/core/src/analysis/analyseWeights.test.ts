import { describe, expect, test } from "vitest";
import { referenceEngine } from "../engine/reference/referenceEngine.js";
import type { NetworkState } from "../engine/engine.js";
import type { ExperimentSpec } from "../experiment/spec.js";
import { initialStateOf } from "../training/engineOptions.js";
import {
  eventsOf,
  finalBytesOf,
  rowsOf,
  smallDataset,
  smallOptions,
  smallSpec,
} from "../training/smallRun.js";
import { readCheckpoint } from "../training/checkpoint.js";
import { analyse } from "./analyse.js";
import type { LayerDistributions } from "./analyseWeights.js";

const layersOf = async (
  spec: ExperimentSpec,
  state: NetworkState,
): Promise<LayerDistributions[]> => {
  for await (const event of analyse({
    settings: { kind: "weights", bins: 11 },
    spec,
    state,
    earlier: [],
    dataset: smallDataset(spec),
    engine: referenceEngine,
    stored: [],
    breathe: async () => {},
    control: { threads: 1 },
  })) {
    if (event.type === "result") return (event.result as { layers: LayerDistributions[] }).layers;
  }
  throw new Error("no result");
};

describe("the distribution of weights", () => {
  test("of a network that has not been trained is that of its start", async () => {
    const spec = smallSpec({ algorithm: "pc_rc23", bias: true });
    const layers = await layersOf(spec, initialStateOf(spec));
    expect(layers.map(({ layer }) => layer)).toEqual([1, 2, 3]);
    for (const { weights, bias, log_variance } of layers) {
      expect(weights.now).toEqual(weights.initial);
      expect(weights.relative_movement).toBe(0);
      expect(bias?.now).toEqual(bias?.initial);
      // ln Sigma starts at zero: there is no share of zero to have moved by.
      expect(log_variance?.relative_movement).toBeNull();
    }
  });

  test("after training tells the movement that the run has logged", async () => {
    const spec = smallSpec({ algorithm: "pc_rc3" });
    const events = await eventsOf(smallOptions(spec));
    const { network } = readCheckpoint(finalBytesOf(events), spec);
    const layers = await layersOf(spec, network);
    for (const { layer, weights, log_variance } of layers) {
      const logged = rowsOf(events)
        .filter((row) => row.name === "weight_movement" && row.layer === layer)
        .at(-1);
      expect(weights.relative_movement).toBeCloseTo(logged?.value ?? Number.NaN, 12);
      expect(log_variance).not.toBeNull();
    }
  });

  test("has no variances where none are trained, and no biases where there are none", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    for (const { bias, log_variance } of await layersOf(spec, initialStateOf(spec))) {
      expect(bias).toBeNull();
      expect(log_variance).toBeNull();
    }
  });

  test("of a network in single precision does not count rounding as movement", async () => {
    const spec = smallSpec({ algorithm: "bp" });
    const initial = initialStateOf(spec);
    const rounded = {
      ...initial,
      layers: initial.layers.map((layer) => ({
        ...layer,
        weights: Float32Array.from(layer.weights),
      })),
    };
    for (const { weights } of await layersOf(spec, rounded)) {
      expect(weights.relative_movement).toBe(0);
    }
  });
});
