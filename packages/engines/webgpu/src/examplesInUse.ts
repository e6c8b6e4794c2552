/** Which data sets an engine keeps on the device: those of its last calls, so that a run's few stay and passing ones go. */
import type { ExampleSet } from "@pclab/core";
import type { Resident, ResidentExamples } from "./device/residentExamples.js";

const KEPT = 4;

export class ExamplesInUse {
  readonly #residents: ResidentExamples;
  /** In the order of their last use. */
  #kept = new Map<ExampleSet, Resident>();

  constructor(residents: ResidentExamples) {
    this.#residents = residents;
  }

  use(sets: readonly ExampleSet[]): Resident[] {
    const used = sets.map((set) => {
      const resident = this.#kept.get(set) ?? this.#residents.acquire(set);
      this.#kept.delete(set);
      this.#kept.set(set, resident);
      return resident;
    });
    for (const set of this.#kept.keys()) {
      if (this.#kept.size <= Math.max(KEPT, sets.length)) break;
      this.#residents.release(set);
      this.#kept.delete(set);
    }
    return used;
  }

  releaseAll(): void {
    for (const set of this.#kept.keys()) this.#residents.release(set);
    this.#kept = new Map();
  }
}
