/** The tfjs engine through a real worker. TensorFlow is not to be had everywhere: in plain JavaScript, as the setting says. */
import { readFileSync } from "node:fs";
import { type ExperimentSpec, expandSweep } from "@pclab/core";
import { findTensorFlow } from "@pclab/engine-tfjs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parse } from "yaml";
import { BACKENDS, Lab } from "./lab.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
});
afterEach(() => lab.close());

/** The five models of examples/first.yaml, tiny. */
const tinyFirst = (): ExperimentSpec[] => {
  const text = readFileSync(new URL("../../examples/first.yaml", import.meta.url), "utf8");
  const { base, runs } = parse(text) as { base: object; runs: Record<string, unknown>[] };
  const tiny = { width: 6, depth: 2, train_size: 48, validation_size: 16, test_size: 16 };
  const expanded = expandSweep({
    base: { ...base, ...tiny },
    runs: runs.map((run) => ({
      ...run,
      epochs: 1,
      ...(run["algorithm"] === "bp" ? {} : { inference: { steps: 8 } }),
    })),
  });
  if (!expanded.ok) throw new Error(JSON.stringify(expanded.problems));
  return expanded.value.runs;
};

test("ENGINE=tfjs trains the five models of the first sweep, and says on what", async () => {
  lab.dispatch();
  const worker = lab.startWorker({ engine: "tfjs", tfjsBackend: "cpu", slots: 2 });
  const specs = tinyFirst();
  const { runIds } = await lab.submit(specs);
  expect(runIds).toHaveLength(5);
  for (const [index, id] of runIds.entries()) {
    const run = await lab.untilState(id, "succeeded", 120_000);
    expect(run.engine).toBe("tfjs/cpu");
    expect(run.manifest).toMatchObject({ engine_choice: { spec: "auto", worker: "tfjs" } });
    expectEqualResults(
      await storedResult(lab.database, id),
      await trainUndisturbed({ ...specs[index], engine: "tfjs" }, lab.datasetsFolder),
    );
  }
  const [row] = await lab.database.prisma.worker.findMany();
  expect(row.engines).toContain("tfjs");
  expect(worker.log).not.toContain("TensorFlow.js in Node.js");
});

/** Where somebody has installed TensorFlow the worker starts, and there is nothing to refuse. */
test.runIf("problem" in findTensorFlow())(
  "without TensorFlow, plain JavaScript does not stand in: the worker does not start, and says what to install",
  async () => {
    const worker = lab.startWorker({ engine: "tfjs" });
    expect(await worker.exited).toBe(2);
    expect(worker.log).toContain("npm install --no-save @tensorflow/tfjs-node-gpu@4.22.0");
  },
);
