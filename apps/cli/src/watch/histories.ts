/** Validation accuracy over training, run by run, as it was told. */
import type { RunBody } from "@pclab/contracts";
import type { LabEvent } from "../client/eventStream.js";

export class Histories {
  readonly #ofRuns = new Map<string, Map<number, number>>();

  /** An attempt that goes on from a checkpoint measures some points again: the place in training counts. */
  #add(runId: string, weightUpdate: number, accuracy: number): void {
    const points = this.#ofRuns.get(runId) ?? new Map<number, number>();
    points.set(weightUpdate, accuracy);
    this.#ofRuns.set(runId, points);
  }

  addEvent({ type, data }: LabEvent): void {
    if (type !== "metric") return;
    const { run_id, weight_update, metrics } = data as {
      run_id: string;
      weight_update: number;
      metrics: { validation_accuracy?: number };
    };
    const { validation_accuracy: accuracy } = metrics;
    if (accuracy !== undefined) this.#add(run_id, weight_update, accuracy);
  }

  /** Where no events come, the last value of each look is what there is. */
  addRun({ id, progress, metrics }: RunBody): void {
    const { validation_accuracy: accuracy } = metrics;
    if (accuracy !== undefined && this.of(id).at(-1) !== accuracy)
      this.#add(id, progress.weight_updates, accuracy);
  }

  of(runId: string): number[] {
    return [...(this.#ofRuns.get(runId)?.values() ?? [])];
  }

  /** Over all runs. */
  range(): { low: number; high: number } {
    let low = Infinity;
    let high = -Infinity;
    for (const points of this.#ofRuns.values()) {
      for (const value of points.values()) {
        low = Math.min(low, value);
        high = Math.max(high, value);
      }
    }
    return { low, high };
  }
}
