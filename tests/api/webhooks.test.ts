/** Webhooks as their owner and their receiver see them. Signatures are verified by the convention's own library. */
import { setTimeout as delay } from "node:timers/promises";
import { webhookMessageSchema } from "@pclab/contracts";
import { recordEnd, recordFirstStep, recordMetrics } from "@pclab/storage";
import { pino } from "pino";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type WebhookSender,
  type WebhookSenderOptions,
  startWebhookSender,
} from "../../apps/api/src/webhooks/sender.js";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";
import { type Received, WebhookReceiver, answering } from "./webhookReceiver.js";

let lab: TestLab;
let receiver: WebhookReceiver;
let sender: WebhookSender | null = null;
const logLines: string[] = [];

beforeAll(async () => {
  lab = await startTestLab();
});
beforeEach(async () => {
  receiver = await WebhookReceiver.listen();
});
afterEach(async () => {
  await sender?.stop();
  sender = null;
  await receiver.close();
  await lab.database.prisma.webhook.deleteMany();
});
afterAll(() => lab.close());

const startSender = (options: Partial<WebhookSenderOptions> = {}): WebhookSender => {
  sender = startWebhookSender({
    ...lab.webhooks,
    database: lab.database,
    version: "0.0.0-test",
    logger: pino({ level: "trace" }, { write: (line: string) => void logLines.push(line) }),
    pollMs: 20,
    retries: { firstMs: 20, factor: 2, longestMs: 100, tries: 3 },
    ...options,
  });
  return sender;
};

