import { LIVE_STATES, RUN_STATES, type RunState, isTerminal, transition } from "@pclab/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf } from "../../../tests/storage.js";
import { actOnRun } from "./runActions.js";
import { actOnSweep } from "./sweepActions.js";
import { renewLeases } from "./claims.js";
import { findOrCreateUser } from "./users.js";
import { StateConflictError } from "./moveRun.js";
import { findSweep } from "./sweeps.js";

let storage: TestStorage;
beforeEach(async () => {
  storage = await TestStorage.open();
});
afterEach(() => storage.close());

/** Puts the row itself into a state: some of them nothing in this version leads to yet. */
const force = async (runId: string, state: RunState): Promise<void> => {
  const isLive = (LIVE_STATES as readonly RunState[]).includes(state);
  await storage.database.prisma.$executeRaw`
    UPDATE runs SET state = ${state},
      lease_until = CASE WHEN ${isLive} THEN now() + interval '1 minute' END,
      finished_at = CASE WHEN ${isTerminal(state)} THEN now() END
    WHERE id = ${runId}`;
};

describe.each(RUN_STATES)("a run that is %s", (state) => {
  test("is canceled as the state table says", async () => {
    const id = await storage.queued();
    await force(id, state);
    const key = { userId: storage.userId, id };
    const to = transition(state, "cancel");
    if (state === "canceling" || state === "canceled") {
      expect(await actOnRun(storage.database, key, "cancel")).toMatchObject({ changed: false });
      expect((await storage.run(id)).state).toBe(state);
    } else if (to === null) {
      await expect(actOnRun(storage.database, key, "cancel")).rejects.toThrow(StateConflictError);
      expect((await storage.run(id)).state).toBe(state);
    } else {
      const answer = await actOnRun(storage.database, key, "cancel");
      expect(answer).toMatchObject({ changed: true, run: { state: to, reason: "user" } });
      expect(await actOnRun(storage.database, key, "cancel")).toMatchObject({ changed: false });
    }
  });

  test("is canceled by its sweep alike", async () => {
    const { sweep, runIds } = await storage.submit([anySpec(), anySpec()]);
    await force(runIds[0], state);
    await actOnSweep(storage.database, { userId: storage.userId, id: sweep.id }, "cancel");
    const run = await storage.run(runIds[0]);
    expect(run.state).toBe(transition(state, "cancel") ?? state);
    expect(run.finishedAt !== null).toBe(isTerminal(run.state));
    expect((await storage.run(runIds[1])).state).toBe("canceled");
  });
});

test("a canceled sweep remembers when it was asked for; asking again changes nothing", async () => {
  const { sweep } = await storage.submit([anySpec()]);
  const key = { userId: storage.userId, id: sweep.id };
  expect(await actOnSweep(storage.database, key, "cancel")).toEqual({ changed: true });
  const { cancelRequestedAt } = (await findSweep(storage.database, key)) ?? {};
  expect(cancelRequestedAt).toBeInstanceOf(Date);
  expect(await actOnSweep(storage.database, key, "cancel")).toEqual({ changed: false });
  expect((await findSweep(storage.database, key))?.cancelRequestedAt).toEqual(cancelRequestedAt);
});

test("nobody cancels what belongs to another user", async () => {
  const { sweep, runIds } = await storage.submit([anySpec()]);
  const { id: userId } = await findOrCreateUser(storage.database, "bob");
  expect(await actOnRun(storage.database, { userId, id: runIds[0] }, "cancel")).toBeNull();
  expect(await actOnSweep(storage.database, { userId, id: sweep.id }, "cancel")).toBeNull();
  expect((await storage.run(runIds[0])).state).toBe("queued");
});

test("cancelling a sweep while its runs beat deadlocks neither", async () => {
  for (let round = 0; round < 3; round++) {
    const { sweep, runIds } = await storage.submit(Array.from({ length: 60 }, () => anySpec()));
    const claimed = await Promise.all(runIds.map((id) => storage.claim(id)));
    // The worst order for whoever takes the rows as they come.
    const pulses = claimed.reverse().map((run) => ({ ...fenceOf(run), progress: null }));
    const beats = Array.from({ length: 20 }, () => renewLeases(storage.database, pulses, 60_000));
    const cancel = actOnSweep(storage.database, { userId: storage.userId, id: sweep.id }, "cancel");
    await Promise.all([...beats, cancel]);
    expect((await storage.run(runIds[0])).state).toBe("canceling");
  }
});
