/** The same mistakes in the native engine, and those that threads, packed weights and float sums add to them. */
import { NATIVE_PACKAGE } from "../../native/buildAddon.js";
import type { Fault } from "../fault.js";

const CPP = `${NATIVE_PACKAGE}/cpp`;
const CONFORMANCE = [`${NATIVE_PACKAGE}/src/nativeEngine.test.ts`];
const THREADS = [`${NATIVE_PACKAGE}/src/threads.test.ts`];

const measures: Fault[] = [
  {
    name: "native: the 1/2 of the loss dropped",
    file: `${CPP}/engine/measures.cc`,
    find: "result.lossSum += 0.5 * square;",
    replace: "result.lossSum += square;",
    tests: CONFORMANCE,
  },
  {
    name: "native: the 1/2 of Q dropped",
    file: `${CPP}/engine/measures.cc`,
    find: "energies.push_back(0.5 * sum);",
    replace: "energies.push_back(sum);",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma forgotten in the inference residual",
    file: `${CPP}/kernels/rows.inl`,
    find: "block.precision[unit] * errorOf(block, at) - pullOf(block, at);",
    replace: "errorOf(block, at) - pullOf(block, at);",
    tests: CONFORMANCE,
  },
];

const inference: Fault[] = [
  {
    name: "native: a sequential for the simultaneous activity step",
    file: `${CPP}/engine/passes.cc`,
    find: "for (int b = 0; b < layer(l).blocks(); b++) stepBlock(crew, tile, l, b, inference, below, h, false);",
    replace:
      "for (int b = 0; b < layer(l).blocks(); b++) stepBlock(crew, tile, l, b, inference, below, h, false);\n" +
      "        for (int b = 0; b < layer(l + 1).blocks(); b++) errorBlock(crew, tile, l + 1, b, eps, h, false);",
    tests: CONFORMANCE,
  },
  {
    name: "native: errors not recomputed before a weight update",
    file: `${CPP}/engine/minibatch.cc`,
    find: "passes_.settle(crew, replica_.settings.inference, steps);\n    passes_.errors(crew, true);",
    replace: "passes_.settle(crew, replica_.settings.inference, steps);",
    tests: CONFORMANCE,
  },
  {
    name: "native: a stale mu_1 after an rc2 update",
    file: `${CPP}/engine/minibatch.cc`,
    find: "    forTiles(thread, [&](const Crew& crew) { passes_.predictFirst(crew); });\n    step = boundary;",
    replace: "    step = boundary;",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma forgotten in the preconditioned step",
    file: `${CPP}/kernels/rows.inl`,
    find: "block.precondition ? factor[unit] * pull - eps",
    replace: "block.precondition ? pull - eps",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma forgotten in the plain step",
    file: `${CPP}/kernels/rows.inl`,
    find: ": pull - factor[unit] * eps;",
    replace: ": pull - eps;",
    tests: CONFORMANCE,
  },
  {
    name: "native: phi for phi' in the pull of amb",
    file: `${CPP}/kernels/rows.inl`,
    find: "return block.phi == nullptr ? pull : pull * load(block.slope + at);",
    replace: "return block.phi == nullptr ? pull : pull * load(block.phi + at);",
    tests: CONFORMANCE,
  },
];