/** Its promise is of no wall-clock time: what does not come at all is the failure. */
const until = async (what: string, holds: () => Promise<boolean> | boolean): Promise<void> => {
  const deadlineMs = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain until ${what}`);
    await delay(20);
  }
};

/** By the convention's own library, which throws where the signature is not the secret's. */
const verify = (secret: string, received: Received | undefined): unknown => {
  if (received === undefined) throw new Error("nothing was received");
  return new Webhook(secret).verify(received.body, received.headers as Record<string, string>);
};

const hook = async (
  body: object = {},
  client = lab.ada,
): Promise<{ id: string; secret: string }> => {
  const made = await client.post("/v1/webhooks", { url: receiver.url(), ...body });
  expect(made.statusCode, made.body).toBe(201);
  return made.json();
};

const submit = async (
  seeds: number[],
  more: object = {},
): Promise<{ id: string; runIds: string[] }> => {
  const { id } = (
    await lab.ada.post("/v1/sweeps", {
      base: { ...smallBase, algorithm: "pc" },
      grid: { seed: seeds },
      ...more,
    })
  ).json();
  const { data } = (await lab.ada.get(`/v1/sweeps/${id}/runs`)).json();
  return { id, runIds: data.map((run: { id: string }) => run.id) };
};

const succeed = async (runId: string): Promise<void> => {
  const fence = await claimForTest(lab, runId);
  await recordFirstStep(lab.database, fence, {
    engine: "reference",
    manifest: {},
    numericsChanged: false,
  });
  await recordMetrics(lab.database, fence, [
    { weightUpdate: 1, name: "validation_accuracy", layer: null, value: 0.75 },
  ]);
  await recordEnd(lab.database, fence, { event: "last_step" }, null);
};

const stored = async (): Promise<{ type: string; data: Record<string, unknown> }[]> => {
  const rows = await lab.database.prisma.webhookDelivery.findMany({ orderBy: { id: "asc" } });
  return rows.map(({ body }) => webhookMessageSchema.parse(JSON.parse(body)));
};

const deliveries = async (id: string): Promise<Record<string, unknown>[]> =>
  (await lab.ada.get(`/v1/webhooks/${id}/deliveries`)).json().data;

describe("a message", () => {
  test("tells of the end of runs and of their sweep, signed, and verified by the convention's library", async () => {
    const { secret, id } = await hook();
    startSender();
    const sweep = await submit([1, 2], { name: "two", tags: ["paper"] });
    await succeed(sweep.runIds[0]);
    await lab.ada.post(`/v1/runs/${sweep.runIds[1]}/cancel`);
    await until("three messages came", () => receiver.received.length === 3);
    const told = receiver.received.map((received) =>
      webhookMessageSchema.parse(verify(secret, received)),
    );
    const find = (type: string) => told.find((message) => message.type === type);
    expect(find("run.succeeded")?.data).toMatchObject({
      id: sweep.runIds[0],
      sweep_id: sweep.id,
      name: "pc_4_2",
      state: "succeeded",
      tags: ["paper"],
      metrics: { validation_accuracy: 0.75 },
    });
    expect(find("run.canceled")?.data).toMatchObject({ id: sweep.runIds[1], reason: "user" });
    expect(find("sweep.completed")?.data).toMatchObject({
      id: sweep.id,
      name: "two",
      state: "completed",
      counts: { succeeded: 1, canceled: 1, queued: 0 },
    });
    await until("they are noted", async () =>
      (await deliveries(id)).every(({ state }) => state === "delivered"),
    );
    expect((await lab.ada.get(`/v1/webhooks/${id}`)).json().last_delivered_at).not.toBeNull();
    // Another's secret opens nothing.
    const other = `whsec_${Buffer.alloc(24).toString("base64")}`;
    expect(() => verify(other, receiver.received[0])).toThrow("No matching");
  });

  test("is stored with what it tells of, or not at all", async () => {
    await hook();
    const { runIds } = await submit([3]);
    const fence = await claimForTest(lab, runIds[0]);
    // Nothing of a refused write is told.
    await expect(
      recordEnd(lab.database, { ...fence, epoch: 99 }, { event: "last_step" }, null),
    ).rejects.toThrow("no longer held");
    expect(await stored()).toEqual([]);
    await recordEnd(
      lab.database,
      fence,
      { event: "fault", reason: "diverged", detail: "NaN at step 1" },
      null,
    );
    expect((await stored()).map(({ type }) => type)).toEqual(["run.failed", "sweep.failed"]);
    expect((await stored())[0]?.data).toMatchObject({
      reason: "diverged",
      reason_detail: "NaN at step 1",
    });
  });

  test("comes once of a sweep whose last runs end side by side", async () => {
    await hook({ events: ["sweep.completed"] });
    const { runIds } = await submit([1, 2, 3, 4, 5, 6]);
    const fences = [];
    for (const runId of runIds) fences.push(await claimForTest(lab, runId));
    for (const fence of fences)
      await recordFirstStep(lab.database, fence, {
        engine: "reference",
        manifest: {},
        numericsChanged: false,
      });
    await Promise.all(
      fences.map((fence) => recordEnd(lab.database, fence, { event: "last_step" }, null)),
    );
    expect((await stored()).map(({ type }) => type)).toEqual(["sweep.completed"]);
  });

  test("comes of a cancelled sweep, of its runs and of their analyses; and of runs that took results over", async () => {
    const { runIds } = await submit([8]);
    await succeed(runIds[0]);
    await hook();
    const sweep = await submit([9, 10]);
    const analysis = await lab.ada.post(`/v1/runs/${sweep.runIds[0]}/analyses`, {
      kind: "weights",
    });
    await lab.ada.post(`/v1/sweeps/${sweep.id}/cancel`);
    const told = await stored();
    expect(told.map(({ type }) => type).sort()).toEqual([
      "analysis.canceled",
      "run.canceled",
      "run.canceled",
      "sweep.canceled",
    ]);
    expect(told.find(({ type }) => type === "analysis.canceled")?.data).toMatchObject({
      id: analysis.json().id,
      run_id: sweep.runIds[0],
      kind: "weights",
    });
    await lab.database.prisma.webhookDelivery.deleteMany();
    await submit([8], { on_duplicate: "reuse" });
    expect((await stored()).map(({ type }) => type).sort()).toEqual([
      "run.succeeded",
      "sweep.completed",
    ]);
  });

  test("comes of analyses alone when a sweep that has ended is cancelled: it stays as it ended", async () => {
    const sweep = await submit([11]);
    await succeed(sweep.runIds[0]);
    await hook();
    await lab.ada.post(`/v1/runs/${sweep.runIds[0]}/analyses`, { kind: "weights" });
    const cancelled = await lab.ada.post(`/v1/sweeps/${sweep.id}/cancel`);
    expect(cancelled.statusCode).toBe(202);
    expect(cancelled.json()).toMatchObject({ state: "completed", analyses: { canceled: 1 } });
    expect((await stored()).map(({ type }) => type)).toEqual(["analysis.canceled"]);
    const again = await lab.ada.post(`/v1/sweeps/${sweep.id}/cancel`);
    expect([again.statusCode, again.json().state]).toEqual([200, "completed"]);
  });

  test("goes to webhooks of the owner alone, of its event, its sweep and its tag", async () => {
    const sweep = await submit([1], { tags: ["paper"] });
    const wanted = [
      await hook({ events: ["run.canceled"] }),
      await hook({ tag: "paper", events: ["run.canceled"] }),
      await hook({ sweep_id: sweep.id, events: ["run.canceled", "run.failed"] }),
    ];
    const other = await submit([2]);
    await hook({ events: ["run.succeeded"] });
    await hook({ tag: "other" });
    await hook({ sweep_id: other.id });
    await hook({}, lab.ben);
    await lab.ada.post(`/v1/runs/${sweep.runIds[0]}/cancel`);
    const rows = await lab.database.prisma.webhookDelivery.findMany();
    expect(rows.map(({ webhookId }) => webhookId).sort()).toEqual(
      wanted.map(({ id }) => id).sort(),
    );
  });
});

describe("a try", () => {
  test("that fails is repeated with the same id and body until it succeeds", async () => {
    const { id, secret } = await hook();
    receiver.answer = (response) => answering(receiver.received.length < 3 ? 500 : 200)(response);
    startSender();
    const ping = await lab.ada.post(`/v1/webhooks/${id}/ping`);
    expect(ping.statusCode).toBe(202);
    const address = String(ping.headers["location"]);
    await until(
      "it was delivered",
      async () => (await lab.ada.get(address)).json().state === "delivered",
    );
    const delivery = (await lab.ada.get(address)).json();
    expect(delivery).toMatchObject({ attempts: 3, response_status: 200, error: null });
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([delivery.id]),
    );
    expect(new Set(receiver.received.map(({ body }) => body))).toEqual(new Set([delivery.body]));
    for (const received of receiver.received) verify(secret, received);
    expect((await lab.ada.get(`/v1/webhooks/${id}`)).json().failing_since).toBeNull();
  });

  test("is not repeated for ever: the delivery fails, and can be asked for again", async () => {
    const { id } = await hook();
    receiver.answer = answering(503);
    startSender();
    const address = String((await lab.ada.post(`/v1/webhooks/${id}/ping`)).headers["location"]);
    await until("it failed", async () => (await lab.ada.get(address)).json().state === "failed");
    expect((await lab.ada.get(address)).json()).toMatchObject({
      attempts: 3,
      next_attempt_at: null,
      response_status: 503,
      error: "it answered 503, a 2xx is expected",
    });
    expect(
      (await lab.ada.get(`/v1/webhooks/${id}/deliveries?state=failed`)).json().data,
    ).toHaveLength(1);
    expect((await lab.ada.get(`/v1/webhooks/${id}/deliveries?state=pending`)).json().data).toEqual(
      [],
    );
    receiver.answer = answering(200);
    const again = await lab.ada.post(`${address}/redeliver`);
    expect(again.json()).toMatchObject({ state: "pending" });
    await until(
      "it was delivered",
      async () => (await lab.ada.get(address)).json().state === "delivered",
    );
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  test.each<[string, (response: import("node:http").ServerResponse) => void, string]>([
    [
      "a redirect, which is not followed",
      (response) => answering(302, { location: receiver.url("/elsewhere") })(response),
      "redirects are not followed",
    ],
    ["no answer in time", () => undefined, "no answer within 0.2 s"],
    ["a connection that is cut", (response) => void response.destroy(), "socket hang up"],
  ])("fails by %s", async (_, answer, error) => {
    const { id } = await hook();
    receiver.answer = answer;
    startSender({ timeoutMs: 200 });
    const address = String((await lab.ada.post(`/v1/webhooks/${id}/ping`)).headers["location"]);
    await until("it failed", async () => (await lab.ada.get(address)).json().state === "failed");
    expect((await lab.ada.get(address)).json().error).toContain(error);
    expect(receiver.messages("/elsewhere")).toEqual([]);
  });

  test("reads no more than a little of an answer without end", async () => {
    const { id } = await hook();
    receiver.answer = (response) => {
      response.writeHead(200);
      const pour = (): void => {
        while (response.write("x".repeat(65_536)));
      };
      response.on("drain", pour);
      pour();
    };
    startSender();
    const address = String((await lab.ada.post(`/v1/webhooks/${id}/ping`)).headers["location"]);
    await until(
      "it was delivered",
      async () => (await lab.ada.get(address)).json().state === "delivered",
    );
    expect(receiver.received).toHaveLength(1);
  });

  test("of a receiver that hangs keeps no other webhook waiting", async () => {
    const slow = await hook();
    const fast = await hook({ url: receiver.url("/fast") });
    receiver.answer = (response, received) => {
      if (received.path === "/fast") answering(200)(response);
    };
    startSender({ timeoutMs: 15_000 });
    for (let count = 0; count < 40; count++) await lab.ada.post(`/v1/webhooks/${slow.id}/ping`);
    await lab.ada.post(`/v1/webhooks/${fast.id}/ping`);
    await until("the other came", () => receiver.messages("/fast").length === 1);
    // At most four of them are under way.
    expect(receiver.messages("/hook").length).toBeLessThanOrEqual(4);
    // The receiver lets go, so that the sender can stop.
    await receiver.close();
    receiver = await WebhookReceiver.listen();
  });

  test("is made by one of two senders at a time, and again when a sender died over it", async () => {
    const { id } = await hook();
    const second = startSender();
    startSender();
    for (let count = 0; count < 30; count++) await lab.ada.post(`/v1/webhooks/${id}/ping`);
    await until("all were delivered", async () =>
      (await deliveries(id)).every(({ state }) => state === "delivered"),
    );
    await second.stop();
    expect(receiver.received).toHaveLength(30);
    // What a sender that died left behind: claimed, tried, not noted.
    await lab.database.prisma.$executeRaw`
      UPDATE webhook_deliveries SET state = 'pending', next_attempt_at = now() - interval '1 second'
      WHERE id = (SELECT min(id) FROM webhook_deliveries)`;
    await until("it came again", () => receiver.received.length === 31);
    expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(30);
  });
});

describe("a webhook", () => {
  test("that fails for long is disabled with the reason, tells nothing, and can be enabled again", async () => {
    const { id } = await hook();
    receiver.answer = answering(500);
    startSender({ disableAfterMs: 0 });
    await lab.ada.post(`/v1/webhooks/${id}/ping`);
    const read = async () => (await lab.ada.get(`/v1/webhooks/${id}`)).json();
    await until("it was disabled", async () => (await read()).enabled === false);
    expect((await read()).disabled_reason).toContain("it answered 500");
    const { runIds } = await submit([1]);
    await lab.ada.post(`/v1/runs/${runIds[0]}/cancel`);
    expect(await deliveries(id)).toHaveLength(1);
    receiver.answer = answering(200);
    const enabled = await lab.ada.request({
      method: "PATCH",
      url: `/v1/webhooks/${id}`,
      payload: { enabled: true },
    });
    expect(enabled.json()).toMatchObject({
      enabled: true,
      disabled_reason: null,
      failing_since: null,
    });
    await until("what waited was delivered", async () =>
      (await deliveries(id)).every(({ state }) => state === "delivered"),
    );
  });

  test("whose receiver is gone for good is disabled at once", async () => {
    const { id } = await hook();
    receiver.answer = answering(410);
    startSender();
    await lab.ada.post(`/v1/webhooks/${id}/ping`);
    await until("it was disabled", async () => {
      const { enabled, disabled_reason } = (await lab.ada.get(`/v1/webhooks/${id}`)).json();
      return enabled === false && disabled_reason === "its receiver answered 410 Gone";
    });
  });

  test("gets nothing while its owner is disabled", async () => {
    const { id } = await hook({}, lab.ben);
    await lab.ben.post(`/v1/webhooks/${id}/ping`);
    const disable = (disabled: boolean) =>
      lab.admin.request({
        method: "PATCH",
        url: `/v1/users/${lab.ben.userId}`,
        payload: { disabled },
      });
    await disable(true);
    await hook({ url: receiver.url("/ada") }).then((own) =>
      lab.ada.post(`/v1/webhooks/${own.id}/ping`),
    );
    startSender();
    await until("the other's came", () => receiver.messages("/ada").length === 1);
    expect(receiver.messages()).toEqual([]);
    await disable(false);
    await until("it came", () => receiver.messages().length === 1);
  });

  test("signs with both secrets for as long as a rotation lets the old one live", async () => {
    const { id, secret } = await hook();
    const rotated = await lab.ada.post(`/v1/webhooks/${id}/rotate`, { overlap_seconds: 3600 });
    expect(rotated.statusCode).toBe(201);
    expect(rotated.json().secret).not.toBe(secret);
    startSender();
    await lab.ada.post(`/v1/webhooks/${id}/ping`);
    await until("it came", () => receiver.received.length === 1);
    for (const known of [secret, rotated.json().secret]) verify(known, receiver.received[0]);
    const last = await lab.ada.post(`/v1/webhooks/${id}/rotate`, { overlap_seconds: 0 });
    await lab.ada.post(`/v1/webhooks/${id}/ping`);
    await until("it came", () => receiver.received.length === 2);
    verify(last.json().secret, receiver.received[1]);
    expect(() => verify(rotated.json().secret, receiver.received[1])).toThrow("No matching");
  });

  test("shows its secret once, keeps it sealed, and logs neither it nor the URL", async () => {
    const made = await hook({ url: receiver.url("/T0/secret-path") });
    startSender();
    await lab.ada.post(`/v1/webhooks/${made.id}/ping`);
    receiver.answer = answering(500);
    await until("it was tried", () => receiver.received.length > 0);
    const answers = [
      await lab.ada.get("/v1/webhooks"),
      await lab.ada.get(`/v1/webhooks/${made.id}`),
      await lab.ada.get(`/v1/webhooks/${made.id}/deliveries`),
    ];
    for (const { body } of answers) expect(body).not.toContain("whsec_");
    const [row] = await lab.database.prisma.$queryRaw<{ text: string }[]>`
      SELECT encode(secret, 'escape') || encode(secret, 'base64') AS text FROM webhooks WHERE id = ${made.id}`;
    expect(row?.text).not.toContain(made.secret.slice(6, 20));
    const log = [...lab.logLines, ...logLines].join("");
    expect(log).not.toContain(made.secret);
    expect(log).not.toContain("secret-path");
  });

  test("is its owner's alone, whatever the other's scope", async () => {
    const { id } = await hook();
    for (const client of [lab.ben, lab.admin]) {
      expect((await client.get("/v1/webhooks")).json().data).toEqual([]);
      for (const url of [`/v1/webhooks/${id}`, `/v1/webhooks/${id}/deliveries`])
        expect((await client.get(url)).statusCode).toBe(404);
      expect((await client.post(`/v1/webhooks/${id}/ping`)).statusCode).toBe(404);
    }
  });

  test("is changed under If-Match, listed as a table, audited and deleted", async () => {
    const { id } = await hook({ description: "lab channel" });
    const before = await lab.ada.get(`/v1/webhooks/${id}`);
    const patch = (payload: object, etag: unknown) =>
      lab.ada.request({
        method: "PATCH",
        url: `/v1/webhooks/${id}`,
        payload,
        headers: { "if-match": String(etag) },
      });
    const changed = await patch({ events: ["run.failed"], tag: "x" }, before.headers["etag"]);
    expect(changed.json()).toMatchObject({ events: ["run.failed"], tag: "x" });
    expect((await patch({ tag: null }, before.headers["etag"])).statusCode).toBe(412);
    expect((await patch({ tag: null }, changed.headers["etag"])).json()).toMatchObject({
      tag: null,
    });
    await lab.ada.post(`/v1/webhooks/${id}/ping`);
    const text = (url: string) => lab.ada.request({ url, headers: { accept: "text/plain" } });
    expect((await text("/v1/webhooks")).body).toMatch(
      /^ID +URL +EVENTS .*\nwhk_\w+ +http.*run\.failed/,
    );
    expect((await text(`/v1/webhooks/${id}/deliveries`)).body).toMatch(/webhook\.ping +pending/);
    const { data } = (await lab.admin.get("/v1/audit?limit=4")).json();
    expect(data.map(({ route }: { route: string }) => route)).toContain("/v1/webhooks/:id/ping");
    expect(
      (await lab.ada.request({ method: "DELETE", url: `/v1/webhooks/${id}` })).statusCode,
    ).toBe(204);
    expect(await lab.database.prisma.webhookDelivery.count()).toBe(0);
  });

  test("is refused with each of its problems, and beyond twenty", async () => {
    const wrong = await lab.ada.post("/v1/webhooks", {
      url: "ftp://x",
      events: ["run.done"],
      tag: "a b",
      colour: 1,
    });
    expect(wrong.statusCode).toBe(422);
    expect(
      wrong
        .json()
        .errors.map(({ pointer }: { pointer: string }) => pointer)
        .sort(),
    ).toEqual(["#/colour", "#/events/0", "#/tag", "#/url"]);
    const others = await lab.ada.post("/v1/webhooks", {
      url: "http://[::ffff:169.254.169.254]/latest",
      sweep_id: "swp_none",
    });
    expect(others.json().errors).toMatchObject([
      { pointer: "#/url", code: "not_allowed" },
      { pointer: "#/sweep_id", code: "not_available" },
    ]);
    for (let count = 0; count < 20; count++) await hook();
    const full = await lab.ada.post("/v1/webhooks", { url: receiver.url() });
    expect(full.statusCode).toBe(409);
    expect(full.json()).toMatchObject({ code: "webhook_limit" });
  });
});
