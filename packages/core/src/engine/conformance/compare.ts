/** Comparisons that say what differed. They throw, so that the suite needs no test runner of its own. */
import type { NetworkState, Values } from "../engine.js";

export type Numbers = ArrayLike<number>;

/** |actual - expected| <= tolerance * max(1, largest |expected|), everywhere; NaN equals nothing. */
export const expectClose = (
  actual: Numbers,
  expected: Numbers,
  tolerance: number,
  what: string,
): void => {
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} values, ${expected.length} expected`);
  }
  const scale = Array.from(expected).reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  for (let i = 0; i < expected.length; i++) {
    if (Math.abs(actual[i] - expected[i]) <= tolerance * scale) continue;
    throw new Error(
      `${what}: value ${i} is ${actual[i]}, expected ${expected[i]} to ${tolerance} of ${scale}`,
    );
  }
};

export const expectTrue = (condition: boolean, what: string): void => {
  if (!condition) throw new Error(what);
};

/** Bit for bit, moments and all. */
export const expectSameState = (
  actual: NetworkState,
  expected: NetworkState,
  what: string,
): void => {
  const left = tensorsOf(actual);
  const right = tensorsOf(expected);
  expectTrue([...left.keys()].join() === [...right.keys()].join(), `${what}: other tensors`);
  expectTrue(actual.weightUpdates === expected.weightUpdates, `${what}: other weight updates`);
  for (const [name, values] of left) {
    const other = right.get(name);
    const same = values.every((value, i) => Object.is(value, other?.[i]));
    expectTrue(same && values.length === other?.length, `${what}: ${name} differs`);
  }
};

const tensorsOf = (state: NetworkState): Map<string, Values> => {
  const tensors = new Map<string, Values>();
  const add = (name: string, values: Values | undefined): void => {
    if (values !== undefined) tensors.set(name, values);
  };
  state.layers.forEach((layer, index) => {
    const prefix = `layer ${index + 1}`;
    add(`${prefix} weights`, layer.weights);
    add(`${prefix} bias`, layer.bias);
    add(`${prefix} log-variance`, layer.logVariance);
    for (const of of ["weightsMoments", "biasMoments", "logVarianceMoments"] as const) {
      add(`${prefix} ${of} first`, layer[of]?.first);
      add(`${prefix} ${of} second`, layer[of]?.second);
    }
  });
  return tensors;
};
