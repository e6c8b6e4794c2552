/**
 * The dispatches of a minibatch. Two a step serve all layers of all replicas: every error, then every activity; neither
 * depth nor replicas add any. Whose turn it is, the kernels read from each replica's record.
 */
import { type ReplicaSettings, relaxesCondition2 } from "@pclab/core";
import { TILE_COLUMNS, rowsOf } from "./kernels/product.js";
import type { Layout } from "./layout.js";
import type { Groups, Recorder } from "./recorder.js";
import type { StepOffsets } from "./steps.js";

/** WebGPU's least maximum of groups along one dimension. */
const MOST_GROUPS = 65_535;

/** What a call asks of one replica; null leaves it out. */
export interface Part {
  settings: ReplicaSettings;
  samples: number;
  asBp: boolean;
  updates: boolean;
}

export interface PhaseOptions {
  recorder: Recorder;
  layout: Layout;
  steps: StepOffsets;
  parts: readonly (Part | null)[];
}

export class Phase {
  readonly #recorder: Recorder;
  readonly #layout: Layout;
  readonly #steps: StepOffsets;
  readonly #parts: readonly (Part | null)[];
  readonly #pc: readonly Part[];
  readonly #samples: number;

  constructor({ recorder, layout, steps, parts }: PhaseOptions) {
    this.#recorder = recorder;
    this.#layout = layout;
    this.#steps = steps;
    this.#parts = parts;
    const taking = parts.filter((part) => part !== null);
    this.#pc = taking.filter(({ asBp }) => !asBp);
    this.#samples = Math.max(0, ...taking.map(({ samples }) => samples));
  }

