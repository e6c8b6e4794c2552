/** Mistakes that an implementation of predictive coding is known to make and that leave a network which still trains. */
import type { Fault } from "../fault.js";

const REFERENCE = "packages/core/src/engine/reference";
const ENGINE_TEST = `${REFERENCE}/referenceEngine.test.ts`;
const EXACT_TEST = `${REFERENCE}/exact.test.ts`;

const halves: Fault[] = [
  {
    name: "the 1/2 of Q dropped",
    file: `${REFERENCE}/energy.ts`,
    find: "perSample[sample] += 0.5 * sum;",
    replace: "perSample[sample] += sum;",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
  {
    name: "the 1/2 of E's constant dropped",
    file: `${REFERENCE}/energy.ts`,
    find: "samples * 0.5 * (logVariances",
    replace: "samples * (logVariances",
    tests: [ENGINE_TEST],
  },
  {
    name: "the 1/2 of dE/ds dropped",
    file: `${REFERENCE}/gradients.ts`,
    find: "+= 0.5 * (1 - precision[i]",
    replace: "+= (1 - precision[i]",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
  {
    name: "the 1/2 of the loss dropped",
    file: `${REFERENCE}/minibatch.ts`,
    find: "lossSum += 0.5 * square;",
    replace: "lossSum += square;",
    tests: [ENGINE_TEST],
  },
];

const means: Fault[] = [
  {
    name: "a sum for the mean: weight updates grow with the batch",
    file: `${REFERENCE}/weightUpdate.ts`,
    find: "scale(gradient, 1 / samples);",
    replace: "scale(gradient, 1);",
    tests: [ENGINE_TEST],
  },
  {
    name: "a mean for the sum: the inference rate shrinks with the batch",
    file: `${REFERENCE}/inference.ts`,
    find: "x[at] += rate * direction;",
    replace: "x[at] += (rate / samples) * direction;",
    tests: [ENGINE_TEST],
  },
  {
    name: "a mean for the sum in the bias gradient",
    file: `${REFERENCE}/gradients.ts`,
    find: "bias.gradient[i] -= h[at];",
    replace: "bias.gradient[i] -= h[at] / samples;",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
];

const order: Fault[] = [
  {
    name: "a sequential for the simultaneous activity step",
    file: `${REFERENCE}/inference.ts`,
    find: "    computePull(layer, layers[index + 1], samples);",
    replace:
      "    computeErrors(layers, samples);\n    computePull(layer, layers[index + 1], samples);",
    tests: [ENGINE_TEST],
  },
  {
    name: "errors not recomputed before an rc2 update",
    file: `${REFERENCE}/phase.ts`,
    find: "    stepActivities(layers, samples, settings.inference);\n    computeErrors(layers, samples);",
    replace:
      "    stepActivities(layers, samples, settings.inference);\n    if (step % updateEvery !== 0 || step === steps) computeErrors(layers, samples);",
    tests: [ENGINE_TEST],
  },
  {
    name: "a stale mu_1 after an rc2 update",
    file: `${REFERENCE}/phase.ts`,
    find: "      predictFirstLayer(layers, samples);\n",
    replace: "",
    tests: [ENGINE_TEST],
  },
];

const sigmas: Fault[] = [
  {
    name: "Sigma forgotten in h",
    file: `${REFERENCE}/inference.ts`,
    find: "h[at] = precision[i] * eps[at];",
    replace: "h[at] = eps[at];",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
  {
    name: "Sigma forgotten in the preconditioned step",
    file: `${REFERENCE}/inference.ts`,
    find: "? variance[i] * pull[at] - eps[at]",
    replace: "? pull[at] - eps[at]",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
  {
    name: "Sigma forgotten in the plain step",
    file: `${REFERENCE}/inference.ts`,
    find: ": pull[at] - precision[i] * eps[at];",
    replace: ": pull[at] - eps[at];",
    tests: [ENGINE_TEST, EXACT_TEST],
  },
  {
    name: "Sigma forgotten in Q",
    file: `${REFERENCE}/energy.ts`,
    find: "sum += precision[i] * eps[at] * eps[at];",
    replace: "sum += eps[at] * eps[at];",
    tests: [ENGINE_TEST],
  },
  {
    name: "Sigma forgotten in the inference residual",
    file: `${REFERENCE}/energy.ts`,
    find: "(precision[i] * eps[at] - pull[at]) ** 2",
    replace: "(eps[at] - pull[at]) ** 2",
    tests: [ENGINE_TEST],
  },
  {
    name: "Sigma not refreshed after an update of its logarithm",
    file: `${REFERENCE}/weightUpdate.ts`,
    find: "    refreshVariance(layer);\n",
    replace: "",
    tests: [ENGINE_TEST],
  },
];

export const REFERENCE_FAULTS: readonly Fault[] = [...halves, ...means, ...order, ...sigmas];
