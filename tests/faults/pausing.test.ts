/** Runs that stop at a checkpoint and go on from it: paused by their user, preempted for others; and workers that are held. */
import { actOnRun, listAttempts, listRunEvents, requestDrain } from "@pclab/storage";
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

const act = (id: string, action: "pause" | "resume" | "cancel") =>
  actOnRun(lab.database, { userId: lab.userId, id }, action);

test("promise: pause, a running run writes a checkpoint, frees its slot, and goes on from there", async () => {
  const worker = lab.startWorker({ checkpointSeconds: 600 });
  const id = await lab.submitOne(endless);
  await lab.untilState(id, "running");
  const children = worker.childPids();
  expect(await act(id, "pause")).toMatchObject({ changed: true, run: { state: "pausing" } });
  const paused = await lab.untilState(id, "paused", 10_000);
  expect(paused).toMatchObject({ reason: "user", workerId: null });
  await untilGone(children);
  // The slot is another's meanwhile.
  await lab.untilState(await lab.submitOne(short), "succeeded");
  await act(id, "resume");
  await lab.untilState(id, "running");
  const [first, second] = await listAttempts(lab.database, id);
  expect(first).toMatchObject({ outcome: "paused" });
  expect(second.resumedFrom).toBeGreaterThan(0);
  await act(id, "cancel");
  const events = await listRunEvents(lab.database, id, { after: 0, limit: 1000, types: ["log"] });
  expect(events.map(({ data }) => String(data["message"])).join("\n")).toMatch(
    /attempt 1 begins from the start.*\n[^]*attempt 2 begins from the checkpoint at weight update \d+/,
  );
});

test("promise: preemption, scavenger work goes at a checkpoint, and comes back when the other is done", async () => {
  lab.startWorker({ checkpointSeconds: 600 });
  const { sweep, runIds } = await lab.submit([endless]);
  await lab.database.prisma.sweep.update({
    where: { id: sweep.id },
    data: { priorityClass: "scavenger" },
  });
  const [scavenger] = runIds;
  await lab.untilState(scavenger, "running");
  const id = await lab.submitOne(short);
  await lab.untilState(id, "succeeded");
  await lab.until("the scavenger run to go on", 20_000, async () => {
    const run = await lab.run(scavenger);
    return run.attempt === 2 && run.state === "running" ? true : null;
  });
  const [first, second] = await listAttempts(lab.database, scavenger);
  expect(first).toMatchObject({ outcome: "handed_back" });
  expect(second.resumedFrom).toBeGreaterThan(0);
  expect((await lab.run(scavenger)).crashes).toBe(0);
  await act(scavenger, "cancel");
});

test("a worker that an operator drains takes nothing further, and what it trains goes on", async () => {
  lab.startWorker({ slots: 2 });
  const running = await lab.submitOne(endless);
  await lab.untilState(running, "running");
  const { workerId } = await lab.run(running);
  if (workerId === null) throw new Error("a running run has a worker");
  expect(await requestDrain(lab.database, workerId, true)).toMatchObject({ changed: true });
  // A beat brings it.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const waiting = await lab.submitOne(short);
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect((await lab.run(waiting)).state).toBe("queued");
  expect((await lab.run(running)).state).toBe("running");
  await requestDrain(lab.database, workerId, false);
  await lab.untilState(waiting, "succeeded", 20_000);
  await act(running, "cancel");
});
