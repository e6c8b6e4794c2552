/** One network of the reference engine: what the engine's interface asks of a single replica. */
import type {
  Evaluation,
  ExampleSet,
  InferenceMeasures,
  LayerGradient,
  Minibatch,
  MinibatchReport,
  NetworkShape,
  NetworkState,
  PhaseTrace,
  ReplicaSettings,
} from "../engine.js";
import { energyPerLayer, inferenceResiduals, quadraticEnergyPerLayer } from "./energy.js";
import { energyGradients, lossGradients } from "./gradients.js";
import { runGaussNewton } from "./gaussNewton.js";
import { computeErrors, forward, predictFirstLayer } from "./inference.js";
import { type Layer, createLayers } from "./layer.js";
import { clamp, measurePrediction } from "./minibatch.js";
import { runPhase } from "./phase.js";
import { loadLayers, readLayers } from "./state.js";
import { divergedParameter, updateWeights } from "./weightUpdate.js";

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

export class Replica {
  readonly #layers: Layer[];
  readonly #output: Layer;
  readonly #settings: ReplicaSettings;
  readonly #batchSize: number;
  #weightUpdates = 0;

  constructor(shape: NetworkShape, settings: ReplicaSettings, batchSize: number) {
    this.#layers = createLayers(shape, batchSize);
    this.#output = this.#layers[this.#layers.length - 1];
    this.#settings = settings;
    this.#batchSize = batchSize;
  }

