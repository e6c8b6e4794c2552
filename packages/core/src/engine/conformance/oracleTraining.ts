/** Phases and whole minibatches by the oracle's equations: one sample after the other, one number after the other. */
import { relaxesCondition2, relaxesCondition3 } from "../../experiment/vocabulary.js";
import type { ReplicaSettings } from "../engine.js";
import { gaussNewtonPath } from "./oracleGaussNewton.js";
import {
  type Matrix,
  type OracleGradient,
  type OracleNetwork,
  OracleParameter,
  type Vector,
  activityGradient,
  depthOf,
  energyGradient,
  energyOf,
  forwardPass,
  lossGradient,
  quadraticEnergyOf,
  stepOnce,
} from "./oracle.js";

/** The batch's activities at the start of a phase: a forward pass with the target clamped on. */
export const startOf = (net: OracleNetwork, inputs: Matrix, targets: Matrix): Vector[][] =>
  inputs.map((input, sample) => [...forwardPass(net, input).slice(0, -1), targets[sample]]);

const layerNumbers = (net: OracleNetwork): number[] =>
  Array.from({ length: depthOf(net) }, (_, index) => index + 1);

export const quadraticEnergyPerLayer = (net: OracleNetwork, batch: Vector[][]): number[] =>
  layerNumbers(net).map((l) => batch.reduce((sum, x) => sum + quadraticEnergyOf(net, l, x), 0));

export const energyPerLayer = (net: OracleNetwork, batch: Vector[][]): number[] =>
  layerNumbers(net).map((l) => batch.reduce((sum, x) => sum + energyOf(net, l, x), 0));

/** |dE/dx| over the hidden activities of one sample. */
export const residualOf = (net: OracleNetwork, x: Vector[]): number =>
  Math.hypot(
    ...layerNumbers(net)
      .slice(0, -1)
      .flatMap((l) => activityGradient(net, l, x)),
  );

/** Sums over the batch. */
export const summedGradient = (
  net: OracleNetwork,
  gradients: OracleGradient[],
): OracleGradient => ({
  weights: net.weights.map((rows, l) =>
    rows.map((row, i) => row.map((_, j) => gradients.reduce((s, g) => s + g.weights[l][i][j], 0))),
  ),
  bias: net.bias.map((values, l) =>
    values.map((_, i) => gradients.reduce((sum, g) => sum + g.bias[l][i], 0)),
  ),
  s: net.s.map((values, l) =>
    values.map((_, i) => gradients.reduce((sum, g) => sum + g.s[l][i], 0)),
  ),
});

/** A network in training; its numbers change in place. */
export class OracleTrainer {
  readonly net: OracleNetwork;
  readonly #bias: boolean;
  readonly #settings: ReplicaSettings;
  readonly #parameters = new Map<string, OracleParameter>();

  constructor(net: OracleNetwork, bias: boolean, settings: ReplicaSettings) {
    this.net = structuredClone(net);
    this.#bias = bias;
    this.#settings = settings;
  }

  minibatch(inputs: Matrix, targets: Matrix): void {
    const { algorithm, inference } = this.#settings;
    if (algorithm === "bp") {
      this.update(inputs.map((input, sample) => lossGradient(this.net, input, targets[sample])));
      return;
    }
    if (inference.method === "gauss_newton") {
      const iterations = inference.outerIterations ?? 0;
      const settled = inputs.map((input, i) =>
        gaussNewtonPath(this.net, input, targets[i], iterations).at(-1),
      );
      this.update(settled.map((x = []) => energyGradient(this.net, x)));
      return;
    }
    let batch = startOf(this.net, inputs, targets);
    for (let t = 1; t <= inference.steps; t++) {
      batch = batch.map((x) => stepOnce(this.net, x, inference));
      const due = relaxesCondition2(algorithm)
        ? t % inference.updateEvery === 0
        : t === inference.steps;
      if (due) this.update(batch.map((x) => energyGradient(this.net, x)));
    }
  }

  /** From the batch's gradients, whose mean counts. */
  update(gradients: OracleGradient[]): void {
    const { learningRate, weightDecay, variance, algorithm } = this.#settings;
    const sum = summedGradient(this.net, gradients);
    const mean = (total: number) => total / gradients.length;
    for (const l of layerNumbers(this.net)) {
      this.net.weights[l].forEach((row, i) => {
        row.forEach((theta, j) => {
          const rule = this.#parameter(`w${l}.${i}.${j}`, learningRate, weightDecay);
          row[j] = rule.next(theta, mean(sum.weights[l][i][j]));
        });
      });
      this.net.bias[l].forEach((b, i) => {
        if (!this.#bias) return;
        const rule = this.#parameter(`b${l}.${i}`, learningRate, weightDecay);
        this.net.bias[l][i] = rule.next(b, mean(sum.bias[l][i]));
      });
      const isTrained = l < depthOf(this.net) || variance.trainOutput;
      if (!relaxesCondition3(algorithm) || !isTrained) continue;
      this.net.s[l].forEach((s, i) => {
        const rule = this.#parameter(`s${l}.${i}`, variance.learningRate ?? 0, variance.decay);
        this.net.s[l][i] = Math.max(variance.floor, rule.next(s, mean(sum.s[l][i])));
      });
    }
  }

  #parameter(name: string, rate: number, decay: number): OracleParameter {
    const known = this.#parameters.get(name);
    if (known !== undefined) return known;
    const created = new OracleParameter(this.#settings.optimiser, rate, decay);
    this.#parameters.set(name, created);
    return created;
  }
}
