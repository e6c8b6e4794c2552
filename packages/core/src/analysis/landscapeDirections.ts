/** The directions that a landscape is cut along, and the way of training seen in their plane. */
import type { NetworkShape, NetworkState } from "../engine/engine.js";
import { EngineError } from "../engine/engineError.js";
import type { LandscapeSettings } from "./analysisSettings.js";
import { filterNormalisedDirection } from "./filterDirection.js";
import {
  type CheckpointWeights,
  principalTrajectory,
  projectedTrajectory,
} from "./trajectory/trajectory.js";

/** One array a layer, as the weights are. */
export type Direction = Float64Array[];

export interface LandscapeTrajectory {
  weight_updates: number[];
  /** One row for each of them, a number for each direction, in units of the directions. */
  coordinates: number[][];
  /** Of the sum of |theta_i - theta_n|^2 the share that lies in the directions' span; null where nothing moved. */
  share: number | null;
  /** Of principal directions: the share of the variance along each; else null. */
  variance_shares: number[] | null;
}

export interface LandscapePlane {
  directions: Direction[];
  /** Null where the weights are not finite, or too large to be projected. */
  trajectory: LandscapeTrajectory | null;
}

/**
 * @param networks theta_0, what was kept of training, and the network itself, in the order of training
 * @throws EngineError where principal directions are asked for and the networks lie along fewer
 */
export const landscapePlane = (
  networks: readonly NetworkState[],
  shape: NetworkShape,
  settings: LandscapeSettings,
): LandscapePlane => {
  const weights = networks.map(({ layers }) => layers.map((layer) => layer.weights));
  const principal = settings.directions === "principal" ? principalDirections(weights) : null;
  if (principal !== null && principal.directions.length < settings.dimensions) {
    throw new EngineError(
      "engine_unsupported",
      `the run's kept checkpoints lie along ${principal.directions.length} direction(s); ${settings.dimensions} are needed`,
    );
  }
  const directions =
    principal?.directions.slice(0, settings.dimensions) ??
    randomDirections(networks[networks.length - 1], shape, settings);
  const isFinite = weights.flat().every((values) => values.every(Number.isFinite));
  if (!isFinite) return { directions, trajectory: null };
  const projected = projectedTrajectory(weights, directions);
  // Weights may be finite and their squares not.
  if (!projected.coordinates.flat().every(Number.isFinite)) return { directions, trajectory: null };
  return {
    directions,
    trajectory: {
      weight_updates: networks.map(({ weightUpdates }) => weightUpdates),
      ...projected,
      variance_shares: principal?.varianceShares.slice(0, settings.dimensions) ?? null,
    },
  };
};

/** Each as long as the way that training took along it, so that the trajectory lies within -1..1. */
const principalDirections = (
  weights: readonly CheckpointWeights[],
): { directions: Direction[]; varianceShares: number[] } => {
  const { components, coordinates } = principalTrajectory(weights);
  return {
    directions: components.map(({ direction }, k) => {
      const extent = Math.max(...coordinates.map((row) => Math.abs(row[k])));
      return direction.map((layer) => layer.map((value) => value * extent));
    }),
    varianceShares: components.map(({ varianceShare }) => varianceShare),
  };
};

/** Filter-normalised. Equal seeds give every network of a shape the same draws. */
export const randomDirections = (
  state: NetworkState,
  { sizes }: NetworkShape,
  { seed, dimensions }: Pick<LandscapeSettings, "seed" | "dimensions">,
): Direction[] => {
  const matrices = state.layers.map(({ weights }, index) => ({ weights, units: sizes[index + 1] }));
  return Array.from({ length: dimensions }, (_, axis) =>
    // Neighbouring seeds of one landscape must not share a direction with another's.
    filterNormalisedDirection(matrices, (seed + axis * 0x9e3779b9) % 2 ** 32),
  );
};
