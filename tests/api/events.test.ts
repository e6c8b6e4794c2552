/** What happened, as it happens: numbered without gaps, resumed behind the last that was seen. */
import {
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordLog,
  recordMetrics,
} from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
let address: string;
beforeAll(async () => {
  lab = await startTestLab();
  address = await lab.app.listen({ port: 0, host: "127.0.0.1" });
});
afterAll(() => lab.close());

interface Event {
  id: string | null;
  type: string;
  data: Record<string, unknown>;
}

const parse = (text: string): Event[] =>
  text
    .split("\n\n")
    .filter((block) => block.includes("event: "))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? null;
      return {
        id: field("id"),
        type: field("event") ?? "",
        data: JSON.parse(field("data") ?? "null") as Record<string, unknown>,
      };
    });

/** Reads a stream to its end. */
const listen = async (path: string, headers: Record<string, string> = {}): Promise<Event[]> => {
  const response = await fetch(`${address}${path}`, {
    headers: { authorization: `Bearer ${lab.ada.token}`, ...headers },
  });
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  return parse(await response.text());
};

const submit = async (count: number) => {
  const { id } = (
    await lab.ada.post("/v1/sweeps", {
      base: { ...smallBase, algorithm: "bp" },
      grid: { seed: Array.from({ length: count }, (_, seed) => seed) },
    })
  ).json();
  const { data } = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json();
  return { id: id as string, runIds: data.map((run: { id: string }) => run.id) as string[] };
};

const train = async (runId: string): Promise<void> => {
  const fence = await claimForTest(lab, runId);
  await recordFirstStep(lab.database, fence, {
    engine: "reference",
    manifest: {},
    numericsChanged: false,
  });
  await recordLog(lab.database, fence, [{ level: "info", message: "attempt 1 begins" }]);
  await recordMetrics(lab.database, fence, [
    { weightUpdate: 3, name: "train_loss", layer: null, value: 0.5 },
    { weightUpdate: 3, name: "energy", layer: 1, value: 0.5 },
  ]);
  await recordCheckpoint(
    lab.database,
    fence,
    { attempt: 1, weightUpdate: 3, final: true, kept: false, bytes: new Uint8Array(8) },
    [],
  );
  await recordEnd(lab.database, fence, { event: "last_step" }, null);
};

const TYPES = ["state", "state", "log", "metric", "checkpoint", "state", "end"];

describe("the stream of a run", () => {
  test("tells all that happens to it while it is listened to, and ends with it", async () => {
    const { runIds } = await submit(1);
    const listening = listen(`/v1/runs/${runIds[0]}/events`);
    await train(runIds[0]);
    const events = await listening;
    const stored = events.filter(({ id }) => id !== null);
    expect(stored.map(({ id }) => Number(id))).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...stored, events.at(-1)].map((event) => event?.type)).toEqual(TYPES);
    expect(stored.map(({ data }) => data["state"]).filter(Boolean)).toEqual([
      "starting",
      "running",
      "succeeded",
    ]);
    expect(stored[3].data).toMatchObject({ weight_update: 3, metrics: { train_loss: 0.5 } });
  });

  test("goes on behind the last event that was seen, and is a page of JSON to whoever asks", async () => {
    const { runIds } = await submit(1);
    await train(runIds[0]);
    const url = `/v1/runs/${runIds[0]}/events`;
    const rest = await listen(url, { "last-event-id": "4" });
    expect(rest.map(({ id }) => id).filter(Boolean)).toEqual(["5", "6"]);
    const page = await lab.ada.request({
      url: `${url}?after=2&limit=2`,
      headers: { accept: "application/json" },
    });
    expect(page.json().data).toMatchObject([
      { id: "3", type: "log", run_id: runIds[0] },
      { id: "4", type: "metric" },
    ]);
    expect((await lab.ada.get(`${url}?after=x`)).statusCode).toBe(422);
    expect((await lab.ben.get(url)).statusCode).toBe(404);
  });

  test("ends at once when the server closes its streams", async () => {
    const { runIds } = await submit(1);
    const controller = new AbortController();
    const response = await fetch(`${address}/v1/runs/${runIds[0]}/events`, {
      headers: { authorization: `Bearer ${lab.ada.token}` },
      signal: controller.signal,
    });
    expect(response.status).toBe(200);
    controller.abort();
    await expect(response.text()).rejects.toThrow();
  });
});

describe("the stream of a sweep", () => {
  test("tells the events of all its runs once, whoever was faster, also across a cut", async () => {
    const { id, runIds } = await submit(4);
    const listening = listen(`/v1/sweeps/${id}/events`);
    await Promise.all(runIds.map(train));
    const stored = (await listening).filter((event) => event.id !== null);
    expect(stored).toHaveLength(24);
    expect(new Set(stored.map((event) => event.id)).size).toBe(24);
    for (const runId of runIds) {
      const own = stored.filter(({ data }) => data["run_id"] === runId).map(({ type }) => type);
      expect(own).toEqual(TYPES.slice(0, -1));
    }
    const cut = stored[9];
    const rest = await listen(`/v1/sweeps/${id}/events`, { "last-event-id": String(cut.id) });
    expect(rest.filter((event) => event.id !== null)).toEqual(stored.slice(10));
    expect(rest.at(-1)?.type).toBe("end");
  });

  test("loses nothing that a transaction writes late under an early number", async () => {
    const { id, runIds } = await submit(2);
    const fences = [await claimForTest(lab, runIds[0]), await claimForTest(lab, runIds[1])];
    // The first takes its transaction's number, and commits after the second, which began later.
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const late = lab.database.prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_current_xact_id()`;
      await held;
      await transaction.$executeRaw`
        WITH run AS (UPDATE runs SET event_sequence = event_sequence + 1 WHERE id = ${runIds[0]}
          RETURNING sweep_id, event_sequence)
        INSERT INTO run_events (run_id, sequence, sweep_id, type, data)
        SELECT ${runIds[0]}, run.event_sequence, run.sweep_id, 'log', '{"level": "info", "message": "late"}' FROM run`;
    });
    await recordLog(lab.database, fences[1], [{ level: "info", message: "early" }]);
    const read = async () =>
      (
        await lab.ada.request({
          url: `/v1/sweeps/${id}/events`,
          headers: { accept: "application/json" },
        })
      )
        .json()
        .data.filter(({ type }: { type: string }) => type === "log");
    expect(await read()).toEqual([]);
    release();
    await late;
    expect((await read()).map(({ data }: { data: { message: string } }) => data.message)).toEqual([
      "late",
      "early",
    ]);
  });
});

test("the log of a run is read line by line", async () => {
  const { runIds } = await submit(1);
  await train(runIds[0]);
  const { data } = (await lab.ada.get(`/v1/runs/${runIds[0]}/logs`)).json();
  expect(data).toMatchObject([{ level: "info", message: "attempt 1 begins" }]);
  const after = await lab.ada.get(`/v1/runs/${runIds[0]}/logs?after=${data[0].sequence}`);
  expect(after.json().data).toEqual([]);
});
