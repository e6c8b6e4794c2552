/**
 * The order in which training sees its examples: a fresh permutation an epoch, cut into minibatches. The cursor is small
 * (the permutation is drawn again on resume) and exact.
 */
import { Generator, type GeneratorState } from "../random/generator.js";

export interface MinibatchCursor {
  /** Epochs begun, from 0. */
  epoch: number;
  /** Examples of this epoch already handed out. */
  position: number;
  /** The generator as it was before this epoch's permutation was drawn. */
  generator: GeneratorState;
}

export interface MinibatchOptions {
  count: number;
  batchSize: number;
}

export class Minibatches {
  readonly #count: number;
  readonly #batchSize: number;
  readonly #generator: Generator;
  #epoch: number;
  #position: number;
  #before: GeneratorState;
  #order: Uint32Array;

  private constructor({ count, batchSize }: MinibatchOptions, cursor: MinibatchCursor) {
    if (cursor.position > count) {
      throw new Error(`a cursor at ${cursor.position} of ${count} examples`);
    }
    this.#count = count;
    this.#batchSize = batchSize;
    this.#generator = Generator.resumed(cursor.generator);
    this.#epoch = cursor.epoch;
    this.#position = cursor.position;
    this.#before = cursor.generator;
    this.#order = this.#generator.permutation(count);
  }

  static seeded(options: MinibatchOptions, seed: number): Minibatches {
    const generator = Generator.seeded(seed, "shuffling").state();
    return new Minibatches(options, { epoch: 0, position: 0, generator });
  }

  static resumed(options: MinibatchOptions, cursor: MinibatchCursor): Minibatches {
    return new Minibatches(options, cursor);
  }

  cursor(): MinibatchCursor {
    return { epoch: this.#epoch, position: this.#position, generator: this.#before };
  }

  /** The next examples, endlessly. The last minibatch of an epoch is short where the examples do not divide. */
  next(): Uint32Array {
    if (this.#position === this.#count) {
      this.#before = this.#generator.state();
      this.#order = this.#generator.permutation(this.#count);
      this.#epoch += 1;
      this.#position = 0;
    }
    const end = Math.min(this.#position + this.#batchSize, this.#count);
    const indices = this.#order.slice(this.#position, end);
    this.#position = end;
    return indices;
  }
}
