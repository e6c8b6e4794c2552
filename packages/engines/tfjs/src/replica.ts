/** One network of the engine: what the engine's interface asks of a single replica. */
import {
  type Divergence,
  type Evaluation,
  type ExampleSet,
  type LayerGradient,
  type Minibatch,
  type MinibatchReport,
  type NetworkShape,
  type NetworkState,
  type PhaseTrace,
  type ReplicaSettings,
} from "@pclab/core";
import { type Tensor1D, type Tensor2D, stack } from "@tensorflow/tfjs-core";
import { clamp } from "./examples.js";
import { type Gradient, energyGradients, lossGradients } from "./gradients.js";
import { type Clamped, forward } from "./inference.js";
import { type Layer, createLayers, releaseLayers } from "./layer.js";
import { logVarianceSums, predictionMeasures, quadraticEnergies, residuals } from "./measures.js";
import { Phase, runPhase } from "./phase.js";
import { type UpdateRecord, readGradients, readRecords } from "./readBack.js";
import { type UpdateNumbers, reportOf, sumsPerLayer, withLogVariances } from "./report.js";
import { kept, release } from "./scope.js";
import { loadLayers, read, readLayers } from "./state.js";
import { finiteness, updateWeights } from "./weightUpdate.js";

const sum = (values: Float32Array | Float64Array): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

/** Of the errors that the last update was made from. */
interface LastMeasures {
  residuals: Tensor1D;
  logVarianceSums: Tensor1D;
}

export class Replica {
  readonly #shape: NetworkShape;
  readonly #layers: Layer[];
  readonly #settings: ReplicaSettings;
  readonly #batchSize: number;
  readonly #parameters: Pick<Divergence, "layer" | "quantity">[];
  #weightUpdates = 0;

