/**
 * The OpenAPI document is a promise: every route is driven from it, with what it asks for and with what it does not, and
 * every answer is held to its schemas. No 5xx; and each route has answered with a 2xx at least once.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { LightMyRequestResponse } from "fastify";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordCheckpoint, recordEnd, recordFirstStep, registerWorker } from "@pclab/storage";
import { Generator } from "@pclab/core";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";

interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: {
    content: Record<
      string,
      { schema: Schema; example?: unknown; examples?: Record<string, { value: unknown }> }
    >;
  };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Schema {
  type?: string | string[];
  enum?: unknown[];
  properties?: Record<string, Schema>;
  [keyword: string]: unknown;
}
interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  path: string;
  operation: Operation;
}

let lab: TestLab;
let routes: Route[];
const ajv = new Ajv2020({ strict: false, validateFormats: true });
addFormats.default(ajv);
const reached = new Set<string>();

beforeAll(async () => {
  lab = await startTestLab();
  const document = await lab.app.inject("/v1/openapi.json");
  const { paths } = document.json<{ paths: Record<string, Record<string, Operation>> }>();
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase() as Route["method"],
      path,
      operation,
    })),
  );
});
afterAll(() => lab.close());

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** An answer that the document does not describe is the failure. */
const check = (route: Route, response: LightMyRequestResponse): void => {
  const { statusCode } = response;
  const where = `${nameOf(route)} -> ${statusCode}: ${response.body.slice(0, 300)}`;
  expect(statusCode, where).toBeLessThan(500);
  const described = route.operation.responses[String(statusCode)];
  expect(described, `not in the document: ${where}`).toBeDefined();
  if (statusCode < 300) reached.add(nameOf(route));
  const type = String(response.headers["content-type"] ?? "");
  if (!type.includes("json") || type.includes("jsonl") || response.body === "") return;
  const schema = described.content?.["application/json"]?.schema;
  if (schema === undefined) return;
  const isValid = ajv.validate(schema, response.json());
  expect(isValid, `${where}\n${ajv.errorsText()}`).toBe(true);
};

