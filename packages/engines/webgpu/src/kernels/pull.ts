/**
 * What the layer above pulls a hidden activity by, pull_l = phi'(x_l) theta_{l+1}^T h_{l+1} (docs/EQUATIONS.md): in the
 * activity step, in the residual and, with BP's h, in the backward pass.
 */
import { ACTIVATIONS_WGSL } from "./activations.js";
import { FLAGS, type Kernel, LANES, MODES } from "./kernel.js";
import {
  type Product,
  TILE_COLUMNS,
  type Tile,
  forEachSum,
  productDeclarations,
  productStatements,
  rowsOf,
} from "./product.js";

/** Rows are samples, columns the units of the layer below `above`. */
const pulling = (tile: Tile): Product => ({
  tile,
  left: { element: "errors[ofH + above.eps + row * above.units + k]", contiguous: "k" },
  right: {
    element: "parameters[ofParameters + above.weights + k * above.inputs + column]",
    contiguous: "other",
  },
});

const declarations = (tile: Tile): string =>
  `${ACTIVATIONS_WGSL}${productDeclarations(pulling(tile))}`;

/** Of all hidden layers at once: which layer the group's tile is of. */
const FIND_LAYER = /* wgsl */ `
  var index = 0u;
  while (index + 2u < plan.layerCount && plan.layers[index + 1u].hiddenTile <= group.x) { index++; }
  let layer = plan.layers[index];
  let columnBase = (group.x - layer.hiddenTile) * ${TILE_COLUMNS}u;`;

const pullOf = (tile: Tile): string => /* wgsl */ `
  let above = plan.layers[index + 1u];
  let ofX = group.z * plan.x;
  let ofParameters = group.z * plan.parameters;
  let ofErrors = group.z * plan.errors;
  let ofH = ofErrors + plan.errors / 2u;
  let rows = replica.samples;
  let columns = layer.units;
  let terms = above.units;
  let rowBase = group.y * ${rowsOf(tile)}u;
  ${productStatements(pulling(tile))}`;

const SLOPE_ABOVE = /* wgsl */ `
      let at = row * layer.units + column;
      let below = x[ofX + layer.x + at];
      let pull = slopeOf(layer.phiAbove, below, valueOf(layer.phiAbove, below)) * sum;`;

/** x_l += gamma (-eps_l + Sigma_l pull_l), every hidden layer at once. Groups: tiles of hidden units, of samples, replicas. */
export const activities = (tile: Tile): Kernel => ({
  name: "activities",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["errors", "read"],
    ["x", "read_write"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replica = control[group.z];
  if (!isWanted(replica) || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  ${FIND_LAYER}
  ${pullOf(tile)}
  ${forEachSum(
    tile,
    /* wgsl */ `
      ${SLOPE_ABOVE}
      let s = parameters[ofParameters + layer.logVariance + column];
      let eps = errors[ofErrors + layer.eps + at];
      let direction = select(pull - exp(-s) * eps, exp(s) * pull - eps, has(replica, ${FLAGS.precondition}u));
      x[ofX + layer.x + at] = below + replica.rate * direction;`,
  )}`,
});

/**
 * h_l = g_l' pull_l of hidden layer `step.index` + 1, from above: BP's -dLoss/da_l. Groups: tiles of the layer's units, of
 * samples, replicas.
 */
export const backward = (tile: Tile): Kernel => ({
  name: "backward",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["errors", "read_write"],
    ["x", "read"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replica = control[group.z];
  let isBackpropagating = has(replica, ${FLAGS.participates}u) && has(replica, ${FLAGS.bp}u);
  if (!isBackpropagating || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  let index = step.index;
  let layer = plan.layers[index];
  let columnBase = group.x * ${TILE_COLUMNS}u;
  ${pullOf(tile)}
  ${forEachSum(
    tile,
    /* wgsl */ `
      ${SLOPE_ABOVE}
      errors[ofH + layer.eps + at] = errors[ofH + layer.eps + at] * pull;`,
  )}`,
});

/** Sums of (dE/dx)^2 over a tile's units, for each sample. Groups as for `activities`. */
export const residualTiles = (tile: Tile): Kernel => ({
  name: "residualTiles",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["errors", "read"],
    ["x", "read"],
    ["partials", "read_write"],
  ],
  declarations: `${declarations(tile)}
var<workgroup> squares: array<f32, ${LANES * tile}>;
`,
  body: /* wgsl */ `
  let replica = control[group.z];
  let isMeasured = replica.isMeasuring == 1u || (step.mode == ${MODES.look}u && has(replica, ${FLAGS.participates}u));
  if (!isMeasured || has(replica, ${FLAGS.bp}u) || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  ${FIND_LAYER}
  ${pullOf(tile)}
  for (var i = 0u; i < ${tile}u; i++) { squares[i * ${LANES}u + lane] = 0.0; }
  ${forEachSum(
    tile,
    /* wgsl */ `
      ${SLOPE_ABOVE}
      let s = parameters[ofParameters + layer.logVariance + column];
      let slope = exp(-s) * errors[ofErrors + layer.eps + at] - pull;
      squares[i * ${LANES}u + lane] += slope * slope;`,
  )}
  workgroupBarrier();
  if (lane % 8u != 0u) { return; }
  for (var i = 0u; i < ${tile}u; i++) {
    if (row0 + i >= rows) { continue; }
    var square = 0.0;
    for (var j = 0u; j < 8u; j++) { square += squares[i * ${LANES}u + lane + j]; }
    partials[(group.z * plan.hiddenTiles + group.x) * plan.batch + row0 + i] = square;
  }`,
});
