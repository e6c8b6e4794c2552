/**
 * Gradients of the parameters, summed over the batch (docs/EQUATIONS.md), and what becomes of them: `update` takes their
 * mean into the optimiser where they arise, `gradient` writes them out.
 */
import { OPTIMISERS } from "@pclab/core";
import { ACTIVATIONS_WGSL } from "./activations.js";
import { FLAGS, type Kernel, LANES } from "./kernel.js";
import {
  type Product,
  TILE_COLUMNS,
  type Tile,
  forEachSum,
  productDeclarations,
  productStatements,
  rowsOf,
} from "./product.js";

/** h_l phi(x_{l-1})^T: rows are the layer's units, columns its inputs, terms the samples. */
const weightGradient = (tile: Tile): Product => ({
  tile,
  left: { element: "errors[ofH + layer.eps + k * layer.units + row]", contiguous: "other" },
  right: {
    element: "valueOf(layer.phi, x[ofX + layer.below + k * layer.inputs + column])",
    contiguous: "other",
  },
});

const optimiserCode = (name: (typeof OPTIMISERS)[number]): string => `${OPTIMISERS.indexOf(name)}u`;

/** As PyTorch defines them: momentum 0.9; Adam with 0.9, 0.999, 1e-8. */
const OPTIMISER = /* wgsl */ `
struct Rule { rate: f32, decay: f32, firstCorrection: f32, secondCorrection: f32 }

// The new value of a parameter from the mean gradient; \`at\` is its place in the parameters.
fn updated(at: u32, first: u32, second: u32, mean: f32, replica: Replica, rule: Rule) -> f32 {
  var value = parameters[at];
  var gradient = mean;
  if (replica.optimiser == ${optimiserCode("adamw")}) { value *= 1.0 - rule.rate * rule.decay; }
  else { gradient += rule.decay * value; }
  switch replica.optimiser {
    case ${optimiserCode("sgd")}: { return value - rule.rate * gradient; }
    case ${optimiserCode("momentum")}: {
      let velocity = 0.9 * moments[first] + gradient;
      moments[first] = velocity;
      return value - rule.rate * velocity;
    }
    default: {
      let m = 0.9 * moments[first] + 0.1 * gradient;
      let v = 0.999 * moments[second] + 0.001 * gradient * gradient;
      moments[first] = m;
      moments[second] = v;
      let scale = sqrt(v * rule.secondCorrection) + 1e-8;
      return value - rule.rate * rule.firstCorrection * m / scale;
    }
  }
}

// In the order in which the first parameter that is not finite is told: layer by layer, quantity by quantity.
fn keep(replica: u32, at: u32, value: f32, layer: u32, quantity: u32) {
  parameters[at] = value;
  if (!isFinite(value)) { atomicMin(&flags[replica], 4u * layer + quantity); }
}
`;

/** Which quantity of a layer went non-finite, in the low two bits of a flag. */
export const FLAG_QUANTITIES = ["weights", "bias", "log_variance"] as const;

