/** Lists: pages, filters, orders; as JSON and as text. */
import { recordMetrics } from "@pclab/storage";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, claimForTest, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
/** In the order of submission, with the validation accuracy that each was given; the last two have none. */
let runs: { id: string; accuracy: number | null }[];
let sweepId: string;

beforeAll(async () => {
  lab = await startTestLab();
  const response = await lab.ada.post("/v1/sweeps", {
    base: { ...smallBase, algorithm: "bp" },
    grid: { seed: [0, 1, 2, 3, 4, 5, 6] },
    tags: ["first", "width"],
  });
  sweepId = response.json().id;
  const { data } = (await lab.ada.get(`/v1/sweeps/${sweepId}/runs`)).json();
  const accuracies = [0.5, 0.9, 0.7, 0.9, 0.1, null, null];
  runs = data.map(({ id }: { id: string }, index: number) => ({ id, accuracy: accuracies[index] }));
  for (const { id, accuracy } of runs) {
    if (accuracy === null) continue;
    await recordMetrics(lab.database, await claimForTest(lab, id), [
      { weightUpdate: 1, name: "validation_accuracy", layer: null, value: accuracy / 2 },
      { weightUpdate: 2, name: "validation_accuracy", layer: null, value: accuracy },
    ]);
  }
  await lab.ada.post("/v1/sweeps", { base: { ...smallBase, algorithm: "pc" }, tags: ["second"] });
});
afterAll(() => lab.close());

/** Every id of a list, page by page. */
const walk = async (url: string, limit: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const next = cursor === "" ? "" : `&cursor=${cursor}`;
    const page = await lab.ada.get(`${url}${url.includes("?") ? "&" : "?"}limit=${limit}${next}`);
    expect(page.statusCode, page.body).toBe(200);
    const body = page.json();
    expect(page.headers.link !== undefined).toBe(body.has_more);
    ids.push(...body.data.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
  }
  return ids;
};

describe("runs sorted by a metric", () => {
  const sorted = (sign: 1 | -1): string[] =>
    [...runs]
      .sort((a, b) => {
        if (a.accuracy === null || b.accuracy === null) {
          return (
            Number(a.accuracy === null) - Number(b.accuracy === null) || (a.id < b.id ? -1 : 1)
          );
        }
        return sign * (a.accuracy - b.accuracy) || (a.id < b.id ? -1 : 1);
      })
      .map(({ id }) => id);

  test.each([1, 2, 3, 100])(
    "come whole and once in pages of %d, those without it last",
    async (limit) => {
      const list = `/v1/sweeps/${sweepId}/runs`;
      expect(await walk(`${list}?sort=-metrics.validation_accuracy`, limit)).toEqual(sorted(-1));
      expect(await walk(`${list}?sort=metrics.validation_accuracy`, limit)).toEqual(sorted(1));
      expect(await walk(`${list}?sort=-created_at`, limit)).toEqual(
        runs.map(({ id }) => id).reverse(),
      );
      expect(await walk(`${list}?sort=started_at`, limit)).toHaveLength(7);
    },
  );

  test("take no cursor of another kind", async () => {
    for (const cursor of ["x", "W10", Buffer.from('["a",{}]').toString("base64url")]) {
      const response = await lab.ada.get(`/v1/runs?cursor=${cursor}`);
      expect(response.statusCode).toBe(422);
      expect(response.json().errors).toMatchObject([{ pointer: "#/query/cursor" }]);
    }
    expect((await lab.ada.get("/v1/runs?sort=metrics.secret")).statusCode).toBe(422);
  });

  test("show the last value of each metric", async () => {
    const { metrics } = (await lab.ada.get(`/v1/runs/${runs[1].id}`)).json();
    expect(metrics).toEqual({ validation_accuracy: 0.9 });
  });
});

test("the best run of a sweep is chosen by validation among those that succeeded", async () => {
  const none = await lab.ada.get(`/v1/sweeps/${sweepId}/best`);
  expect(none.statusCode).toBe(404);
  await lab.database.prisma.$executeRaw`
    UPDATE runs SET state = 'succeeded', finished_at = now(), lease_until = NULL WHERE id = ${runs[2].id}`;
  expect((await lab.ada.get(`/v1/sweeps/${sweepId}/best`)).json().id).toBe(runs[2].id);
  const test = await lab.ada.get(`/v1/sweeps/${sweepId}/best?metric=test_accuracy`);
  expect(test.statusCode).toBe(422);
});

test("runs are filtered by state, tag, algorithm and name", async () => {
  const count = async (query: string): Promise<number> =>
    (await lab.ada.get(`/v1/runs?${query}`)).json().data.length;
  expect(await count("tag=first")).toBe(7);
  expect(await count("tag=first,width&state=queued")).toBe(2);
  expect(await count("tag=first,second")).toBe(0);
  expect(await count("algorithm=pc")).toBe(1);
  expect(await count("algorithm=pc,bp")).toBe(8);
  expect(await count("name=bp_4_2")).toBe(7);
});

test("lists are answered as tables, and single resources as YAML, to whoever asks for text", async () => {
  const text = (url: string) => lab.ada.request({ url, headers: { accept: "text/plain" } });
  const list = await text(`/v1/sweeps/${sweepId}/runs?limit=3`);
  expect(list.headers["content-type"]).toContain("text/plain");
  const lines = list.body.trimEnd().split("\n");
  expect(lines).toHaveLength(4);
  expect(lines[0]).toMatch(/^ID +NAME +SEED +STATE/);
  expect(lines[2]).toContain("90.00");
  // Columns begin at one place in every line.
  expect(new Set(lines.map((line) => line.slice(0, lines[0].indexOf("NAME")).length)).size).toBe(1);
  expect((await text(`/v1/sweeps/${sweepId}`)).body).toContain("state: active\n");
  const error = await text("/v1/runs/none");
  expect(error.statusCode).toBe(404);
  expect(error.json()).toMatchObject({ code: "not_found" });
});

test("runs are compared: what differs in their specs, and what they reached", async () => {
  const ids = runs.slice(0, 3).map(({ id }) => id);
  const comparison = (await lab.ada.get(`/v1/compare?runs=${ids.join(",")}`)).json();
  expect(comparison.differing).toEqual([{ field: "seed", values: [0, 1, 2] }]);
  expect(comparison.shared).toMatchObject({ algorithm: "bp", "inference.steps": 256 });
  expect(comparison.metrics).toContainEqual({
    name: "validation_accuracy",
    values: [0.5, 0.9, 0.7],
  });
  expect((await lab.ben.get(`/v1/compare?runs=${ids.join(",")}`)).statusCode).toBe(404);
  expect((await lab.ada.get("/v1/compare")).statusCode).toBe(422);
});
