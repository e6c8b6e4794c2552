/** Runs that are asked to stop, and a worker that is told twice. */
import { actOnRun, actOnSweep, listAttempts } from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { untilGone } from "./workerProcess.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

const endless = smallSpec({ algorithm: "pc", epochs: 10_000, evaluate_every: 1_000 });
const short = smallSpec({ algorithm: "bp", epochs: 2 });

/** The promise is 2 s at the 99th percentile; the rest is what a loaded machine takes. */
const CANCEL_MS = 6_000;

test("promise: cancel, a running run stops within seconds and its slot is free", async () => {
  const worker = lab.startWorker();
  for (let round = 0; round < 3; round++) {
    const id = await lab.submitOne(endless);
    await lab.untilState(id, "running");
    const children = worker.childPids();
    const answer = await actOnRun(lab.database, { userId: lab.userId, id }, "cancel");
    expect(answer).toMatchObject({ changed: true, run: { state: "canceling" } });
    const run = await lab.untilState(id, "canceled", CANCEL_MS);
    expect(run.reason).toBe("user");
    await untilGone(children);
    expect(await listAttempts(lab.database, id)).toMatchObject([{ outcome: "canceled" }]);
  }
  await lab.untilState(await lab.submitOne(short), "succeeded");
});

test("promise: cancel, a canceling run whose worker dies is canceled all the same", async () => {
  const worker = lab.startWorker();
  const id = await lab.submitOne(endless);
  await lab.untilState(id, "running");
  worker.signal("SIGSTOP");
  await actOnRun(lab.database, { userId: lab.userId, id }, "cancel");
  await worker.kill();
  await lab.untilState(id, "canceled", 20_000);
});

test("promise: cancel, a whole sweep ends, what runs and what waits", async () => {
  lab.startWorker();
  const { sweep, runIds } = await lab.submit([endless, endless, endless]);
  await lab.untilState(runIds[0], "running");
  await actOnSweep(lab.database, { userId: lab.userId, id: sweep.id }, "cancel");
  for (const id of runIds) await lab.untilState(id, "canceled", CANCEL_MS);
  await lab.untilState(await lab.submitOne(short), "succeeded");
});

test("promise: drain, a second signal forces, and the run goes on elsewhere", async () => {
  const worker = lab.startWorker({ checkpointSeconds: 600 });
  const id = await lab.submitOne(short);
  const { runIds } = await lab.submit([endless]);
  await lab.untilState(id, "succeeded");
  await lab.untilState(runIds[0], "running");
  const children = worker.childPids();
  // A child that answers nothing would hold the drain for as long as it may take.
  for (const pid of children) process.kill(pid, "SIGSTOP");
  worker.signal("SIGTERM");
  await lab.until("the worker to drain", 10_000, async () =>
    worker.log.includes("draining") ? true : null,
  );
  worker.signal("SIGTERM");
  expect(await worker.exited).toBe(1);
  await untilGone(children);
  const other = lab.startWorker({ checkpointSeconds: 600 });
  await lab.until("the run to be taken over", 20_000, async () => {
    const run = await lab.run(runIds[0]);
    return run.attempt === 2 && run.state === "running" ? true : null;
  });
  expect(other.childPids()).toHaveLength(1);
});
