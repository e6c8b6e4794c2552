/** All relative to the largest value of the tensor compared, or to 1 where that is smaller. */
export interface ConformanceTolerances {
  /** Activities, energies, gradients and losses of one phase. */
  phase: number;
  /** Parameters after three minibatches with sgd or momentum. */
  trained: number;
  /** The same with adam and adamw, which divide rounding noise by rounding noise where a gradient is tiny. */
  trainedAdam: number;
}

export interface ConformanceCase {
  name: string;
  /** Rejects with a message that names what differed. */
  run: () => Promise<void>;
}
