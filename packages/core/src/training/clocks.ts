/** The run's clocks. They go on from a checkpoint, so that none of them falls when a run is resumed. */
import { z } from "zod";

export const clockReadingSchema = z.strictObject({
  /** Minibatches alone. */
  trainSeconds: z.number().min(0),
  /** Train seconds times the threads that the run was given for each minibatch. */
  /** Absent from checkpoints of versions that counted none. */
  threadSeconds: z.number().min(0).default(0),
  /** Evaluation, checkpoints and the caller's own work included; the time between two attempts is not. */
  wallSeconds: z.number().min(0),
  /** Wall seconds times the worker slots held. */
  slotSeconds: z.number().min(0),
});
export type ClockReading = z.output<typeof clockReadingSchema>;

const ZERO: ClockReading = { trainSeconds: 0, threadSeconds: 0, wallSeconds: 0, slotSeconds: 0 };

export class Clocks {
  readonly #now: () => number;
  readonly #slots: number;
  readonly #resumed: ClockReading;
  readonly #startMs: number;
  #trainSeconds: number;
  #threadSeconds: number;

  /** `now` is monotonic, in milliseconds. */
  constructor(options: { now: () => number; slots: number; resumed: ClockReading | null }) {
    this.#now = options.now;
    this.#slots = options.slots;
    this.#resumed = options.resumed ?? ZERO;
    this.#startMs = options.now();
    this.#trainSeconds = this.#resumed.trainSeconds;
    this.#threadSeconds = this.#resumed.threadSeconds;
  }

  addMinibatch({ seconds, threads }: { seconds: number; threads: number }): void {
    this.#trainSeconds += seconds;
    this.#threadSeconds += seconds * threads;
  }

  read(): ClockReading {
    const elapsedSeconds = (this.#now() - this.#startMs) / 1000;
    return {
      trainSeconds: this.#trainSeconds,
      threadSeconds: this.#threadSeconds,
      wallSeconds: this.#resumed.wallSeconds + elapsedSeconds,
      slotSeconds: this.#resumed.slotSeconds + this.#slots * elapsedSeconds,
    };
  }
}
