import { describe, expect, test } from "vitest";
import { Generator } from "./generator.js";

const SFC32_FROM_1_2_3_1 = [4, 31, 56623170, 132259135, 3317874561, 1410031969];

const draws = (generator: Generator, count: number): number[] =>
  Array.from({ length: count }, () => generator.uint32());

describe("the generator", () => {
  test("gives the values of the published sfc32 from a given state", () => {
    // From an independent program (Python's integers, masked to 32 bits) started at the state 1, 2, 3, 1.
    expect(draws(Generator.resumed([1, 2, 3, 1]), 6)).toEqual(SFC32_FROM_1_2_3_1);
  });

  test("goes on from a saved state exactly", () => {
    const original = Generator.seeded(5, "shuffling");
    draws(original, 100);
    const copy = Generator.resumed(original.state());
    expect(draws(copy, 50)).toEqual(draws(original, 50));
  });

  test("gives each seed and each stream its own sequence", () => {
    const sequences = [0, 1, 2 ** 32 - 1].flatMap((seed) =>
      (["weights", "shuffling", "probes"] as const).map((stream) =>
        draws(Generator.seeded(seed, stream), 4).join(),
      ),
    );
    expect(new Set(sequences).size).toBe(9);
    expect(draws(Generator.seeded(1, "weights"), 4)).toEqual(
      draws(Generator.seeded(1, "weights"), 4),
    );
  });

  test("gives each part of a stream its own sequence", () => {
    const parts = [null, 0, 1, 11].map((part) =>
      draws(Generator.seeded(1, "proposals", part), 4).join(),
    );
    expect(new Set(parts).size).toBe(4);
  });

  test("draws uniform and normal values with the right moments", () => {
    const generator = Generator.seeded(3, "probes");
    const count = 40_000;
    const uniform = Array.from({ length: count }, () => generator.uniform());
    const normal = Array.from({ length: count }, () => generator.normal());
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / count;
    const power = (values: number[], exponent: number) => mean(values.map((v) => v ** exponent));
    // Five standard errors of each moment.
    expect(mean(uniform)).toBeCloseTo(0.5, 2);
    expect(power(uniform, 2)).toBeCloseTo(1 / 3, 2);
    expect(Math.abs(mean(normal))).toBeLessThan(0.025);
    expect(Math.abs(power(normal, 2) - 1)).toBeLessThan(0.036);
    expect(Math.abs(power(normal, 4) - 3)).toBeLessThan(0.25);
    expect(uniform.every((value) => value >= 0 && value < 1)).toBe(true);
  });

  test("draws every permutation about equally often", () => {
    const generator = Generator.seeded(8, "shuffling");
    const counts = new Map<string, number>();
    for (let draw = 0; draw < 6_000; draw++) {
      const key = generator.permutation(3).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    // 1000 expected each, standard deviation 29.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(145);
  });
});