  load(state: NetworkState): void {
    loadLayers(this.#layers, state, this.#settings.optimiser);
    this.#weightUpdates = state.weightUpdates;
  }

  read(): NetworkState {
    return { layers: readLayers(this.#layers), weightUpdates: this.#weightUpdates };
  }

  train(minibatch: Minibatch): MinibatchReport {
    const samples = this.#clamp(minibatch);
    const report: MinibatchReport = {
      batchSize: samples,
      weightUpdates: 0,
      lossSum: 0,
      correct: 0,
      condition1Count: 0,
      inference: null,
      divergence: null,
    };
    if (this.#settings.algorithm === "bp") this.#backpropagate(samples, report);
    else this.#predictiveCoding(samples, report);
    return report;
  }

  evaluate(examples: ExampleSet, range: { first: number; count: number }): Evaluation {
    const evaluation: Evaluation = { count: range.count, lossSum: 0, correct: 0 };
    for (let done = 0; done < range.count; done += this.#batchSize) {
      const samples = Math.min(this.#batchSize, range.count - done);
      clamp(this.#layers, examples, samples, (sample) => range.first + done + sample);
      forward(this.#layers, samples);
      const measures = measurePrediction(this.#output, samples, this.#settings.condition1Delta);
      evaluation.lossSum += measures.lossSum;
      evaluation.correct += measures.correct;
    }
    return evaluation;
  }

  gradients(minibatch: Minibatch, rule: "bp" | "pc"): LayerGradient[] {
    const samples = this.#clamp(minibatch);
    if (rule === "bp") return this.#lossGradients(samples);
    forward(this.#layers, samples);
    this.#runPhase(samples, { update: () => true });
    return this.#energyGradients(samples);
  }

  trace(minibatch: Minibatch, withWeightUpdates: boolean): PhaseTrace {
    const samples = this.#clamp(minibatch);
    const energy: number[] = [];
    const quadraticEnergy: number[] = [];
    const observe = (): void => {
      const quadratic = quadraticEnergyPerLayer(this.#layers, samples);
      quadraticEnergy.push(sum(quadratic));
      energy.push(sum(energyPerLayer(this.#layers, quadratic, samples)));
    };
    forward(this.#layers, samples);
    const stepsTaken = this.#runPhase(samples, {
      beforeStep: observe,
      update: () => {
        if (!withWeightUpdates) return true;
        energyGradients(this.#layers, samples);
        this.#applyGradients(samples);
        return true;
      },
    });
    // Everything below belongs to the last activities under the last weights.
    predictFirstLayer(this.#layers, samples);
    computeErrors(this.#layers, samples);
    observe();
    const residuals = inferenceResiduals(this.#layers, samples);
    return {
      energy,
      quadraticEnergy,
      quadraticEnergyPerLayer: quadraticEnergyPerLayer(this.#layers, samples),
      activities: this.#layers.slice(0, -1).map((layer) => layer.x.slice(0, samples * layer.units)),
      residualSum: sum(residuals),
      residualMax: Math.max(...residuals),
      stepsTaken,
      pc: this.#energyGradients(samples),
      bp: this.#lossGradients(samples),
    };
  }

  #clamp({ examples, indices }: Minibatch): number {
    if (indices.length < 1 || indices.length > this.#batchSize) {
      throw new Error(
        `a minibatch of ${indices.length}; the engine was made for ${this.#batchSize}`,
      );
    }
    clamp(this.#layers, examples, indices.length, (sample) => indices[sample]);
    return indices.length;
  }

  #runPhase(
    samples: number,
    hooks: { beforeStep?: () => void; update: (last: boolean) => boolean },
  ): number {
    const run = this.#settings.inference.method === "gauss_newton" ? runGaussNewton : runPhase;
    return run({ layers: this.#layers, samples, settings: this.#settings, ...hooks });
  }

  #backpropagate(samples: number, report: MinibatchReport): void {
    lossGradients(this.#layers, samples);
    if (this.#measurePrediction(samples, report)) this.#updateWeights(samples, report);
  }

  #predictiveCoding(samples: number, report: MinibatchReport): void {
    forward(this.#layers, samples);
    if (!this.#measurePrediction(samples, report)) return;
    const inference: InferenceMeasures = {
      quadraticEnergyPerLayer: new Float64Array(0),
      energyPerLayer: new Float64Array(0),
      residualSum: 0,
      residualMax: 0,
      stepsTaken: 0,
    };
    inference.stepsTaken = this.#runPhase(samples, {
      update: (last) => {
        const quadratic = quadraticEnergyPerLayer(this.#layers, samples);
        if (!this.#isFinite(quadratic, report)) return false;
        if (last) this.#measureInference(samples, quadratic, inference);
        energyGradients(this.#layers, samples);
        return this.#updateWeights(samples, report);
      },
    });
    report.inference = inference;
  }

  /** Of the forward pass. False: the loss is not finite. */
  #measurePrediction(samples: number, report: MinibatchReport): boolean {
    const { condition1Delta } = this.#settings;
    Object.assign(report, measurePrediction(this.#output, samples, condition1Delta));
    if (Number.isFinite(report.lossSum)) return true;
    report.divergence = { weightUpdate: this.#weightUpdates, layer: null, quantity: "loss" };
    return false;
  }

  #measureInference(samples: number, quadratic: Float64Array, into: InferenceMeasures): void {
    const residuals = inferenceResiduals(this.#layers, samples);
    into.quadraticEnergyPerLayer = quadratic;
    into.energyPerLayer = energyPerLayer(this.#layers, quadratic, samples);
    into.residualSum = sum(residuals);
    into.residualMax = Math.max(...residuals);
  }

  #isFinite(quadratic: Float64Array, report: MinibatchReport): boolean {
    const index = quadratic.findIndex((energy) => !Number.isFinite(energy));
    if (index === -1) return true;
    report.divergence = {
      weightUpdate: this.#weightUpdates,
      layer: index + 1,
      quantity: "energy",
    };
    return false;
  }

  /** From the gradients in the layers. False: a parameter is no longer finite. */
  #updateWeights(samples: number, report: MinibatchReport): boolean {
    this.#applyGradients(samples);
    report.weightUpdates += 1;
    report.divergence = divergedParameter(this.#layers, this.#weightUpdates);
    return report.divergence === null;
  }

  #applyGradients(samples: number): void {
    updateWeights({
      layers: this.#layers,
      samples,
      settings: this.#settings,
      done: this.#weightUpdates,
    });
    this.#weightUpdates += 1;
  }

  #energyGradients(samples: number): LayerGradient[] {
    energyGradients(this.#layers, samples);
    return this.#layers.map((layer) => ({
      ...copiedGradient(layer),
      logVariance: layer.logVariance.gradient.slice(),
    }));
  }

  #lossGradients(samples: number): LayerGradient[] {
    lossGradients(this.#layers, samples);
    return this.#layers.map(copiedGradient);
  }
}

const copiedGradient = ({ weights, bias }: Layer): LayerGradient => ({
  weights: weights.gradient.slice(),
  ...(bias === null ? {} : { bias: bias.gradient.slice() }),
});
