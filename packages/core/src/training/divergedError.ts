import type { Divergence } from "../engine/engine.js";

const QUANTITY: Record<Divergence["quantity"], string> = {
  loss: "the loss",
  energy: "the energy",
  weights: "a weight",
  bias: "a bias",
  log_variance: "a log-variance",
};

/** NaN or Infinity ended a run. Training it again would do the same: it is not retried. */
export class DivergedError extends Error {
  readonly code = "diverged";
  readonly divergence: Divergence;

  constructor(divergence: Divergence) {
    const { quantity, layer, weightUpdate } = divergence;
    const where = layer === null ? "" : ` of layer ${layer}`;
    super(
      `${QUANTITY[quantity]}${where} was NaN or infinite after weight update ${weightUpdate}; ` +
        "lower learning_rate, variance.learning_rate or inference.rate",
    );
    this.name = "DivergedError";
    this.divergence = divergence;
  }
}
