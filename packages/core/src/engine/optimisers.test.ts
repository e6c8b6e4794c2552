import { describe, expect, test } from "vitest";
import { OPTIMISERS } from "../experiment/vocabulary.js";
import { createMoments, updateParameters } from "./optimisers.js";

/** Three updates of theta = [1, -2] by the gradient of theta^2 / 2 + [0.1, 0.3], rate 0.1. */
const afterThreeUpdates = (optimiser: (typeof OPTIMISERS)[number], decay: number): number[] => {
  const parameters = Float64Array.of(1, -2);
  const moments = createMoments(optimiser, 2);
  for (let update = 1; update <= 3; update++) {
    const gradient = Float64Array.of(parameters[0] + 0.1, parameters[1] + 0.3);
    updateParameters({ optimiser, parameters, gradient, moments, rate: 0.1, decay, update });
  }
  return [...parameters];
};

describe.each(OPTIMISERS)("%s", (optimiser) => {
  test.each([0, 0.5])(
    "equals torch.optim's formulas in another program, weight decay %d",
    (decay) => {
      const expected = GOLDEN[optimiser][decay === 0 ? "plain" : "decayed"];
      const actual = afterThreeUpdates(optimiser, decay);
      expect(actual[0]).toBeCloseTo(expected[0], 13);
      expect(actual[1]).toBeCloseTo(expected[1], 13);
    },
  );
});

/** From Python floats, written down from the algorithm boxes of torch.optim's documentation. */
const GOLDEN = {
  sgd: { plain: [0.7019, -1.5393000000000001], decayed: [0.5883999999999999, -1.305425] },
  momentum: {
    plain: [0.43459999999999993, -1.1262],
    decayed: [0.21400000000000002, -0.6736250000000001],
  },
  adam: {
    plain: [0.7013824462190896, -1.7007664893822618],
    decayed: [0.7014446813099615, -1.700712235097697],
  },
  adamw: {
    plain: [0.7013824462190896, -1.7007664893822618],
    decayed: [0.5745680717616809, -1.4314428616429486],
  },
};
