/** A minibatch's examples out of the resident set: x_0 scaled and shifted, x_L the targets. Groups: units, samples, replicas. */
import { FLAGS, type Kernel, LANES } from "./kernel.js";

export const gather: Kernel = {
  name: "gather",
  buffers: [
    ["control", "read"],
    ["indices", "read"],
    ["rawInputs", "read"],
    ["targets", "read"],
    ["x", "read_write"],
  ],
  declarations: /* wgsl */ `
// Bytes lie four to a word.
fn rawInput(replica: Replica, at: u32) -> f32 {
  if (has(replica, ${FLAGS.bytes}u)) { return f32((rawInputs[at / 4u] >> (8u * (at % 4u))) & 0xffu); }
  return bitcast<f32>(rawInputs[at]);
}
`,
  body: /* wgsl */ `
  let sample = group.y;
  let replica = control[group.z];
  if (!has(replica, ${FLAGS.participates}u) || replica.exampleSet != step.index || sample >= replica.samples) { return; }
  let unit = group.x * ${LANES}u + lane;
  let example = indices[group.z * plan.batch + sample];
  let first = plan.layers[0];
  if (unit < first.inputs) {
    let raw = rawInput(replica, example * first.inputs + unit);
    x[group.z * plan.x + sample * first.inputs + unit] = fma(replica.inputScale, raw, replica.inputOffset);
  }
  let output = plan.layers[plan.layerCount - 1u];
  if (unit < output.units) {
    x[group.z * plan.x + output.x + sample * output.units + unit] = targets[example * output.units + unit];
  }`,
};
