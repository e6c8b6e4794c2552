/** What is measured of a replica, and the decisions that follow: one workgroup a replica, sums in a fixed order. */
import {
  FLAGS,
  type Kernel,
  LANES,
  MODES,
  NO_FLAG,
  PHASES,
  QUANTITIES,
  SUMMARY_HEAD,
} from "./kernel.js";

const SUM = /* wgsl */ `
var<workgroup> terms: array<f32, ${LANES}>;

// The same for every invocation; in the order of a tree, whatever the driver.
fn sumOfAll(lane: u32, term: f32) -> f32 {
  terms[lane] = term;
  for (var half = ${LANES / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { terms[lane] += terms[lane + half]; }
  }
  let sum = workgroupUniformLoad(&terms[0]);
  return sum;
}

fn summaryOf(replica: u32) -> u32 { return replica * (${SUMMARY_HEAD}u + 2u * plan.layerCount); }
`;

/**
 * After a forward pass: loss, hits and condition 1 of the batch. A finite loss starts the phase. Groups: replicas.
 */
export const judge: Kernel = {
  name: "judge",
  buffers: [
    ["control", "read_write"],
    ["x", "read"],
    ["cache", "read"],
    ["summary", "read_write"],
  ],
  declarations: SUM,
  body: /* wgsl */ `
  let replica = control[group.x];
  let output = plan.layers[plan.layerCount - 1u];
  let ofTarget = group.x * plan.x + output.x;
  let ofOutput = group.x * plan.cache + 2u * plan.batch * plan.layers[0].units;
  let participates = has(replica, ${FLAGS.participates}u);
  var loss = 0.0;
  var hits = 0.0;
  var meets = 0.0;
  for (var sample = lane; participates && sample < replica.samples; sample += ${LANES}u) {
    let first = sample * output.units;
    var square = 0.0;
    // The first of the largest values' positions.
    var largest = 0u;
    var wanted = 0u;
    for (var i = 0u; i < output.units; i++) {
      let yhat = cache[ofOutput + first + i];
      let y = x[ofTarget + first + i];
      square += (y - yhat) * (y - yhat);
      if (yhat > cache[ofOutput + first + largest]) { largest = i; }
      if (y > x[ofTarget + first + wanted]) { wanted = i; }
    }
    loss += 0.5 * square;
    hits += select(0.0, 1.0, largest == wanted);
    meets += select(0.0, 1.0, sqrt(square) < replica.delta);
  }
  let lossSum = sumOfAll(lane, loss);
  let correct = sumOfAll(lane, hits);
  let condition1 = sumOfAll(lane, meets);
  if (lane != 0u || !participates) { return; }
  let at = summaryOf(group.x);
  summary[at] = lossSum;
  summary[at + 1u] = correct;
  summary[at + 2u] = condition1;
  if (!isFinite(lossSum)) {
    control[group.x].quantity = ${QUANTITIES.loss}u;
    return;
  }
  control[group.x].phase = select(${PHASES.stepping}u, ${PHASES.bp}u, has(replica, ${FLAGS.bp}u));`,
};

/** Q of one layer and one sample. Groups: samples, layers, replicas. */
export const sampleEnergies: Kernel = {
  name: "sampleEnergies",
  buffers: [
    ["control", "read"],
    ["parameters", "read"],
    ["errors", "read"],
    ["energies", "read_write"],
  ],
  declarations: SUM,
  body: /* wgsl */ `
  let replica = control[group.z];
  if (!has(replica, ${FLAGS.participates}u) || has(replica, ${FLAGS.bp}u) || group.x >= replica.samples) { return; }
  let layer = plan.layers[group.y];
  let ofEps = group.z * plan.errors + layer.eps + group.x * layer.units;
  let ofS = group.z * plan.parameters + layer.logVariance;
  var square = 0.0;
  for (var i = lane; i < layer.units; i += ${LANES}u) {
    let eps = errors[ofEps + i];
    square += exp(-parameters[ofS + i]) * eps * eps;
  }
  let sum = sumOfAll(lane, square);
  if (lane == 0u) {
    energies[(group.z * (plan.layerCount + 1u) + group.y) * plan.batch + group.x] = 0.5 * sum;
  }`,
};

/**
 * Sums the energies up, and decides: has the phase settled, is an update due, has the energy left the finite numbers. The
 * row after the layers' in `energies` keeps each sample's Q for the next call. Groups: replicas.
 */
