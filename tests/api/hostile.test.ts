import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
let sweepsBefore = 0;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());
beforeEach(async () => {
  sweepsBefore = await lab.database.prisma.sweep.count();
});
afterEach(async () => {
  // Whatever a test sent: nothing of it was stored, and the server lives.
  expect(await lab.database.prisma.sweep.count()).toBe(sweepsBefore);
  expect((await lab.app.inject("/healthz")).statusCode).toBe(200);
});

const base = { ...smallBase, algorithm: "pc" };

const send = (payload: string, contentType = "application/json") =>
  lab.ada.request({
    method: "POST",
    url: "/v1/sweeps",
    headers: { "content-type": contentType },
    payload,
  });

describe("a spec that cannot be run is a 422 with its pointer", () => {
  test.each<[string, object, string, string]>([
    ["an unknown field", { base: { ...base, algoritm: "pc" } }, "#/base/algoritm", "unknown_field"],
    ["a wrong type", { base: { ...base, width: "64" } }, "#/base/width", "wrong_type"],
    ["depth 0", { base: { ...base, depth: 0 } }, "#/base/depth", "minimum"],
    ["width 10^6", { base: { ...base, width: 1e6 } }, "#/base/width", "maximum"],
    ["an empty body", {}, "#/base/algorithm", "required"],
    ["a list", [], "#", "wrong_type"],
    [
      "a data set that is not there",
      { base: { ...base, dataset: "mnist" } },
      "#/base/dataset",
      "not_available",
    ],
    [
      "more images than there are",
      { base: { ...base, train_size: 50, validation_size: 20 } },
      "#/base/train_size",
      "maximum",
    ],
    ["a name of 201 characters", { name: "n".repeat(201), base }, "#/name", "maximum"],
  ])("%s", async (_, payload, pointer, code) => {
    const response = await lab.ada.post("/v1/sweeps", payload);
    expect(response.statusCode).toBe(422);
    expect(response.headers["content-type"]).toContain("application/problem+json");
    const problem = response.json();
    expect(
      problem.errors.map((error: { pointer: string; code: string }) => [error.pointer, error.code]),
    ).toEqual([[pointer, code]]);
    expect(problem.request_id).toBe(response.headers["x-request-id"]);
  });

  test("two mistakes at once are told at once", async () => {
    const response = await lab.ada.post("/v1/sweeps", {
      base: { ...base, depth: 0 },
      grid: { sed: [1], width: [0] },
    });
    expect(response.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      "#/base/depth",
      "#/grid/sed",
      "#/grid/width/0",
    ]);
  });

  test("a sweep one run over the limit", async () => {
    const seed = Array.from({ length: 10_001 }, (_, index) => index);
    const response = await lab.ada.post("/v1/sweeps", { base, grid: { seed } });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toMatchObject([
      { pointer: "#/grid", code: "too_many_runs", got: 10_001 },
    ]);
  });

  test("a grid whose product would not fit in memory", async () => {
    const values = Array.from({ length: 1000 }, (_, index) => index + 1);
    const grid = {
      seed: values,
      width: values,
      batch_size: values,
      epochs: values,
      test_size: values,
    };
    const response = await lab.ada.post("/v1/sweeps", { base, grid });
    expect(response.json().errors[0]).toMatchObject({ code: "too_many_runs", got: 1e15 });
  });

  test.each([".nan", ".inf", "-.inf"])("YAML's %s", async (value) => {
    const response = await send(
      `base: {algorithm: bp, learning_rate: ${value}}`,
      "application/yaml",
    );
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toMatchObject([
      { pointer: "#/base/learning_rate", code: "wrong_type" },
    ]);
  });
});

test("JSON's 1e999, which is read as Infinity, is a 422", async () => {
  const response = await send('{"base": {"algorithm": "bp", "learning_rate": 1e999}}');
  expect(response.statusCode).toBe(422);
  expect(response.json().errors).toMatchObject([
    { pointer: "#/base/learning_rate", code: "wrong_type" },
  ]);
});

