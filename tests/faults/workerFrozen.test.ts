import { listAttempts } from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { BACKENDS, Lab } from "./lab.js";
import { pauseInsert, writeIsPaused } from "./pausedWrite.js";
import { smallSpec } from "./smallSpec.js";
import { expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";
import { untilGone } from "./workerProcess.js";

let lab: Lab;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  lab.dispatch();
});
afterEach(() => lab.close());

test("promise: worker frozen past its lease, its stale writes are refused and it goes on with other work", async () => {
  const spec = smallSpec({ algorithm: "pc", epochs: 200, evaluate_every: 20 });
  const expected = await trainUndisturbed(spec, lab.datasetsFolder);
  const frozen = lab.startWorker();
  const id = await lab.submitOne(spec);
  await lab.untilCheckpoint(id);
  const children = frozen.childPids();
  frozen.signal("SIGSTOP");

  const rescuer = lab.startWorker();
  // The run is the rescuer's under a raised epoch, and still runs, when the first comes back to it.
  await lab.until("the rescuer to train", 30_000, async () => {
    const run = await lab.run(id);
    return run.attempt === 2 && run.state === "running" ? true : null;
  });
  frozen.signal("SIGCONT");
  await untilGone(children);
  expect(frozen.isAlive).toBe(true);

  await lab.untilState(id, "succeeded");
  expectEqualResults(await storedResult(lab.database, id), expected);
  const attempts = await listAttempts(lab.database, id);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
  const checkpoints = await lab.database.prisma.checkpoint.findMany({ where: { runId: id } });
  expect(checkpoints.map(({ attempt, final }) => ({ attempt, final }))).toEqual([
    { attempt: 2, final: true },
  ]);

  await rescuer.kill();
  const next = await lab.submitOne(smallSpec({ algorithm: "bp", epochs: 2 }));
  await lab.untilState(next, "succeeded");
});

test.each([
  { within: "a checkpoint's bytes", table: "checkpoint_chunks", nth: 2 },
  { within: "a metric batch", table: "metrics", nth: 2 },
])(
  "promise: worker frozen within $within, the locks it holds do not keep the run from others",
  async ({ table, nth }) => {
    const spec = smallSpec({ algorithm: "pc", epochs: 150, evaluate_every: 20 });
    const expected = await trainUndisturbed(spec, lab.datasetsFolder);
    await pauseInsert(lab.database, { table, nth });
    const frozen = lab.startWorker();
    const id = await lab.submitOne(spec);
    await lab.until(`a write to ${table} to pause`, 30_000, async () =>
      (await writeIsPaused(lab.database)) ? true : null,
    );
    frozen.signal("SIGSTOP");
    lab.startWorker();
    await lab.untilState(id, "succeeded");
    expectEqualResults(await storedResult(lab.database, id), expected);
    const attempts = await listAttempts(lab.database, id);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
    frozen.signal("SIGCONT");
    await lab.until("the frozen worker to leave the run", 20_000, async () =>
      frozen.childPids().length === 0 ? true : null,
    );
    expect(frozen.isAlive).toBe(true);
  },
  90_000,
);
