/** Everybody at once on the rows of one sweep: nobody deadlocks, whatever the order in which they come. */
import { expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf, waitingWork } from "../../../tests/storage.js";
import { actOnSweep } from "./sweepActions.js";
import { renewLeases } from "./claims.js";
import { forgetDispatch, markDispatched } from "./dispatch.js";
import {
  type Fence,
  StaleEpochError,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordMetrics,
} from "./liveRuns.js";
import { recoverLostRuns } from "./recovery.js";

const row = { weightUpdate: 1, name: "test_loss", layer: null, value: 1 } as const;
const checkpoint = {
  attempt: 1,
  weightUpdate: 1,
  final: false,
  kept: false,
  bytes: new Uint8Array(100_000),
};

test("an attempt writes, its worker beats, the dispatcher works and the sweep is canceled", async () => {
  const storage = await TestStorage.open();
  const { database, userId } = storage;

  const write = async (fence: Fence): Promise<void> => {
    await recordFirstStep(database, fence, {
      engine: "reference",
      manifest: {},
      numericsChanged: false,
    });
    await recordMetrics(database, fence, [row]);
    await recordCheckpoint(database, fence, checkpoint, [row]);
  };
  const dispatch = async (): Promise<void> => {
    await recoverLostRuns(database);
    await forgetDispatch(
      database,
      await markDispatched(database, (await waitingWork(database)).slice(0, 2)),
    );
  };

  try {
    for (let round = 0; round < 20; round++) {
      const { sweep, runIds } = await storage.submit([anySpec(), anySpec(), anySpec()]);
      const fence = fenceOf(await storage.claim(runIds[0]));
      const over = new AbortController();
      const repeat = async (work: () => Promise<unknown>): Promise<void> => {
        while (!over.signal.aborted) await work();
      };
      const others = Promise.all([
        repeat(() => write(fence)),
        repeat(() => renewLeases(database, [{ ...fence, progress: null }], 60_000)),
        repeat(dispatch),
      ]);
      await new Promise((resolve) => setTimeout(resolve, round));
      const answer = await actOnSweep(database, { userId, id: sweep.id }, "cancel");
      over.abort();
      await others;
      expect(answer).toEqual({ changed: true });
      await recordEnd(database, fence, { event: "stopped" }, null);
      await expect(write(fence)).rejects.toThrow(StaleEpochError);
    }
  } finally {
    await storage.close();
  }
});