export const decide: Kernel = {
  name: "decide",
  buffers: [
    ["control", "read_write"],
    ["parameters", "read"],
    ["energies", "read_write"],
    ["summary", "read_write"],
    ["flags", "read_write"],
  ],
  declarations: `${SUM}
fn replicaGoesOn(replica: u32, isLast: bool, firstBroken: u32) {
  if (firstBroken != 0u) {
    control[replica].quantity = ${QUANTITIES.energy}u;
    control[replica].layer = firstBroken;
    control[replica].divergedAt = control[replica].updates;
    control[replica].phase = ${PHASES.idle}u;
    return;
  }
  if (isLast) {
    control[replica].phase = ${PHASES.idle}u;
    control[replica].isMeasuring = 1u;
    control[replica].wasMeasured = 1u;
  }
  countUpdate(replica);
}

fn countUpdate(replica: u32) {
  if (!has(control[replica], ${FLAGS.updates}u)) { return; }
  control[replica].isUpdating = 1u;
  control[replica].updateIndex = control[replica].updates;
  control[replica].updates += 1u;
}
`,
  body: /* wgsl */ `
  let replica = control[group.x];
  let isPc = has(replica, ${FLAGS.participates}u) && !has(replica, ${FLAGS.bp}u);
  let samples = select(0u, replica.samples, isPc);
  let ofEnergies = group.x * (plan.layerCount + 1u) * plan.batch;
  let at = summaryOf(group.x) + ${SUMMARY_HEAD}u;
  let isLook = step.mode == ${MODES.look}u;
  let isFinal = step.mode == ${MODES.final}u;
  let isDuring = has(replica, ${FLAGS.rc2}u);
  let isPhase = replica.phase == ${PHASES.stepping}u || replica.phase == ${PHASES.settled}u;
  let isBoundary = isDuring && step.number % max(replica.updateEvery, 1u) == 0u;
  let writes = isPc && step.mode != ${MODES.refresh}u && (isLook || isPhase);

  var firstBroken = 0u;
  for (var l = 0u; l < plan.layerCount; l++) {
    var energy = 0.0;
    for (var sample = lane; sample < samples; sample += ${LANES}u) {
      energy += energies[ofEnergies + l * plan.batch + sample];
    }
    var s = 0.0;
    let layer = plan.layers[l];
    let ofS = group.x * plan.parameters + layer.logVariance;
    for (var i = lane; i < layer.units; i += ${LANES}u) { s += parameters[ofS + i]; }
    let energySum = sumOfAll(lane, energy);
    let sSum = sumOfAll(lane, s);
    if (firstBroken == 0u && !isFinite(energySum)) { firstBroken = l + 1u; }
    if (lane == 0u && writes) {
      summary[at + 2u * l] = energySum;
      summary[at + 2u * l + 1u] = sSum;
    }
  }

  // |dQ|/Q of the last step is below the tolerance for every sample; a Q that stands still, at 0 too, has settled.
  var unsettled = 0.0;
  let ofTotals = ofEnergies + plan.layerCount * plan.batch;
  for (var sample = lane; sample < samples; sample += ${LANES}u) {
    var total = 0.0;
    for (var l = 0u; l < plan.layerCount; l++) { total += energies[ofEnergies + l * plan.batch + sample]; }
    let before = energies[ofTotals + sample];
    let change = abs(total - before);
    if (!(change == 0.0 || change < replica.tolerance * before)) { unsettled += 1.0; }
    energies[ofTotals + sample] = total;
  }
  let isSettled = sumOfAll(lane, unsettled) == 0.0;

  if (lane != 0u || isLook || step.mode == ${MODES.refresh}u) { return; }
  control[group.x].isUpdating = 0u;
  control[group.x].isMeasuring = 0u;
  if (atomicLoad(&flags[group.x]) != ${NO_FLAG}u) {
    control[group.x].phase = ${PHASES.idle}u;
    return;
  }
  if (isFinal) {
    if (replica.phase == ${PHASES.bp}u) {
      control[group.x].phase = ${PHASES.idle}u;
      countUpdate(group.x);
    } else if (isPhase) {
      if (replica.phase == ${PHASES.stepping}u) { control[group.x].stepsTaken = replica.steps; }
      replicaGoesOn(group.x, true, firstBroken);
    }
    return;
  }
  if (replica.phase != ${PHASES.stepping}u || step.number > replica.steps) { return; }
  // With updates during inference a phase ends at an update alone, so that no activity step is left without one.
  let stops = replica.tolerance > 0.0 && isSettled && (isBoundary || !isDuring);
  let isLast = stops || step.number == replica.steps;
  if (isLast) { control[group.x].stepsTaken = step.number; }
  if (isDuring && (isLast || isBoundary)) { replicaGoesOn(group.x, isLast, firstBroken); }
  else if (isLast) { control[group.x].phase = ${PHASES.settled}u; }`,
};

/** The residuals of the samples from their tiles' sums: their sum and the largest. Groups: replicas. */
export const residuals: Kernel = {
  name: "residuals",
  buffers: [
    ["control", "read"],
    ["partials", "read"],
    ["summary", "read_write"],
  ],
  declarations: `${SUM}
var<workgroup> largest: array<f32, ${LANES}>;
`,
  body: /* wgsl */ `
  let replica = control[group.x];
  let isMeasured = replica.isMeasuring == 1u || (step.mode == ${MODES.look}u && has(replica, ${FLAGS.participates}u));
  if (!isMeasured || has(replica, ${FLAGS.bp}u)) { return; }
  var sum = 0.0;
  var most = 0.0;
  for (var sample = lane; sample < replica.samples; sample += ${LANES}u) {
    var square = 0.0;
    for (var tile = 0u; tile < plan.hiddenTiles; tile++) {
      square += partials[(group.x * plan.hiddenTiles + tile) * plan.batch + sample];
    }
    let residual = sqrt(square);
    sum += residual;
    most = max(most, residual);
  }
  largest[lane] = most;
  let total = sumOfAll(lane, sum);
  if (lane != 0u) { return; }
  for (var i = 1u; i < ${LANES}u; i++) { most = max(most, largest[i]); }
  let at = summaryOf(group.x);
  summary[at + 3u] = total;
  summary[at + 4u] = most;`,
};
