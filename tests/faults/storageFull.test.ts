import { type CheckpointRow, listAttempts, listCheckpoints, readCheckpoint } from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FullDisk, WRITTEN_BY_RUNS } from "../fullDisk.js";
import { BACKENDS, LEASE_MS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";
import { untilGone } from "./workerProcess.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

const spec = smallSpec({ algorithm: "bp", optimiser: "adam", epochs: 400, evaluate_every: 20 });

/** Reads the newest checkpoint whole: its bytes have the SHA-256 that was stored with them. */
const lastCheckpoint = async (id: string): Promise<CheckpointRow> => {
  const checkpoint = (await listCheckpoints(lab.database, id)).at(-1);
  if (checkpoint === undefined) throw new Error(`${id} has no checkpoint`);
  expect((await readCheckpoint(lab.database, checkpoint)).length).toBeGreaterThan(0);
  return checkpoint;
};

describe("promise: disk full", () => {
  test("the run waits as storage_full with its last checkpoint, and goes on by itself to the end of an undisturbed run", async () => {
    const expected = await trainUndisturbed(spec, lab.datasetsFolder);
    const disk = await FullDisk.in(lab.database, ["metrics", "checkpoint_chunks"]);
    const worker = lab.startWorker();
    const id = await lab.submitOne(spec);
    await lab.untilCheckpoint(id);
    const children = worker.childPids();
    await disk.fill();

    const waiting = await lab.untilState(id, "waiting_storage");
    expect(waiting).toMatchObject({ reason: "storage_full", crashes: 0, leaseUntil: null });
    expect(waiting.reasonDetail).toContain("make room on its disk");
    expect(waiting.finishedAt).toBeNull();
    await untilGone(children);
    const checkpoint = await lastCheckpoint(id);
    // Oftener than the crash budget would bear.
    const still = await lab.until("a fourth attempt to wait for room", 60_000, async () => {
      const run = await lab.run(id);
      return run.attempt >= 4 && run.state === "waiting_storage" ? run : null;
    });
    expect(still.crashes).toBe(0);
    expect((await lastCheckpoint(id)).id).toBe(checkpoint.id);

    await disk.makeRoom();
    await lab.untilState(id, "succeeded", 120_000);
    expectEqualResults(await storedResult(lab.database, id), expected);
    const attempts = await listAttempts(lab.database, id);
    expect(attempts[0].detail).toBe("PostgreSQL had no room for what the run measured");
    expect(worker.log).toContain("could not extend file");
    const outcomes = attempts.map(({ outcome }) => outcome);
    expect(new Set(outcomes.slice(0, -1))).toEqual(new Set(["storage_full"]));
    expect(outcomes.at(-1)).toBe("succeeded");
    expect(attempts.at(-1)?.resumedFrom).toBe(checkpoint.weightUpdate);
  }, 400_000);

  test("without room for a single row the lease runs out, and that is counted as no crash either", async () => {
    const expected = await trainUndisturbed(spec, lab.datasetsFolder);
    const disk = await FullDisk.in(lab.database, WRITTEN_BY_RUNS);
    const worker = lab.startWorker();
    const id = await lab.submitOne(spec);
    await lab.untilCheckpoint(id);
    await disk.fill();
    await lab.until("the worker to find no room for the end", 30_000, async () =>
      worker.log.includes("PostgreSQL has no room") ? true : null,
    );
    // So long after the lease the dispatcher has tried to take the run away.
    await lab.until("the lease to run out", 30_000, async () => {
      const { leaseUntil } = await lab.run(id);
      return leaseUntil !== null && leaseUntil.getTime() + 4 * LEASE_MS < Date.now() ? true : null;
    });
    expect((await lab.run(id)).state).toBe("running");
    await lastCheckpoint(id);

    await disk.makeRoom();
    const run = await lab.untilState(id, "succeeded", 120_000);
    expect(run.crashes).toBe(0);
    expectEqualResults(await storedResult(lab.database, id), expected);
    const attempts = await listAttempts(lab.database, id);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["storage_full", "succeeded"]);
  }, 400_000);
});
