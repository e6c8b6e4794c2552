/**
 * a_l = theta_l phi(x_{l-1}) + b_l, mu_l = g_l(a_l) (docs/EQUATIONS.md). `forward` takes one layer, and lets the hidden
 * activities start from mu; `errors` takes all layers at once, at the present activities.
 */
import { ACTIVATIONS_WGSL } from "./activations.js";
import { FLAGS, type Kernel } from "./kernel.js";
import {
  type Product,
  TILE_COLUMNS,
  type Tile,
  forEachSum,
  productDeclarations,
  productStatements,
  rowsOf,
} from "./product.js";

/** Rows are samples, columns the layer's units. */
const prediction = (tile: Tile): Product => ({
  tile,
  left: {
    element: "valueOf(layer.phi, x[ofX + layer.below + row * layer.inputs + k])",
    contiguous: "k",
  },
  right: {
    element: "parameters[ofParameters + layer.weights + column * layer.inputs + k]",
    contiguous: "k",
  },
});

const declarations = (tile: Tile): string => `${ACTIVATIONS_WGSL}
${productDeclarations(prediction(tile))}
fn preactivation(sum: f32, layer: Layer, ofParameters: u32, unit: u32) -> f32 {
  if (plan.hasBias == 0u) { return sum; }
  return sum + parameters[ofParameters + layer.bias + unit];
}
`;

const OFFSETS = /* wgsl */ `
  let ofX = group.z * plan.x;
  let ofParameters = group.z * plan.parameters;
  let ofErrors = group.z * plan.errors;
  let ofCache = group.z * plan.cache;
  let ofH = ofErrors + plan.errors / 2u;
  let firstUnits = plan.layers[0].units;
  let rows = replica.samples;
  let columns = layer.units;
  let rowBase = group.y`;

/**
 * Layer `step.index` + 1. What of it does not change during a phase goes to the cache: mu_1 and g_1', mu_L. h holds g_l'
 * for BP's backward pass, and for the output what that starts from. Groups: tiles of units, tiles of samples, replicas.
 */
export const forward = (tile: Tile): Kernel => ({
  name: "forward",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["x", "read_write"],
    ["errors", "read_write"],
    ["cache", "read_write"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replica = control[group.z];
  if (!has(replica, ${FLAGS.participates}u) || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  let layer = plan.layers[step.index];
  ${OFFSETS} * ${rowsOf(tile)}u;
  let columnBase = group.x * ${TILE_COLUMNS}u;
  let terms = layer.inputs;
  ${productStatements(prediction(tile))}
  ${forEachSum(
    tile,
    /* wgsl */ `
      let a = preactivation(sum, layer, ofParameters, column);
      let mu = valueOf(layer.g, a);
      let slope = slopeOf(layer.g, a, mu);
      let at = row * layer.units + column;
      if (layer.number == 1u) {
        cache[ofCache + at] = mu;
        cache[ofCache + plan.batch * firstUnits + at] = slope;
      }
      if (layer.isOutput == 1u) {
        let r = x[ofX + layer.x + at] - mu;
        cache[ofCache + 2u * plan.batch * firstUnits + at] = mu;
        errors[ofErrors + layer.eps + at] = r;
        errors[ofH + layer.eps + at] = slope * r;
      } else {
        x[ofX + layer.x + at] = mu;
        errors[ofH + layer.eps + at] = slope;
      }`,
  )}`,
});

/** mu_1 anew, after its weights have changed. Groups as above. */
export const predictFirst = (tile: Tile): Kernel => ({
  name: "predictFirst",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["x", "read"],
    ["cache", "read_write"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replica = control[group.z];
  if (!isWanted(replica) || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  let layer = plan.layers[0];
  ${OFFSETS} * ${rowsOf(tile)}u;
  let columnBase = group.x * ${TILE_COLUMNS}u;
  let terms = layer.inputs;
  ${productStatements(prediction(tile))}
  ${forEachSum(
    tile,
    /* wgsl */ `
      let a = preactivation(sum, layer, ofParameters, column);
      let mu = valueOf(layer.g, a);
      let at = row * layer.units + column;
      cache[ofCache + at] = mu;
      cache[ofCache + plan.batch * firstUnits + at] = slopeOf(layer.g, a, mu);`,
  )}`,
});

/**
 * eps_l = x_l - mu_l and h_l = g_l'(a_l) pi_l eps_l of every layer; mu_1 from the cache. Groups: tiles of all layers'
 * units, tiles of samples, replicas.
 */
export const errors = (tile: Tile): Kernel => ({
  name: "errors",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["x", "read"],
    ["errors", "read_write"],
    ["cache", "read"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replica = control[group.z];
  if (!isWanted(replica) || has(replica, ${FLAGS.bp}u) || group.y * ${rowsOf(tile)}u >= replica.samples) { return; }
  var index = 0u;
  while (index + 1u < plan.layerCount && plan.layers[index + 1u].unitTile <= group.x) { index++; }
  let layer = plan.layers[index];
  ${OFFSETS} * ${rowsOf(tile)}u;
  let columnBase = (group.x - layer.unitTile) * ${TILE_COLUMNS}u;
  let terms = select(layer.inputs, 0u, index == 0u);
  ${productStatements(prediction(tile))}
  ${forEachSum(
    tile,
    /* wgsl */ `
      let at = row * layer.units + column;
      var mu: f32;
      var slope: f32;
      if (index == 0u) {
        mu = cache[ofCache + at];
        slope = cache[ofCache + plan.batch * firstUnits + at];
      } else {
        let a = preactivation(sum, layer, ofParameters, column);
        mu = valueOf(layer.g, a);
        slope = slopeOf(layer.g, a, mu);
      }
      let eps = x[ofX + layer.x + at] - mu;
      let pi = exp(-parameters[ofParameters + layer.logVariance + column]);
      errors[ofErrors + layer.eps + at] = eps;
      errors[ofH + layer.eps + at] = slope * pi * eps;`,
  )}`,
});
