import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runTraceCommand } from "./trace.js";

const network = {
  activation: "tanh",
  output_activation: "identity",
  node: "mba",
  layers: [{ weights: [[0.5, -0.25]] }, { weights: [[1], [-1]] }],
  inputs: [[1, 2]],
  targets: [[1, 0]],
  inference: { steps: 4, rate: 0.1 },
};

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-trace-"));
  await writeFile(join(folder, "good.json"), JSON.stringify(network));
  await writeFile(join(folder, "broken.json"), "{");
  await writeFile(join(folder, "wrong.json"), JSON.stringify({ ...network, targets: [[1]] }));
  const inference = { steps: 400, rate: 1e9 };
  const wild = { ...network, activation: "identity", inference };
  await writeFile(join(folder, "wild.json"), JSON.stringify(wild));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const run = async (...argv: string[]): Promise<{ status: number; out: string; err: string }> => {
  const collected = { out: "", err: "" };
  const into = (name: "out" | "err") =>
    new Writable({
      write(chunk, _encoding, done) {
        collected[name] += String(chunk);
        done();
      },
    });
  const status = await runTraceCommand({ argv, folder, output: into("out"), errors: into("err") });
  return { status, ...collected };
};

describe("npm run trace", () => {
  test.each([[[]], [["--engine", "reference"]], [["--engine", "auto"]]])(
    "prints one JSON document and nothing else, %j",
    async (engine) => {
      const { status, out, err } = await run("good.json", ...engine);
      expect({ status, err }).toEqual({ status: 0, err: "" });
      const trace = JSON.parse(out) as Record<string, unknown>;
      expect(Object.keys(trace)).toEqual([
        "energy",
        "quadratic_energy",
        "quadratic_energy_per_layer",
        "activities",
        "inference_residual",
        "pc",
        "bp",
        "cosine",
      ]);
      expect(trace["energy"]).toHaveLength(5);
      // x_1 starts at tanh(0.5 - 0.5) = 0, so that Q is half of the target's square.
      expect((trace["quadratic_energy"] as number[])[0]).toBe(0.5);
    },
  );

  test.each([
    [
      ["good.json", "--engine", "quantum"],
      2,
      "no engine 'quantum'; available: auto, webgpu, native, reference, tfjs",
    ],
    [["good.json", "--engin", "reference"], 2, "--engin"],
    [[], 2, "one FILE is expected"],
    [["good.json", "wrong.json"], 2, "one FILE is expected"],
    [["missing.json"], 1, "missing.json cannot be read"],
    [["broken.json"], 1, "broken.json is not JSON"],
    [["wrong.json"], 1, "#/targets/0: "],
    [["wild.json"], 1, "not finite"],
  ])("%j fails with status %i and says why on stderr", async (argv, status, message) => {
    const result = await run(...argv);
    expect(result.status).toBe(status);
    expect(result.out).toBe("");
    expect(result.err).toContain(message);
  });

  test("prints its usage when asked", async () => {
    const { status, out } = await run("--help");
    expect(status).toBe(0);
    expect(out).toContain("usage: npm run --silent trace");
  });
});