/** Groups: tiles of all layers' weights, then blocks of 64 units of all layers, over x and y; replicas. */
const overParameters = (
  tile: Tile,
  each: { weights: string; bias: string; logVariance: string },
): string => /* wgsl */ `
  let tileIndex = group.y * groups.x + group.x;
  let ofX = replicaIndex * plan.x;
  let ofParameters = replicaIndex * plan.parameters;
  let ofErrors = replicaIndex * plan.errors;
  let ofH = ofErrors + plan.errors / 2u;
  var index = 0u;
  if (tileIndex < plan.weightTiles) {
    while (index + 1u < plan.layerCount && plan.layers[index + 1u].weightTile <= tileIndex) { index++; }
    let layer = plan.layers[index];
    let rows = layer.units;
    let columns = layer.inputs;
    let terms = replica.samples;
    let ofTile = tileIndex - layer.weightTile;
    let rowBase = (ofTile / layer.weightColumns) * ${rowsOf(tile)}u;
    let columnBase = (ofTile % layer.weightColumns) * ${TILE_COLUMNS}u;
    ${productStatements(weightGradient(tile))}
    ${forEachSum(
      tile,
      /* wgsl */ `
      let place = layer.weights + row * layer.inputs + column;
      let gradientSum = -sum;
      ${each.weights}`,
    )}
    return;
  }
  let block = tileIndex - plan.weightTiles;
  while (index + 1u < plan.layerCount && plan.layers[index + 1u].vectorTile <= block) { index++; }
  let layer = plan.layers[index];
  let unit = (block - layer.vectorTile) * ${LANES}u + lane;
  if (unit >= layer.units) { return; }
  let s = parameters[ofParameters + layer.logVariance + unit];
  let pi = exp(-s);
  var biasSum = 0.0;
  var logVarianceSum = 0.0;
  for (var sample = 0u; sample < replica.samples; sample++) {
    let at = layer.eps + sample * layer.units + unit;
    let eps = errors[ofErrors + at];
    biasSum -= errors[ofH + at];
    logVarianceSum += 0.5 * (1.0 - pi * eps * eps);
  }
  if (plan.hasBias == 1u) {
    let place = layer.bias + unit;
    let gradientSum = biasSum;
    ${each.bias}
  }
  {
    let place = layer.logVariance + unit;
    let gradientSum = logVarianceSum;
    ${each.logVariance}
  }`;

const declarations = (tile: Tile): string =>
  `${ACTIVATIONS_WGSL}${productDeclarations(weightGradient(tile))}`;

const APPLY = (layerQuantity: number): string => /* wgsl */ `
      let at = ofParameters + place;
      let value = updated(at, ofMoments + place, ofMoments + plan.parameters + place, gradientSum * share, replica, rule);
      keep(replicaIndex, at, value, layer.number, ${layerQuantity}u);`;

/** One weight update of the replicas that `decide` chose. */
export const update = (tile: Tile): Kernel => ({
  name: "update",
  buffers: [
    ["control", "read"],
    ["rates", "read"],
    ["parameters", "read_write"],
    ["moments", "read_write"],
    ["x", "read"],
    ["errors", "read"],
    ["flags", "read_write"],
  ],
  declarations: `${declarations(tile)}${OPTIMISER}`,
  body: /* wgsl */ `
  let replicaIndex = group.z;
  let replica = control[replicaIndex];
  if (replica.isUpdating == 0u) { return; }
  let ofMoments = replicaIndex * plan.moments;
  let share = 1.0 / f32(replica.samples);
  let now = rates[replicaIndex * plan.updatesPerMinibatch + replica.updateIndex];
  let rule = Rule(now.x, replica.weightDecay, now.z, now.w);
  ${overParameters(tile, {
    weights: APPLY(0),
    bias: APPLY(1),
    logVariance: /* wgsl */ `
    let isTrained = has(replica, ${FLAGS.trainsVariance}u)
      && (layer.isOutput == 0u || has(replica, ${FLAGS.trainsOutputVariance}u));
    if (isTrained) {
      let at = ofParameters + place;
      let rule = Rule(now.y, replica.varianceDecay, now.z, now.w);
      let value = updated(at, ofMoments + place, ofMoments + plan.parameters + place, gradientSum * share, replica, rule);
      // A NaN is not raised: it must show as divergence.
      keep(replicaIndex, at, select(value, replica.floor, value < replica.floor), layer.number, 2u);
    }`,
  })}`,
});

/** The sums themselves, of replica `step.index`. */
export const gradient = (tile: Tile): Kernel => ({
  name: "gradient",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["x", "read"],
    ["errors", "read"],
    ["gradient", "read_write"],
  ],
  declarations: declarations(tile),
  body: /* wgsl */ `
  let replicaIndex = step.index;
  let replica = control[replicaIndex];
  ${overParameters(tile, {
    weights: "gradient[place] = gradientSum;",
    bias: "gradient[place] = gradientSum;",
    logVariance: "gradient[place] = gradientSum;",
  })}`,
});
