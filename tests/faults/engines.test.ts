/** Which engine a run gets of a worker, and what is told of it. */
import { createDataset, startableEngines, train } from "@pclab/core";
import {
  claimRun,
  giveUpRun,
  listAttempts,
  loadDataset,
  recordCheckpoint,
  recordFirstStep,
} from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ENGINES } from "../../apps/worker/src/engines.js";
import { renamedEngine } from "../renamedEngine.js";
import { BACKENDS, LEASE_MS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";

/** For Vulkan's loader, and so for the worker, whatever this machine has. */
const WITHOUT_GPU = { VK_DRIVER_FILES: "/nowhere.json" };

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
});
afterEach(() => lab.close());

test("a worker whose ENGINE cannot start does not start, and says why", async () => {
  const worker = lab.startWorker({ engine: "webgpu", environment: WITHOUT_GPU });
  expect(await worker.exited).toBe(2);
  expect(worker.log).toMatch(/webgpu finds no GPU: there is no Vulkan .*install/);
});

test("a worker gives the engine of ENGINE to runs that leave it open, and says so in their manifest", async () => {
  lab.dispatch();
  lab.startWorker({ engine: "reference", environment: WITHOUT_GPU });
  const id = await lab.submitOne(smallSpec({ algorithm: "bp", epochs: 1, engine: "auto" }));
  const run = await lab.untilState(id, "succeeded");
  expect(run.engine).toBe("reference/float64");
  expect(run.manifest).toMatchObject({ engine_choice: { spec: "auto", worker: "reference" } });
  const [worker] = await lab.database.prisma.worker.findMany();
  expect(worker.engines).toEqual(startableEngines(ENGINES));
});

test("a run by an engine that the worker cannot start fails, and its reason says why", async () => {
  lab.dispatch();
  lab.startWorker({ environment: WITHOUT_GPU });
  const spec = { ...smallSpec({ algorithm: "bp", epochs: 1 }), engine: "webgpu" } as const;
  const id = await lab.submitOne(spec);
  const run = await lab.untilState(id, "failed");
  expect(run.reason).toBe("user_error");
  expect(run.reasonDetail).toMatch(/'webgpu' cannot start here: webgpu finds no GPU/);
});

test("promise: resume, a run whose checkpoint is another engine's goes on, and where is on record", async () => {
  const id = await lab.submitOne(smallSpec({ algorithm: "bp", epochs: 2 }));
  const weightUpdate = await trainElsewhere(id);
  lab.dispatch();
  lab.startWorker();
  const run = await lab.untilState(id, "succeeded");
  expect(run.engine).toBe("reference/float64");
  expect(run.manifest).toMatchObject({
    engine: "reference/float64",
    numerics_changed: [
      { from: "elsewhere/float64", to: "reference/float64", weight_update: weightUpdate },
    ],
  });
  const attempts = await listAttempts(lab.database, id);
  expect(attempts.map(({ numericsChanged }) => numericsChanged)).toEqual([false, true]);
  expect(attempts[1].resumedFrom).toBe(weightUpdate);
});

/** An attempt of a worker with an engine that this machine does not have, up to its first checkpoint. */
const trainElsewhere = async (id: string): Promise<number> => {
  const { database, datasetsFolder } = lab;
  const engine = renamedEngine("elsewhere/float64");
  const spec = smallSpec({ algorithm: "bp", epochs: 2 });
  const lease = { workerId: "wrk_elsewhere", host: "elsewhere", slots: 1, leaseMs: LEASE_MS };
  const claimed = await claimRun(database, { runId: id, epoch: 0, ...lease });
  if (claimed === null) throw new Error(`${id} could not be claimed`);
  const fence = { runId: id, epoch: claimed.epoch };
  const events = train({
    spec,
    dataset: createDataset(await loadDataset(spec.dataset, { datasetsFolder }), spec),
    engine,
    checkpoint: null,
    now: () => performance.now(),
    breathe: async () => {},
    control: { checkpointRequested: true, threads: 1 },
    checkpointEverySeconds: Number.POSITIVE_INFINITY,
    slots: 1,
  });
  for await (const event of events) {
    if (event.type !== "checkpoint") continue;
    const step = { engine: engine.id, manifest: {}, numericsChanged: false };
    await recordFirstStep(database, fence, step);
    await recordCheckpoint(database, fence, { attempt: claimed.attempt, ...event }, []);
    await giveUpRun(database, fence, "handed_back", "the worker drains");
    return event.weightUpdate;
  }
  throw new Error("the run ended before its first checkpoint");
};
