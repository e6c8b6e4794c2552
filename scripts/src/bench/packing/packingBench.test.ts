import { Writable } from "node:stream";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runPackingBench } from "./packingBench.js";

// The measuring processes are run from the sources as this one is.
beforeAll(() => void vi.stubEnv("NODE_OPTIONS", "--import tsx --conditions=pclab-source"));
afterAll(() => void vi.unstubAllEnvs());

const run = async (...argv: string[]): Promise<{ status: number; out: string; err: string }> => {
  const texts = { out: "", err: "" };
  const into = (name: keyof typeof texts): Writable =>
    new Writable({
      write: (chunk, _, done) => {
        texts[name] += String(chunk);
        done();
      },
    });
  const status = await runPackingBench({ argv, output: into("out"), errors: into("err") });
  return { status, ...texts };
};

test("each shape has a row: both paces, their ratio, starts and memory", async () => {
  const { status, out } = await run(
    ..."--engine reference --model bp --widths 3 --runs 2 --seconds 0.3 --rounds 1".split(" "),
    "--markdown",
  );
  expect(status).toBe(0);
  const cells = out
    .split("\n")
    .find((line) => line.startsWith("| 3 |"))
    ?.split("|")
    .map((cell) => Number.parseFloat(cell));
  const [, width, runs, apart, packed, ratio, ...rest] = cells ?? [];
  expect([width, runs]).toEqual([3, 2]);
  expect(packed / apart).toBeCloseTo(ratio, 0);
  for (const value of [apart, packed, ...rest.slice(0, 4)]) expect(value).toBeGreaterThan(0);
}, 120_000);

test.each([
  [["--runs", "0"], '--runs "0"'],
  [["--engine", "abacus"], '--engine "abacus"'],
  [["--seconds", "-1"], "--seconds"],
  [["--colour"], "--colour"],
])("refuses %j by name", async (argv, message) => {
  const { status, err } = await run(...argv);
  expect(status).toBe(2);
  expect(err).toContain(message);
});
