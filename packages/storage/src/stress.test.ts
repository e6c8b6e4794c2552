import { expect, test } from "vitest";
import { TestStorage, anySpec, fenceOf } from "../../../tests/storage.js";
import { cancelSweep, renewLeases, recordCheckpoint, recordMetrics, recordFirstStep, nextRuns, markDispatched, forgetDispatch, dispatchedRuns, recoverLostRuns, recordEnd, capacity } from "./index.js";
test("stress", async () => {
  const storage = await TestStorage.open();
  const errors: string[] = [];
  for (let round = 0; round < 150; round++) {
    const { sweep, runIds } = await storage.submit([anySpec(), anySpec(), anySpec()]);
    const c = await storage.claim(runIds[0]);
    const f = fenceOf(c);
    let stop = false;
    const loop = async (name: string, w: () => Promise<unknown>) => {
      while (!stop) { try { await w(); } catch (e) { const m = String((e as Error).message); if (!/no longer held/.test(m)) errors.push(name + ": " + m.replace(/\s+/g, " ")); if (/no longer held/.test(m)) return; } }
    };
    const row = { weightUpdate: 1, name: "test_loss", layer: null, value: 1 } as const;
    const loops = [
      loop("first", async () => { await recordFirstStep(storage.database, f, { engine: "e", manifest: {} }); await recordMetrics(storage.database, f, [row]); await recordCheckpoint(storage.database, f, { attempt: 1, weightUpdate: 1, final: false, bytes: new Uint8Array(100000) }, [row]); }),
      loop("beat", () => renewLeases(storage.database, [{ ...f, progress: null }], 60000)),
      loop("dispatch", async () => { await capacity(storage.database, 1000); const n = await nextRuns(storage.database, 2); if (n.length) { const m = await markDispatched(storage.database, n); await forgetDispatch(storage.database, m); } }),
      loop("recover", () => recoverLostRuns(storage.database)),
    ];
    await new Promise((r) => setTimeout(r, Math.random() * 40));
    try { await cancelSweep(storage.database, { userId: storage.userId, id: sweep.id }); } catch (e) { errors.push("cancel: " + String((e as Error).message).replace(/\s+/g, " ")); }
    stop = true;
    await Promise.all(loops);
    await recordEnd(storage.database, f, { event: "stopped" }, null).catch(() => {});
  }
  await storage.close();
  expect(errors).toEqual([]);
}, 200_000);