  /** x_l = mu_l from the bottom up, and what the prediction says. */
  forward(): void {
    this.#layout.layers.forEach(({ units, inputs }, index) => {
      const groups = this.#tiles(Math.ceil(units / TILE_COLUMNS));
      this.#recorder.dispatch(
        "forward",
        this.#steps.look(index),
        groups,
        this.#flop(units * inputs),
      );
    });
    this.#recorder.dispatch("judge", this.#steps.final, [this.#replicas, 1, 1]);
  }

  /** BP's h of the hidden layers, from the top down. */
  backward(): void {
    if (this.#parts.every((part) => part === null || !part.asBp)) return;
    for (let index = this.#layout.layers.length - 2; index >= 0; index--) {
      const { units } = this.#layout.layers[index] ?? { units: 0 };
      const above = this.#layout.layers[index + 1]?.units ?? 0;
      const groups = this.#tiles(Math.ceil(units / TILE_COLUMNS));
      this.#recorder.dispatch(
        "backward",
        this.#steps.look(index),
        groups,
        this.#flop(units * above),
      );
    }
  }

  /** The activity steps with the updates that come during them. `beforeStep`: at the errors that a step sets out from. */
  settle(beforeStep: (t: number) => void = () => undefined): void {
    if (this.#pc.length === 0) return;
    this.#errors(this.#steps.step(0));
    const last = Math.max(...this.#pc.map(({ settings }) => settings.inference.steps));
    if (this.#stopsEarly) this.#refresh();
    for (let t = 1; t <= last; t++) {
      beforeStep(t);
      this.#activities(this.#steps.step(t));
      this.#errors(this.#steps.step(t));
      this.#decideAt(t);
    }
  }

  /** The updates that follow the phase: those of `pc`, and BP's. */
  finish(): void {
    this.#energies();
    this.#decide(this.#steps.final);
    if (this.#pc.length > 0) this.#residuals(this.#steps.final);
    if (this.#parts.some((part) => part?.updates)) this.#update();
  }

  /** The energies of whatever takes part into its summary. */
  look(): void {
    this.#energies();
    this.#decide(this.#steps.look(0));
  }

  /** Errors, energies and residuals at the present activities under the present weights. */
  measure(): void {
    this.#predictFirst(this.#steps.look(0));
    this.#errors(this.#steps.look(0));
    this.look();
    this.#residuals(this.#steps.look(0));
  }

  /** Sums over the batch, of one replica. */
  gradient(replica: number): void {
    this.#recorder.dispatch("gradient", this.#steps.look(replica), this.#overParameters(1));
  }

  get #replicas(): number {
    return this.#parts.length;
  }

  get #stopsEarly(): boolean {
    return this.#pc.some(({ settings }) => settings.inference.tolerance > 0);
  }

  #decideAt(t: number): void {
    const during = this.#pc.filter(
      ({ settings: { algorithm, inference } }) =>
        relaxesCondition2(algorithm) &&
        (t % inference.updateEvery === 0 || t === inference.steps) &&
        t <= inference.steps,
    );
    if (!this.#stopsEarly && during.length === 0) return;
    this.#energies();
    this.#decide(this.#steps.step(t));
    if (during.length === 0) return;
    const mayEnd = ({ settings: { inference } }: Part): boolean =>
      t === inference.steps || inference.tolerance > 0;
    if (during.some(mayEnd)) this.#residuals(this.#steps.step(t));
    if (!during.some(({ updates }) => updates)) return;
    this.#update();
    if (!during.some(({ settings }) => t < settings.inference.steps)) return;
    this.#predictFirst(this.#steps.updated);
    this.#errors(this.#steps.updated);
    if (this.#stopsEarly) this.#refresh();
  }

  /** The energies that the next step's are compared with. */
  #refresh(): void {
    this.#energies();
    this.#decide(this.#steps.refresh);
  }

  #errors(offset: number): void {
    const groups = this.#tiles(this.#layout.unitTiles);
    this.#recorder.dispatch("errors", offset, groups, this.#flop(this.#innerWeights));
  }

  #activities(offset: number): void {
    if (this.#layout.hiddenTiles === 0) return;
    const groups = this.#tiles(this.#layout.hiddenTiles);
    this.#recorder.dispatch("activities", offset, groups, this.#flop(this.#innerWeights));
  }

  #residuals(offset: number): void {
    if (this.#layout.hiddenTiles > 0) {
      const groups = this.#tiles(this.#layout.hiddenTiles);
      this.#recorder.dispatch("residualTiles", offset, groups, this.#flop(this.#innerWeights));
    }
    this.#recorder.dispatch("residuals", offset, [this.#replicas, 1, 1]);
  }

  #predictFirst(offset: number): void {
    const { units = 0, inputs = 0 } = this.#layout.layers[0] ?? {};
    const groups = this.#tiles(Math.ceil(units / TILE_COLUMNS));
    this.#recorder.dispatch("predictFirst", offset, groups, this.#flop(units * inputs));
  }

  #energies(): void {
    if (this.#pc.length === 0) return;
    const groups: Groups = [this.#samples, this.#layout.layers.length, this.#replicas];
    this.#recorder.dispatch("sampleEnergies", this.#steps.final, groups);
  }

  #decide(offset: number): void {
    this.#recorder.dispatch("decide", offset, [this.#replicas, 1, 1]);
  }

  #update(): void {
    const groups = this.#overParameters(this.#replicas);
    this.#recorder.dispatch("update", this.#steps.final, groups, this.#flop(this.#weights));
  }

  #overParameters(replicas: number): Groups {
    const tiles = this.#layout.weightTiles + this.#layout.vectorTiles;
    const rows = Math.ceil(tiles / MOST_GROUPS);
    return [Math.ceil(tiles / rows), rows, replicas];
  }

  #tiles(columns: number): Groups {
    const rows = Math.ceil(this.#samples / rowsOf(this.#layout.tile));
    return [columns, rows, this.#replicas];
  }

  /** Of a product of these weights with every sample's activities. */
  #flop(weights: number): number {
    const samples = this.#parts.reduce((sum, part) => sum + (part?.samples ?? 0), 0);
    return 2 * samples * weights;
  }

  get #innerWeights(): number {
    return this.#layout.layers.slice(1).reduce((sum, { units, inputs }) => sum + units * inputs, 0);
  }

  get #weights(): number {
    return this.#layout.layers.reduce((sum, { units, inputs }) => sum + units * inputs, 0);
  }
}
