/** The numbers that the addon writes about a minibatch: cpp/addon/addon.cc, writeReport. */
import type { Divergence, InferenceMeasures, MinibatchReport } from "@pclab/core";

/** In the order of the C++ enumeration. */
const QUANTITIES = ["loss", "energy", "weights", "bias", "log_variance"] as const;

/** Residual sum and largest, steps taken; Q and E of each layer. */
export const measuresLength = (layers: number): number => 3 + 2 * layers;

const HEAD_LENGTH = 8;
export const reportLength = (layers: number): number => HEAD_LENGTH + measuresLength(layers);

export const decodeMeasures = (numbers: Float64Array): InferenceMeasures => {
  const [residualSum = 0, residualMax = 0, stepsTaken = 0] = numbers;
  const layers = (numbers.length - 3) / 2;
  return {
    residualSum,
    residualMax,
    stepsTaken,
    quadraticEnergyPerLayer: numbers.slice(3, 3 + layers),
    energyPerLayer: numbers.slice(3 + layers),
  };
};

export const decodeReport = (numbers: Float64Array, batchSize: number): MinibatchReport => {
  const [
    weightUpdates = 0,
    lossSum = 0,
    correct = 0,
    condition1Count = 0,
    quantity = -1,
    weightUpdate = 0,
    layer = 0,
    hasInference = 0,
  ] = numbers;
  return {
    batchSize,
    weightUpdates,
    lossSum,
    correct,
    condition1Count,
    inference: hasInference === 1 ? decodeMeasures(numbers.slice(HEAD_LENGTH)) : null,
    divergence: decodeDivergence(QUANTITIES[quantity], weightUpdate, layer),
  };
};

const decodeDivergence = (
  quantity: Divergence["quantity"] | undefined,
  weightUpdate: number,
  layer: number,
): Divergence | null =>
  quantity === undefined ? null : { weightUpdate, quantity, layer: layer === 0 ? null : layer };