describe("a body that cannot be read is a 4xx", () => {
  const bomb = [
    "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]",
    ..."bcdefghi".split("").map((name, index) => {
      const before = "abcdefgh"[index];
      return `${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`;
    }),
  ].join("\n");

  test.each<[string, string, string, number, string]>([
    ["broken JSON", "{", "application/json", 400, "malformed_body"],
    [
      "NaN in JSON",
      '{"base": {"algorithm": "bp", "learning_rate": NaN}}',
      "application/json",
      400,
      "malformed_body",
    ],
    ["an empty JSON body", "", "application/json", 400, "malformed_body"],
    [
      "a poisoned prototype",
      '{"__proto__": {"admin": true}}',
      "application/json",
      400,
      "malformed_body",
    ],
    ["broken YAML", "base: [unclosed", "application/yaml", 400, "malformed_body"],
    ["a YAML key twice", "name: a\nname: b", "application/yaml", 400, "malformed_body"],
    ["a YAML alias bomb", bomb, "application/yaml", 400, "malformed_body"],
    ["deep YAML", "[".repeat(100_000), "application/yaml", 400, "malformed_body"],
    [
      "deep YAML by indentation",
      Array.from({ length: 1000 }, (_, depth) => `${" ".repeat(depth)}a:`).join("\n"),
      "application/yaml",
      400,
      "malformed_body",
    ],
    ["deep YAML in one line", "- ".repeat(50_000), "application/yaml", 400, "malformed_body"],
    [
      "a form, as curl -d sends it",
      "base=1",
      "application/x-www-form-urlencoded",
      415,
      "unsupported_media_type",
    ],
    [
      "a body over the limit",
      JSON.stringify({ name: "x".repeat(1024 * 1024) }),
      "application/json",
      413,
      "payload_too_large",
    ],
    [
      "a YAML body over the limit",
      `name: ${"x".repeat(1024 * 1024)}`,
      "application/yaml",
      413,
      "payload_too_large",
    ],
  ])("%s", async (_, payload, contentType, status, code) => {
    const response = await send(payload, contentType);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({ status, code });
    expect(response.json().detail.length).toBeGreaterThan(10);
  });

  test("deep JSON is refused, not recursed into", async () => {
    const depth = 100_000;
    const response = await send(`{"base": ${"[".repeat(depth)}${"]".repeat(depth)}}`);
    expect(response.statusCode).toBeGreaterThanOrEqual(400);
    expect(response.statusCode).toBeLessThan(500);
  });
});

describe("parameters", () => {
  test.each([
    ["/v1/runs?limit=0", "#/query/limit"],
    ["/v1/runs?limit=ten", "#/query/limit"],
    ["/v1/runs?stat=queued", "#/query/stat"],
    ["/v1/runs?state=runing", "#/query/state/0"],
    ["/v1/sweeps?cursor=" + "c".repeat(401), "#/query/cursor"],
  ])("%s is a 422 that names it", async (url, pointer) => {
    const response = await lab.ada.get(url);
    expect(response.statusCode).toBe(422);
    expect(response.json().errors.map((error: { pointer: string }) => error.pointer)).toEqual([
      pointer,
    ]);
  });

  test.each([
    "/v1/runs/x",
    "/v1/runs/%00",
    "/v1/sweeps/run_1",
    "/v1/runs/' OR 1=1 --",
    "/v1/checkpoints/ckpt_0",
  ])("%s is a 404", async (url) => {
    const response = await lab.ada.get(encodeURI(url).replaceAll("%25", "%"));
    expect(response.statusCode).toBe(404);
  });

  test("names in any script are kept as they are", async () => {
    const name = "Größe ≠ 尺寸 🧪 \u202e";
    const response = await lab.ada.post("/v1/sweeps", {
      name,
      base: { ...smallBase, algorithm: "bp" },
    });
    expect(response.json().name).toBe(name);
    sweepsBefore += 1;
  });

  test("a NUL in a name, which PostgreSQL cannot hold, is a 422", async () => {
    const response = await lab.ada.post("/v1/sweeps", { name: "a\u0000b", base });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors[0]).toMatchObject({ pointer: "#/name", code: "format" });
  });
});

describe("a data set on disk", () => {
  test("that is truncated is told at the submission", async () => {
    const file = join(lab.datasetsFolder, "fashion-mnist", "train-images-idx3-ubyte.gz");
    await truncate(file, 2000);
    const response = await lab.ada.post("/v1/sweeps", { base });
    expect(response.statusCode).toBe(422);
    expect(response.json().errors).toMatchObject([
      { pointer: "#/base/dataset", code: "not_available" },
    ]);
    await writeFile(file, "no gzip at all");
    expect((await lab.ada.post("/v1/sweeps", { base })).statusCode).toBe(422);
  });
});