  constructor(shape: NetworkShape, settings: ReplicaSettings, batchSize: number) {
    this.#shape = shape;
    this.#layers = createLayers(shape);
    this.#settings = settings;
    this.#batchSize = batchSize;
    this.#parameters = this.#layers.flatMap(({ number: layer, bias }) => [
      { layer, quantity: "weights" as const },
      ...(bias === null ? [] : [{ layer, quantity: "bias" as const }]),
      { layer, quantity: "log_variance" as const },
    ]);
  }

  dispose(): void {
    releaseLayers(this.#layers);
  }

  load(state: NetworkState): void {
    loadLayers(this.#layers, state, this.#settings.optimiser);
    this.#weightUpdates = state.weightUpdates;
  }

  async read(): Promise<NetworkState> {
    return { layers: await readLayers(this.#layers), weightUpdates: this.#weightUpdates };
  }

  async train(minibatch: Minibatch): Promise<MinibatchReport> {
    const report = await this.#withExamples(minibatch.examples, minibatch.indices, (clamped) =>
      this.#settings.algorithm === "bp"
        ? this.#backpropagate(clamped)
        : this.#predictiveCoding(clamped),
    );
    this.#weightUpdates += report.weightUpdates;
    return report;
  }

  async evaluate(
    examples: ExampleSet,
    { first, count }: { first: number; count: number },
  ): Promise<Evaluation> {
    const evaluation: Evaluation = { count, lossSum: 0, correct: 0 };
    for (let done = 0; done < count; done += this.#batchSize) {
      const samples = Math.min(this.#batchSize, count - done);
      const indices = Uint32Array.from({ length: samples }, (_, i) => first + done + i);
      await this.#withExamples(examples, indices, async ({ inputs, targets }) => {
        const measures = kept(() =>
          predictionMeasures(forward(this.#layers, inputs).yhat, targets),
        );
        evaluation.lossSum += sum(await read(measures.squares)) / 2;
        evaluation.correct += sum(await read(measures.hits));
        release(measures);
      });
    }
    return evaluation;
  }

  async gradients({ examples, indices }: Minibatch, rule: "bp" | "pc"): Promise<LayerGradient[]> {
    return this.#withExamples(examples, indices, async (clamped) => {
      if (rule === "bp") return readGradients(this.#lossGradients(clamped));
      return this.#withPhase(clamped, async (phase) => {
        await runPhase(phase, this.#layers, this.#settings, { update: () => {} });
        return readGradients(this.#energyGradients(phase, clamped));
      });
    });
  }

  async trace({ examples, indices }: Minibatch, withWeightUpdates: boolean): Promise<PhaseTrace> {
    const samples = indices.length;
    return this.#withExamples(examples, indices, (clamped) =>
      this.#withPhase(clamped, async (phase) => {
        const seen: { energies: Tensor2D; logVarianceSums: Tensor1D }[] = [];
        const observe = (): void => {
          seen.push(
            kept(() => ({
              energies: quadraticEnergies(this.#layers, phase.errors),
              logVarianceSums: logVarianceSums(this.#layers),
            })),
          );
        };
        const stepsTaken = await runPhase(phase, this.#layers, this.#settings, {
          beforeStep: observe,
          update: () => {
            if (!withWeightUpdates) return;
            this.#applyEnergyGradients(phase, clamped, this.#weightUpdates);
            this.#weightUpdates += 1;
          },
        });
        // Everything below belongs to the last activities under the last weights.
        phase.predictAgain();
        observe();
        const quadratic: Float64Array[] = [];
        const energy: number[] = [];
        for (const { energies, logVarianceSums: sums } of seen) {
          const perLayer = sumsPerLayer(await read(energies), this.#layers.length);
          quadratic.push(perLayer);
          energy.push(sum(withLogVariances(perLayer, await read(sums), this.#counts(samples))));
        }
        release(seen);
        const residualTensor = kept(() => residuals(this.#layers, phase.errors, samples));
        const residualNorms = await read(residualTensor);
        release(residualTensor);
        return {
          energy,
          quadraticEnergy: quadratic.map(sum),
          quadraticEnergyPerLayer: quadratic.at(-1) ?? new Float64Array(0),
          activities: await Promise.all(phase.x.map(read)),
          residualSum: sum(residualNorms),
          residualMax: Math.max(...residualNorms),
          stepsTaken,
          pc: await readGradients(this.#energyGradients(phase, clamped)),
          bp: await readGradients(this.#lossGradients(clamped)),
        };
      }),
    );
  }

  async #backpropagate(clamped: Clamped): Promise<MinibatchReport> {
    const { measures, gradients } = kept(() => {
      const pass = forward(this.#layers, clamped.inputs);
      return {
        measures: predictionMeasures(pass.yhat, clamped.targets),
        gradients: lossGradients(this.#layers, pass, clamped),
      };
    });
    this.#update(gradients, clamped.inputs.shape[0], this.#weightUpdates);
    const finite = this.#finiteness();
    const numbers = {
      squares: await read(measures.squares),
      hits: await read(measures.hits),
      updates: [{ energies: new Float32Array(0), finite: await read(finite) }],
      inference: null,
    };
    release(measures, finite);
    return reportOf(numbers, this.#reportOptions());
  }

  async #predictiveCoding(clamped: Clamped): Promise<MinibatchReport> {
    const samples = clamped.inputs.shape[0];
    return this.#withPhase(clamped, async (phase) => {
      const records: UpdateRecord[] = [];
      let last: LastMeasures | null = null;
      const stepsTaken = await runPhase(phase, this.#layers, this.#settings, {
        update: (isLast) => {
          const energies = kept(() => quadraticEnergies(this.#layers, phase.errors));
          if (isLast) last = this.#lastMeasures(phase, samples);
          this.#applyEnergyGradients(phase, clamped, this.#weightUpdates + records.length);
          records.push({ energies, finite: this.#finiteness() });
        },
      });
      const updates = await readRecords(records);
      const inference = await this.#inferenceOf(last, updates, { stepsTaken, samples });
      const numbers = {
        squares: await read(phase.prediction.squares),
        hits: await read(phase.prediction.hits),
        updates,
        inference,
      };
      release(records, last);
      return reportOf(numbers, this.#reportOptions());
    });
  }

  #lastMeasures(phase: Phase, samples: number): LastMeasures {
    return kept(() => ({
      residuals: residuals(this.#layers, phase.errors, samples),
      logVarianceSums: logVarianceSums(this.#layers),
    }));
  }

  async #inferenceOf(
    last: LastMeasures | null,
    updates: readonly UpdateNumbers[],
    { stepsTaken, samples }: { stepsTaken: number; samples: number },
  ) {
    const energies = updates.at(-1)?.energies;
    if (last === null || energies === undefined) throw new Error("a phase ended without an update");
    const quadraticEnergyPerLayer = sumsPerLayer(energies, this.#layers.length);
    const norms = await read(last.residuals);
    return {
      quadraticEnergyPerLayer,
      energyPerLayer: withLogVariances(
        quadraticEnergyPerLayer,
        await read(last.logVarianceSums),
        this.#counts(samples),
      ),
      residualSum: sum(norms),
      residualMax: Math.max(...norms),
      stepsTaken,
    };
  }

  async #withExamples<T>(
    examples: ExampleSet,
    indices: Uint32Array,
    use: (clamped: Clamped) => Promise<T>,
  ): Promise<T> {
    const bounds = { shape: this.#shape, batchSize: this.#batchSize };
    const clamped = clamp(bounds, examples, indices);
    try {
      return await use(clamped);
    } finally {
      release(clamped);
    }
  }

  async #withPhase<T>(clamped: Clamped, use: (phase: Phase) => Promise<T>): Promise<T> {
    const phase = new Phase(this.#layers, clamped);
    try {
      return await use(phase);
    } finally {
      phase.end();
    }
  }

  #energyGradients({ x, errors }: Phase, { inputs }: Clamped): Gradient[] {
    return kept(() => energyGradients(this.#layers, x, errors, inputs));
  }

  #lossGradients(clamped: Clamped): Gradient[] {
    return kept(() => lossGradients(this.#layers, forward(this.#layers, clamped.inputs), clamped));
  }

  #applyEnergyGradients(phase: Phase, clamped: Clamped, done: number): void {
    this.#update(this.#energyGradients(phase, clamped), clamped.inputs.shape[0], done);
  }

  /** Releases the gradients, which were summed over `samples`. */
  #update(gradients: Gradient[], samples: number, done: number): void {
    const settings = this.#settings;
    updateWeights({ layers: this.#layers, gradients, samples, settings, done });
    release(gradients);
  }

  #finiteness(): Tensor1D {
    return kept(() => stack(finiteness(this.#layers)) as Tensor1D);
  }

  #counts(samples: number): { units: number[]; samples: number } {
    return { units: this.#layers.map(({ units }) => units), samples };
  }

  #reportOptions() {
    return {
      parameters: this.#parameters,
      condition1Delta: this.#settings.condition1Delta,
      done: this.#weightUpdates,
    };
  }
}