const send = async (
  route: Route,
  {
    path = route.path,
    query = "",
    payload,
    accept = "application/json",
  }: {
    path?: string;
    query?: string;
    payload?: unknown;
    accept?: string;
  } = {},
): Promise<LightMyRequestResponse> => {
  const response = await lab.admin.request({
    method: route.method,
    url: `${path}${query}`,
    headers: { accept, ...(payload === undefined ? {} : { "content-type": "application/json" }) },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  check(route, response);
  return response;
};

/** One of each thing, in a state in which most can be asked of it. */
const prepare = async () => {
  const submit = async (seed: number[]) => {
    const { id } = (
      await lab.admin.post("/v1/sweeps", {
        base: { ...smallBase, algorithm: "pc" },
        grid: { seed },
      })
    ).json();
    const { data } = (await lab.admin.get(`/v1/sweeps/${id}/runs`)).json();
    return { id: id as string, runIds: data.map((run: { id: string }) => run.id) as string[] };
  };
  const finish = async (runId: string) => {
    const fence = await claimForTest(lab, runId);
    const { spec } = (await lab.admin.get(`/v1/runs/${runId}`)).json();
    await recordFirstStep(lab.database, fence, {
      engine: "reference",
      manifest: {
        spec,
        seed: 0,
        engine: "reference",
        versions: {},
        git_sha: null,
        dataset: { name: "fashion-mnist", sha256: "00" },
        host: {},
      },
      numericsChanged: false,
    });
    const checkpointId = await recordCheckpoint(
      lab.database,
      fence,
      { attempt: 1, weightUpdate: 1, final: true, kept: false, bytes: new Uint8Array(8) },
      [
        { weightUpdate: 1, name: "validation_accuracy", layer: null, value: 0.5 },
        { weightUpdate: 1, name: "epoch", layer: null, value: 1 },
        { weightUpdate: 1, name: "test_accuracy", layer: null, value: 0.5 },
        { weightUpdate: 1, name: "quadratic_energy", layer: 1, value: 0.5 },
      ],
    );
    await recordEnd(lab.database, fence, { event: "last_step" }, null);
    return checkpointId;
  };
  const done = await submit([1]);
  const checkpoint = await finish(done.runIds[0]);
  const waiting = await submit([2, 3]);
  await registerWorker(lab.database, {
    id: "wrk_contract",
    host: "here",
    pid: 1,
    slots: 1,
    engines: ["reference"],
    gpu: { name: "a GPU", driver: "a driver", memoryBytes: 2 ** 34, index: 0 },
    version: "0",
  });
  const analysis = (
    await lab.admin.post(`/v1/runs/${done.runIds[0]}/analyses`, {
      kind: "landscape",
      resolution: 3,
    })
  ).json().id as string;
  const token = (await lab.admin.post("/v1/tokens", { name: "t", scope: "read" })).json().id;
  const webhook = (await lab.admin.post("/v1/webhooks", { url: "https://lab.example/hook" })).json()
    .id as string;
  const delivery = (await lab.admin.post(`/v1/webhooks/${webhook}/ping`)).json().id as string;
  return {
    done,
    waiting,
    checkpoint,
    analysis,
    token: token as string,
    webhook,
    delivery,
    submit,
  };
};

test("every route answers with a 2xx to what it asks for", async () => {
  const { done, waiting, checkpoint, analysis, token, webhook, delivery, submit } = await prepare();
  const route = (method: string, path: string): Route => {
    const found = routes.find((one) => one.method === method && one.path === path);
    if (found === undefined) throw new Error(`no route ${method} ${path}`);
    return found;
  };
  const idOf = (path: string): string => {
    if (path.startsWith("/v1/sweeps")) return done.id;
    if (path.startsWith("/v1/runs")) return done.runIds[0];
    if (path.startsWith("/v1/checkpoints")) return checkpoint;
    if (path.startsWith("/v1/analyses")) return analysis;
    if (path.startsWith("/v1/workers")) return "wrk_contract";
    if (path.startsWith("/v1/webhooks")) return webhook;
    return path.startsWith("/v1/users") ? lab.ada.userId : token;
  };
  const queries: Record<string, string> = {
    "/v1/compare": `?runs=${done.runIds[0]}`,
    "/v1/queue/explain": `?run=${waiting.runIds[0]}`,
  };
  for (const one of routes.filter(({ method }) => method === "GET")) {
    const plot = one.path.includes("/runs/") ? "energy.svg" : "learning-curve.png";
    const path = one.path
      .replace("{id}", idOf(one.path))
      .replace("{plot}", plot)
      .replace("{delivery}", delivery);
    const response = await send(one, { path, query: queries[one.path] ?? "" });
    expect(response.statusCode, `${nameOf(one)} ${response.body.slice(0, 200)}`).toBe(200);
    // And as text, for people.
    await send(one, { path, query: queries[one.path] ?? "", accept: "text/plain" });
  }
  const spec = { ...smallBase, algorithm: "bp" };
  const run = waiting.runIds[0];
  const steps: [string, string, string?, unknown?][] = [
    ["POST", "/v1/sweeps", "/v1/sweeps", { base: spec }],
    ["POST", "/v1/runs", "/v1/runs", spec],
    ["POST", "/v1/runs/{id}/clone", `/v1/runs/${run}/clone`, { seed: 5 }],
    ["POST", "/v1/runs/{id}/pause", `/v1/runs/${run}/pause`],
    ["POST", "/v1/runs/{id}/resume", `/v1/runs/${run}/resume`],
    ["POST", "/v1/runs/{id}/cancel", `/v1/runs/${run}/cancel`],
    ["POST", "/v1/runs/{id}/retry", `/v1/runs/${run}/retry`],
    ["PATCH", "/v1/runs/{id}", `/v1/runs/${run}`, { notes: "x" }],
    ["PATCH", "/v1/sweeps/{id}", `/v1/sweeps/${waiting.id}`, { tags: ["x"] }],
    ["POST", "/v1/sweeps/{id}/pause", `/v1/sweeps/${waiting.id}/pause`],
    ["POST", "/v1/sweeps/{id}/resume", `/v1/sweeps/${waiting.id}/resume`],
    ["POST", "/v1/sweeps/{id}/cancel", `/v1/sweeps/${waiting.id}/cancel`],
    ["POST", "/v1/sweeps/{id}/retry", `/v1/sweeps/${waiting.id}/retry`],
    ["DELETE", "/v1/runs/{id}", `/v1/runs/${run}`],
    ["DELETE", "/v1/sweeps/{id}", `/v1/sweeps/${waiting.id}`],
    ["POST", "/v1/sweeps/{id}/restore", `/v1/sweeps/${waiting.id}/restore`],
    ["POST", "/v1/runs/{id}/analyses", `/v1/runs/${done.runIds[0]}/analyses`, { kind: "weights" }],
    [
      "POST",
      "/v1/checkpoints/{id}/analyses",
      `/v1/checkpoints/${checkpoint}/analyses`,
      { kind: "weights" },
    ],
    ["POST", "/v1/analyses/{id}/cancel", `/v1/analyses/${analysis}/cancel`],
    ["POST", "/v1/workers/{id}/drain", "/v1/workers/wrk_contract/drain"],
    ["POST", "/v1/workers/{id}/undrain", "/v1/workers/wrk_contract/undrain"],
    ["POST", "/v1/users", "/v1/users", { name: "eve" }],
    ["PATCH", "/v1/users/{id}", `/v1/users/${lab.ada.userId}`, { weight: 2 }],
    ["POST", "/v1/tokens", "/v1/tokens", { name: "u", scope: "read" }],
    ["POST", "/v1/tokens/{id}/rotate", `/v1/tokens/${token}/rotate`, {}],
    ["DELETE", "/v1/tokens/{id}", `/v1/tokens/${token}`],
    ["POST", "/v1/webhooks", "/v1/webhooks", { url: "https://lab.example/hook" }],
    ["PATCH", "/v1/webhooks/{id}", `/v1/webhooks/${webhook}`, { tag: "x" }],
    ["POST", "/v1/webhooks/{id}/rotate", `/v1/webhooks/${webhook}/rotate`, {}],
    ["POST", "/v1/webhooks/{id}/ping", `/v1/webhooks/${webhook}/ping`],
    [
      "POST",
      "/v1/webhooks/{id}/deliveries/{delivery}/redeliver",
      `/v1/webhooks/${webhook}/deliveries/${delivery}/redeliver`,
    ],
    ["DELETE", "/v1/webhooks/{id}", `/v1/webhooks/${webhook}`],
  ];
  for (const [method, path, url, payload] of steps) {
    await send(route(method, path), { path: url ?? path, payload });
  }
  await submit([7]);
  expect(routes.map(nameOf).filter((name) => !reached.has(name))).toEqual([]);
});

test("every body has examples, which its schema takes", () => {
  const withBody = routes.filter(({ operation }) => operation.requestBody !== undefined);
  expect(withBody.length).toBeGreaterThan(10);
  for (const route of withBody) {
    const {
      schema = {},
      example,
      examples: named = {},
    } = route.operation.requestBody?.content["application/json"] ?? {};
    const examples = [example, ...Object.values(named).map(({ value }) => value)].filter(
      (one) => one !== undefined,
    );
    expect(examples.length, nameOf(route)).toBeGreaterThan(0);
    for (const example of examples) {
      expect(ajv.validate(schema, example), `${nameOf(route)}: ${ajv.errorsText()}`).toBe(true);
    }
  }
});

/** What nobody means to send: of every type, too long, too deep, not a number, not text. */
const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  "",
  "\u0000",
  "a".repeat(5_000),
  "💥",
  "'; DROP TABLE runs; --",
  "../../etc/passwd",
  [],
  [[[[]]]],
  {},
  { __proto__: { admin: true }, constructor: 1 },
];

test("no request that the document does not foresee gets a 5xx, or an answer outside it", async () => {
  const seed = 20261124;
  const random = Generator.seeded(seed, "search");
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random.uniform() * values.length)];
  const ids = ["none", "run_0", "%00", "..%2f", "a".repeat(64), "a".repeat(2_000), "💥"];
  /** A value of about the right shape, of which some part is nasty. */
  const build = (schema: Schema, depth = 0): unknown => {
    if (random.uniform() < 0.3 || depth > 4) return pick(NASTY);
    if (schema.enum !== undefined) return pick(schema.enum);
    if (schema.properties === undefined) return pick([1, 0.5, "x", "bp", [1], true]);
    return Object.fromEntries(
      Object.entries(schema.properties)
        .filter(() => random.uniform() < 0.5)
        .map(([name, inner]) => [name, build(inner, depth + 1)]),
    );
  };
  for (let round = 0; round < 12; round++) {
    for (const route of routes) {
      const { parameters = [], requestBody } = route.operation;
      const path = route.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(pick(ids)));
      const query = parameters
        .filter((parameter) => parameter.in === "query" && random.uniform() < 0.5)
        .map(({ name, schema }) => {
          const value = build(schema);
          return `${name}=${encodeURIComponent(typeof value === "string" ? value : JSON.stringify(value))}`;
        })
        // A long poll would wait.
        .filter((part) => !part.startsWith("wait="))
        .join("&");
      const body = requestBody?.content["application/json"]?.schema;
      const where = `seed ${seed}, round ${round}: ${nameOf(route)}`;
      const response = await lab.admin.request({
        method: route.method,
        url: `${path}${query === "" ? "" : `?${query}`}`,
        headers: {
          accept: pick(["application/json", "text/plain", "*/*;q=0.1"]).replace(
            "*/*;q=0.1",
            "application/json;q=0.9",
          ),
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(build(body)) }),
      });
      expect(response.statusCode, `${where}: ${response.body.slice(0, 300)}`).toBeLessThan(500);
      if (response.statusCode !== 404 && response.statusCode !== 414) check(route, response);
    }
  }
});