const updates: Fault[] = [
  {
    name: "native: a sum for the mean: weight updates grow with the batch",
    file: `${CPP}/engine/update.cc`,
    find: "rule.scale = 1.0f / static_cast<float>(update.samples);",
    replace: "rule.scale = 1.0f;",
    tests: CONFORMANCE,
  },
  {
    name: "native: a sum for the mean in the elements' update",
    file: `${CPP}/engine/update.cc`,
    find: "  gradient *= rule.scale;\n",
    replace: "",
    tests: CONFORMANCE,
  },
  {
    name: "native: the 1/2 of dE/ds dropped",
    file: `${CPP}/engine/update.cc`,
    find: "return 0.5 * (1 - precision * eps * eps); });",
    replace: "return 1 - precision * eps * eps; });",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma not refreshed after an update of its logarithm",
    file: `${CPP}/engine/update.cc`,
    find: "      layer.variance[unit] = static_cast<float>(std::exp(static_cast<double>(s)));\n",
    replace: "",
    tests: CONFORMANCE,
  },
  {
    name: "native: the floor of ln Sigma not kept",
    file: `${CPP}/engine/update.cc`,
    find: "if (s < settings.varianceFloor) s",
    replace: "if (s < -1e30) s",
    tests: CONFORMANCE,
  },
  {
    name: "native: adamw's decay coupled to the gradient",
    file: `${CPP}/kernels/update.inl`,
    find: "const bool decoupled = rule.optimiser == Optimiser::adamw;",
    replace: "const bool decoupled = false;",
    tests: CONFORMANCE,
  },
  {
    name: "native: the second moment not corrected",
    file: `${CPP}/engine/update.cc`,
    find: "rule.secondCorrection = static_cast<float>(1 - std::pow(0.999, t));",
    replace: "rule.secondCorrection = 1;",
    tests: CONFORMANCE,
  },
  {
    name: "native: the last unit of a block that is not full left out of the gradient",
    file: `${CPP}/kernels/update.inl`,
    find: "square[unit] = unit < units ?",
    replace: "square[unit] = unit < units - (units < kLanes) ?",
    tests: CONFORMANCE,
  },
  {
    name: "native: the weights' moments not restored by a checkpoint",
    file: `${CPP}/addon/state.cc`,
    find: "packWeights(from[i], layer.units, layer.inputs, to.data()); },",
    replace:
      "packWeights(from[i], layer.units, layer.inputs, to.data()); if (&to != &layer.weights.values) std::memset(to.data(), 0, to.size() * sizeof(float)); },",
    tests: CONFORMANCE,
  },
  {
    name: "native: the update count not restored by a checkpoint",
    file: `${CPP}/addon/state.cc`,
    find: "    replica.weightUpdates = static_cast<std::int64_t>(weightUpdates);\n",
    replace: "",
    tests: CONFORMANCE,
  },
];

const threads: Fault[] = [
  {
    name: "native: a sum over all lanes of a tile, whose rest depends on what was there before",
    file: `${CPP}/engine/update.cc`,
    find: "for (int i = 0; i < tile.samples; i++) sum += value(static_cast<double>(row[i]));",
    replace: "for (int i = 0; i < tile.lanes; i++) sum += value(static_cast<double>(row[i]));",
    tests: [...CONFORMANCE, ...THREADS],
  },
  {
    name: "native: the patches of a gradient depend on the threads",
    file: `${CPP}/engine/update.cc`,
    find: "const Share share(patches, thread, threads);",
    replace: "const Share share(patches - (threads > 2), thread, threads);",
    tests: THREADS,
  },
];

const gaussNewton: Fault[] = [
  {
    name: "native: the errors' own part forgotten in the right-hand side",
    file: `${CPP}/gaussNewton/gaussNewton.cc`,
    find: "isFirst ? r[k] : r[k] + sum[k];",
    replace: "r[k];",
    tests: CONFORMANCE,
  },
  {
    name: "native: a whole step taken though Q rises",
    file: `${CPP}/gaussNewton/gaussNewton.cc`,
    find: "isOpen = t[sample] != 0.0f && !(twiceEnergyOf(passes, tile, sample) <= most);",
    replace: "isOpen = most < 0;",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma forgotten in the step of the errors",
    file: `${CPP}/kernels/rows.inl`,
    find: "variance[unit] * load(jacobian + at) - load(eps + at));",
    replace: "load(jacobian + at) - load(eps + at));",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma_L forgotten in the dense S",
    file: `${CPP}/gaussNewton/denseSolver.cc`,
    find: "row == column ? passes.layer(top).variance[row] : 0.0f;",
    replace: "row == column ? 1.0f : 0.0f;",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma_L forgotten in the S that is applied",
    file: `${CPP}/gaussNewton/conjugateGradients.cc`,
    find: "product[k] += output.variance[i] * direction[k];",
    replace: "product[k] += direction[k];",
    tests: CONFORMANCE,
  },
  {
    name: "native: Sigma_l forgotten in the S that is applied",
    file: `${CPP}/kernels/rows.inl`,
    find: "moved += block.variance == nullptr ? error : block.variance[unit] * error;",
    replace: "moved += error;",
    tests: CONFORMANCE,
  },
  {
    name: "native: phi' forgotten in J",
    file: `${CPP}/kernels/rows.inl`,
    find: "if (block.amb && !block.isOutput) moved *= slope;",
    replace: "",
    tests: CONFORMANCE,
  },
];

export const NATIVE_FAULTS: readonly Fault[] = [
  ...measures,
  ...inference,
  ...updates,
  ...threads,
  ...gaussNewton,
];
