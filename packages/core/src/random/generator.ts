/**
 * The one random generator of the lab: sfc32 (Chris Doty-Humphrey's "small fast counting" generator, PractRand), 128 bits
 * of state of which 32 count, so that every seed has a period of at least 2^32. Its state is four plain numbers, which
 * a checkpoint stores and a resumed run goes on from.
 */
import type { StreamName } from "./streams.js";

/** Four unsigned 32-bit integers. */
export type GeneratorState = [number, number, number, number];

export class Generator {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  private constructor(state: GeneratorState) {
    [this.#a, this.#b, this.#c, this.#counter] = state;
  }

  /**
   * One seed gives every stream its own sequence: drawing more from one never shifts another. `part` gives each part of
   * a stream its own again.
   */
  static seeded(seed: number, stream: StreamName, part: number | null = null): Generator {
    const [a, b, c] = hashed(part === null ? `${seed}/${stream}` : `${seed}/${stream}/${part}`);
    const generator = new Generator([a, b, c, 1]);
    // The authors' advice: similar seeds only part ways after a dozen rounds.
    for (let round = 0; round < 16; round++) generator.uint32();
    return generator;
  }

  static resumed(state: GeneratorState): Generator {
    return new Generator(state);
  }

  state(): GeneratorState {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#counter >>> 0];
  }

  /** Uniform over 0..2^32 - 1. */
  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum >>> 0;
  }

  /** Uniform over [0, 1), with all 53 bits of a double. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** Standard normal, by Box and Muller; the second value is dropped so that the state stays four numbers. */
  normal(): number {
    // 1 - u lies in (0, 1]: its logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Uniform over 0..limit - 1, without the bias of a bare remainder. `limit` is at most 2^32. */
  below(limit: number): number {
    const unbiased = 2 ** 32 - (2 ** 32 % limit);
    for (;;) {
      const value = this.uint32();
      if (value < unbiased) return value % limit;
    }
  }

  /** A uniformly drawn order of 0..count - 1 (Fisher and Yates). */
  permutation(count: number): Uint32Array {
    const order = Uint32Array.from({ length: count }, (_, index) => index);
    for (let last = count - 1; last > 0; last--) {
      const other = this.below(last + 1);
      const value = order[last];
      order[last] = order[other];
      order[other] = value;
    }
    return order;
  }
}

/** Three words of a text: FNV-1a from three starts, each finished with murmur3's mixer. */
const hashed = (text: string): [number, number, number] => {
  const word = (start: number): number => {
    let hash = start;
    for (let index = 0; index < text.length; index++) {
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  };
  return [word(0x811c9dc5), word(0x9e3779b9), word(0x243f6a88)];
};
