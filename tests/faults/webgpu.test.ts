/**
 * The webgpu engine through a real worker, its children and PostgreSQL, on a Vulkan driver that computes on the CPU. Each
 * child compiles its kernels, for some seconds of a core's time.
 */
import { readFileSync } from "node:fs";
import { type ExperimentSpec, expandSweep } from "@pclab/core";
import { listMetrics, listWorkers } from "@pclab/storage";
import { describe, expect, test } from "vitest";
import { parseYaml } from "../../apps/api/src/http/bodies.js";
import {
  NO_SOFTWARE_VULKAN,
  findSoftwareVulkan,
} from "../../packages/engines/webgpu/src/testing.js";
import { BACKENDS, Lab } from "./lab.js";

const driver = findSoftwareVulkan();
const MODELS = ["bp", "pc", "pc_rc23"];
const TIMEOUT_MS = 600_000;

/** Of examples/first.yaml, in sizes that such a driver trains in seconds. */
const tinyRuns = (): ExperimentSpec[] => {
  const file = new URL("../../examples/first.yaml", import.meta.url);
  const expanded = expandSweep(parseYaml(readFileSync(file, "utf8")));
  if (!expanded.ok) throw new Error(JSON.stringify(expanded.problems));
  return expanded.value.runs
    .filter(({ algorithm }) => MODELS.includes(algorithm))
    .map((spec) => ({
      ...spec,
      width: 8,
      depth: 2,
      trainSize: 64,
      validationSize: 16,
      testSize: 16,
      batchSize: 8,
      epochs: 1,
      evaluateEvery: 1,
      inference: {
        ...spec.inference,
        steps: 8,
        updateEvery: spec.algorithm === "pc_rc23" ? 4 : 8,
      },
    }));
};

describe.skipIf(driver === null)(
  `ENGINE=webgpu${driver === null ? `: ${NO_SOFTWARE_VULKAN}` : ""}`,
  () => {
    test(
      "trains a sweep that leaves the engine open, and the lab tells on what",
      async () => {
        const lab = await Lab.open(BACKENDS[0]);
        try {
          lab.dispatch();
          lab.startWorker({
            engine: "webgpu",
            slots: 2,
            environment: { PCLAB_WEBGPU_SOFTWARE: "1", VK_ICD_FILENAMES: driver ?? "" },
          });
          const { runIds } = await lab.submit(tinyRuns());
          expect(runIds).toHaveLength(MODELS.length);
          for (const id of runIds) {
            const run = await lab.untilState(id, "succeeded", TIMEOUT_MS / 2);
            expect(run.engine).toMatch(/^webgpu\//);
            expect(run.manifest).toMatchObject({
              engine: run.engine,
              engine_choice: { spec: "auto", worker: "webgpu" },
              numerics_changed: [],
            });
            const rows = await listMetrics(lab.database, { runId: id });
            const loss = rows.find(({ name }) => name === "test_loss")?.value;
            expect(loss, `the test loss of ${id}`).toBeLessThan(2);
          }
          const [worker] = await listWorkers(lab.database);
          expect(worker.engines[0]).toBe("webgpu");
          expect(worker.gpu).toMatchObject({ name: expect.stringMatching(/./), index: null });
        } finally {
          await lab.close();
        }
      },
      TIMEOUT_MS,
    );
  },
);
