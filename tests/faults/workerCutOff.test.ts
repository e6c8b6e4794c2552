import { listAttempts } from "@pclab/storage";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type TcpProxy, startTcpProxy } from "../tcpProxy.js";
import { BACKENDS, LEASE_MS, Lab } from "./lab.js";
import { smallSpec } from "./smallSpec.js";
import { type Result, expectEqualResults, storedResult, trainUndisturbed } from "./undisturbed.js";

const spec = smallSpec({ algorithm: "pc", epochs: 200, evaluate_every: 20 });

let lab: Lab;
let proxy: TcpProxy;
let expected: Result;
beforeEach(async () => {
  lab = await Lab.open(BACKENDS[0]);
  expected = await trainUndisturbed(spec, lab.datasetsFolder);
  proxy = await startTcpProxy(lab.url);
  lab.dispatch();
});
afterEach(async () => {
  await lab.close();
  await proxy.close();
});

test("promise: worker cut off for less than its lease, it trains on and nothing is lost or doubled", async () => {
  const worker = lab.startWorker({ databaseUrl: proxy.url, leaseMs: 20_000 });
  const id = await lab.submitOne(spec);
  await lab.untilCheckpoint(id);
  proxy.cut();
  await lab.until("the worker to notice", 10_000, async () =>
    worker.log.includes("a heartbeat failed") ? true : null,
  );
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  proxy.restore();
  await lab.untilState(id, "succeeded");
  expectEqualResults(await storedResult(lab.database, id), expected);
  expect(await listAttempts(lab.database, id)).toMatchObject([{ outcome: "succeeded" }]);
});

test("promise: worker cut off for longer than its lease, another ends the run and it commits nothing", async () => {
  const worker = lab.startWorker({ databaseUrl: proxy.url });
  const id = await lab.submitOne(spec);
  await lab.untilCheckpoint(id);
  proxy.cut();
  await new Promise((resolve) => setTimeout(resolve, LEASE_MS));
  const other = lab.startWorker();
  await lab.until("another to take the run", 30_000, async () =>
    (await lab.run(id)).attempt === 2 ? true : null,
  );
  proxy.restore();
  await lab.until("the first to leave the run", 20_000, async () =>
    worker.childPids().length === 0 ? true : null,
  );
  expect(worker.isAlive).toBe(true);
  await lab.untilState(id, "succeeded");
  expectEqualResults(await storedResult(lab.database, id), expected);
  const attempts = await listAttempts(lab.database, id);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(["lost", "succeeded"]);
  expect(other.isAlive).toBe(true);
});
