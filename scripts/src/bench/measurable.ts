/** What a benchmark measures, one at a time and a little each round. */
import type { RowKey, Sample } from "./row.js";

export interface Measurable {
  readonly key: RowKey;
  /** Floating-point operations of a minibatch's matrix products; null where they are not counted. */
  readonly flops: number | null;
  /** Builds what is measured and runs it once, untimed. @throws UnavailableError */
  prepare(): Promise<void>;
  /** One turn. @throws UnavailableError */
  run(): Promise<Sample>;
  /** Also after a `prepare` that failed. */
  dispose(): Promise<void>;
}
