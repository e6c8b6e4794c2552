import { createHash } from "node:crypto";
import { claimRun, recordCheckpoint, registerWorker } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
let id = "";
/** Three chunk rows, the last of them short. */
const bytes = Uint8Array.from(
  { length: 9 * 1024 * 1024 + 123 },
  (_, index) => (index * 2654435761) >>> 24,
);
const sha256 = createHash("sha256").update(bytes).digest("hex");

beforeAll(async () => {
  lab = await startTestLab();
  const sweep = (
    await lab.ada.post("/v1/sweeps", { base: { ...smallBase, algorithm: "bp" } })
  ).json();
  const [run] = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
  await registerWorker(lab.database, {
    id: "wrk_1",
    host: "test",
    pid: 1,
    slots: 1,
    engines: ["reference"],
    version: "0",
  });
  const claimed = await claimRun(lab.database, {
    runId: run.id,
    epoch: 0,
    workerId: "wrk_1",
    host: "test",
    slots: 1,
    leaseMs: 60_000,
  });
  id = await recordCheckpoint(
    lab.database,
    { runId: run.id, epoch: claimed?.epoch ?? -1 },
    { attempt: 1, weightUpdate: 5, final: false, kept: false, bytes },
    [],
  );
});
afterAll(() => lab.close());

const download = (headers: Record<string, string> = {}) =>
  lab.ada.request({ url: `/v1/checkpoints/${id}?format=safetensors`, headers });

describe("a checkpoint", () => {
  test("is described by its size and its sha256", async () => {
    const response = await lab.ada.get(`/v1/checkpoints/${id}`);
    expect(response.json()).toMatchObject({
      id,
      size_bytes: bytes.length,
      sha256,
      final: false,
      kept: false,
      weight_update: 5,
    });
  });

  test("comes back byte for byte, with its sha256 as ETag", async () => {
    const response = await download();
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      etag: `"${sha256}"`,
      "accept-ranges": "bytes",
      "content-length": String(bytes.length),
    });
    expect(createHash("sha256").update(response.rawPayload).digest("hex")).toBe(sha256);
  });

  test("is not sent again to who has it", async () => {
    const response = await download({ "if-none-match": `"${sha256}"` });
    expect([response.statusCode, response.rawPayload.length]).toEqual([304, 0]);
  });

  const chunk = 4 * 1024 * 1024;
  test.each([
    ["bytes=0-99", 0, 99],
    [`bytes=${chunk - 1}-${chunk}`, chunk - 1, chunk],
    [`bytes=${2 * chunk + 5}-`, 2 * chunk + 5, bytes.length - 1],
    ["bytes=-10", bytes.length - 10, bytes.length - 1],
    [`bytes=5-${bytes.length * 2}`, 5, bytes.length - 1],
  ])("goes on in the middle: %s", async (range, first, last) => {
    const response = await download({ range });
    expect(response.statusCode).toBe(206);
    expect(response.headers["content-range"]).toBe(`bytes ${first}-${last}/${bytes.length}`);
    expect(Buffer.compare(response.rawPayload, bytes.subarray(first, last + 1))).toBe(0);
  });

  test("is sent whole when it changed under a resumed download, or for a range that says nothing", async () => {
    for (const headers of [
      { range: "bytes=5-9", "if-range": '"other"' },
      { range: "bytes=9-5" },
      { range: "lines=1-2" },
    ]) {
      expect((await download(headers)).statusCode).toBe(200);
    }
  });

  test("has nothing past its end", async () => {
    const response = await download({ range: `bytes=${bytes.length}-` });
    expect(response.statusCode).toBe(416);
    expect(response.headers["content-range"]).toBe(`bytes */${bytes.length}`);
    expect(response.json()).toMatchObject({ code: "range_not_satisfiable" });
  });
});
