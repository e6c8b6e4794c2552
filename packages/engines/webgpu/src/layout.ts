/**
 * Where everything lies. Each replica has a stretch of its own in every buffer, and within it every layer:
 *   parameters  theta_l row-major [N_l x N_{l-1}], then b_l, then s_l, for l = 1..L
 *   moments     the first moments laid out like the parameters, then the second ones
 *   x           x_0, x_1, ..., x_L, each row-major [B x N_l]
 *   errors      eps_1..eps_L, each [B x N_l], then h_1..h_L alike
 *   cache       mu_1 [B x N_1], g_1' [B x N_1], mu_L [B x N_L]
 *   energies    Q of each layer and sample, then of each sample [(L + 1) x B]
 *   partials    squared residuals of each tile of hidden units and sample
 */
import { type NetworkShape, type OptimiserName, momentsOf } from "@pclab/core";
import { LANES, SUMMARY_HEAD } from "./kernels/kernel.js";
import { TILE_COLUMNS, type Tile, rowsOf } from "./kernels/product.js";

export interface LayerLayout {
  /** l, 1..L. */
  number: number;
  units: number;
  inputs: number;
  isOutput: boolean;
  /** Offsets in a replica's parameters; `bias` is unused without one. */
  weights: number;
  bias: number;
  logVariance: number;
  /** Offsets of x_l and x_{l-1} in a replica's x, of eps_l in its errors. */
  x: number;
  below: number;
  eps: number;
  /** First tiles; see plan.ts. */
  unitTile: number;
  hiddenTile: number;
  weightTile: number;
  weightColumns: number;
  vectorTile: number;
}

/** Numbers of one replica in each buffer. */
export interface Strides {
  parameters: number;
  moments: number;
  x: number;
  errors: number;
  cache: number;
  energies: number;
  partials: number;
  summary: number;
}

export interface Layout {
  shape: NetworkShape;
  /** The largest minibatch. */
  batch: number;
  tile: Tile;
  layers: readonly LayerLayout[];
  strides: Strides;
  /** Tiles of all layers' units, of the hidden layers' units, of the weights, and blocks of parameter vectors. */
  unitTiles: number;
  hiddenTiles: number;
  weightTiles: number;
  vectorTiles: number;
}

const tilesOf = (count: number, size: number): number => Math.ceil(count / size);

export const layoutOf = (options: {
  shape: NetworkShape;
  batchSize: number;
  optimisers: readonly OptimiserName[];
}): Layout => {
  const { shape, batchSize: batch, optimisers } = options;
  const tile: Tile = batch <= 8 ? 1 : 4;
  const layers: LayerLayout[] = [];
  let parameters = 0;
  let x = batch * (shape.sizes[0] ?? 0);
  let below = 0;
  let eps = 0;
  let unitTile = 0;
  let hiddenTile = 0;
  let weightTile = 0;
  let vectorTile = 0;
  for (let number = 1; number < shape.sizes.length; number++) {
    const inputs = shape.sizes[number - 1] ?? 0;
    const units = shape.sizes[number] ?? 0;
    const isOutput = number === shape.sizes.length - 1;
    const weights = parameters;
    const bias = weights + units * inputs;
    const logVariance = bias + (shape.bias ? units : 0);
    const weightColumns = tilesOf(inputs, TILE_COLUMNS);
    const places = { weights, bias, logVariance, x, below, eps };
    const tiles = { unitTile, hiddenTile, weightTile, weightColumns, vectorTile };
    layers.push({ number, units, inputs, isOutput, ...places, ...tiles });
    parameters = logVariance + units;
    below = x;
    x += batch * units;
    eps += batch * units;
    unitTile += tilesOf(units, TILE_COLUMNS);
    hiddenTile += isOutput ? 0 : tilesOf(units, TILE_COLUMNS);
    weightTile += tilesOf(units, rowsOf(tile)) * weightColumns;
    vectorTile += tilesOf(units, LANES);
  }
  const momentCount = Math.max(0, ...optimisers.map((name) => momentsOf(name).length));
  const firstUnits = layers[0]?.units ?? 0;
  const outputUnits = layers.at(-1)?.units ?? 0;
  return {
    shape,
    batch,
    tile,
    layers,
    strides: {
      parameters,
      moments: momentCount * parameters,
      x,
      errors: 2 * eps,
      cache: batch * (2 * firstUnits + outputUnits),
      energies: (layers.length + 1) * batch,
      partials: hiddenTile * batch,
      summary: SUMMARY_HEAD + 2 * layers.length,
    },
    unitTiles: unitTile,
    hiddenTiles: hiddenTile,
    weightTiles: weightTile,
    vectorTiles: vectorTile,
  };
};

const BYTES = 4;

/** Bytes of one replica in each buffer that grows with the replicas. */
export const bytesPerReplica = ({ strides }: Layout): number[] =>
  Object.values(strides).map((numbers: number) => numbers * BYTES);
