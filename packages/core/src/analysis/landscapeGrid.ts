/** The grid of a cut through the loss landscape: its points in their order, and the weights at each of them. */
import type { NetworkState, Values } from "../engine/engine.js";
import type { LandscapeSettings } from "./analysisSettings.js";

export const landscapePointCount = ({
  resolution,
  dimensions,
}: Pick<LandscapeSettings, "resolution" | "dimensions">): number => resolution ** dimensions;

/** Where point `index` lies, in units of the directions; the last axis varies fastest. */
export const landscapeCoordinate = (settings: LandscapeSettings, index: number): number[] => {
  const { dimensions, resolution, range, centre } = settings;
  return Array.from({ length: dimensions }, (_, axis) => {
    const step = Math.floor(index / resolution ** (dimensions - 1 - axis)) % resolution;
    // Counted from the middle, so that the middle is exact.
    const middle = (resolution - 1) / 2;
    return (centre?.[axis] ?? 0) + (range * (step - middle)) / middle;
  });
};

export const landscapeCoordinates = (settings: LandscapeSettings): number[][] =>
  Array.from({ length: landscapePointCount(settings) }, (_, index) =>
    landscapeCoordinate(settings, index),
  );

/** The state with theta + sum of coordinate times direction; biases, variances and the optimiser's moments as they are. */
export const displaced = (
  state: NetworkState,
  directions: readonly Float64Array[][],
  coordinate: readonly number[],
): NetworkState => ({
  ...state,
  layers: state.layers.map((layer, index) => ({
    ...layer,
    weights: moved(
      layer.weights,
      directions.map((direction) => direction[index]),
      coordinate,
    ),
  })),
});

const moved = (
  weights: Values,
  directions: readonly Float64Array[],
  coordinate: readonly number[],
): Values => {
  const result = weights.slice();
  const [first, second] = directions;
  const [a, b] = coordinate;
  // Two loops rather than one over the dimensions: this is done for every point of a grid.
  if (b === undefined || second === undefined) {
    for (let i = 0; i < result.length; i++) result[i] = weights[i] + a * first[i];
  } else {
    for (let i = 0; i < result.length; i++) result[i] = weights[i] + a * first[i] + b * second[i];
  }
  return result;
};
