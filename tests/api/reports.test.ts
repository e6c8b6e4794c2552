import {
  claimAnalysis,
  claimRun,
  recordAnalysisEnd,
  recordAnalysisPoints,
  recordCheckpoint,
  recordEnd,
  recordFirstStep,
  recordMetrics,
  registerWorker,
} from "@pclab/storage";
import type { MetricName } from "@pclab/core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
/** The paper's, of which one run has succeeded, with a landscape; and one of no preset, with a hostile name. */
let paper = "";
let plain = "";
let finished = "";

const HOSTILE = "<script>alert(1)</script> | [x](javascript:1) `*_";

const worker = { workerId: "wrk_1", host: "test", slots: 1, leaseMs: 60_000 };

const finish = async (runId: string): Promise<void> => {
  const claimed = await claimRun(lab.database, { runId, epoch: 0, ...worker });
  const fence = { runId, epoch: claimed?.epoch ?? -1 };
  const first = { engine: "reference", manifest: { engine: "reference" }, numericsChanged: false };
  await recordFirstStep(lab.database, fence, first);
  const rows = ([1, 2] as const).flatMap((weightUpdate) =>
    Object.entries({
      epoch: weightUpdate,
      train_seconds: weightUpdate,
      validation_accuracy: 0.4 * weightUpdate,
      test_accuracy: 0.4 * weightUpdate,
      test_loss: 0.5 / weightUpdate,
      train_loss: 0.5 / weightUpdate,
    }).map(([name, value]) => ({ weightUpdate, name: name as MetricName, layer: null, value })),
  );
  await recordMetrics(lab.database, fence, rows);
  const checkpoint = {
    attempt: 1,
    weightUpdate: 2,
    final: true,
    kept: false,
    bytes: new Uint8Array([1]),
  };
  await recordCheckpoint(lab.database, fence, checkpoint, []);
  await recordEnd(lab.database, fence, { event: "last_step" }, null);
};

const finishLandscape = async (runId: string): Promise<void> => {
  const { data } = (await lab.ada.get(`/v1/runs/${runId}/analyses`)).json();
  const { id } = data.find(({ kind }: { kind: string }) => kind === "landscape");
  const claimed = await claimAnalysis(lab.database, { analysisId: id, epoch: 0, ...worker });
  const fence = { analysisId: id, epoch: claimed?.epoch ?? -1 };
  const points = Array.from({ length: 121 }, (_, index) => ({
    index,
    value: 0.1 + ((index - 60) / 60) ** 2,
    accuracy: 0.5,
  }));
  await recordAnalysisPoints(lab.database, fence, { engine: "reference", points });
  const result = {
    centre: 0.1,
    lowest: 0.1,
    highest: 1.1,
    not_finite: 0,
    convexity: { points: 81, negative_share: 0, least: 0, most: 1 },
    trajectory: null,
  };
  await recordAnalysisEnd(lab.database, fence, { type: "succeeded", engine: "reference", result });
};

beforeAll(async () => {
  lab = await startTestLab();
  const { width, ...small } = smallBase;
  await registerWorker(lab.database, {
    id: "wrk_1",
    host: "test",
    pid: 1,
    slots: 1,
    engines: ["reference"],
    version: "0",
  });
  const body = { preset: "paper", scale: "smoke", base: { ...small, width } };
  paper = (await lab.ada.post("/v1/sweeps", body)).json().id;
  const runs = (await lab.ada.get(`/v1/sweeps/${paper}/runs`)).json().data;
  finished = runs[0].id;
  await finish(finished);
  await finishLandscape(finished);
  const own = { name: HOSTILE, base: { ...smallBase, algorithm: "bp" } };
  plain = (await lab.ada.post("/v1/sweeps", own)).json().id;
});
afterAll(() => lab.close());

describe("a report", () => {
  test("of a running sweep of the paper has what is there so far, and all fourteen claims", async () => {
    const response = await lab.ada.get(`/v1/sweeps/${paper}/report`);
    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toBe("text/html; charset=utf-8");
    const html = response.body;
    expect(html.match(/<summary>\d+\. /g)).toHaveLength(14);
    expect(html.includes("80.0")).toBe(true);
    expect(html.includes("Figure 4: loss landscapes")).toBe(true);
    expect(html.includes("one seed says nothing about the spread")).toBe(true);
    // One file: nothing in it is fetched.
    expect(/(src|href)="(?!#)/.exec(html)).toBeNull();
    expect(/.{20}(?:NaN|undefined).{20}/.exec(html)).toBeNull();
  });

  test("in Markdown links to figures that are there", async () => {
    const { body, headers } = await lab.ada.get(`/v1/sweeps/${paper}/report?format=md`);
    expect(headers["content-type"]).toBe("text/markdown; charset=utf-8");
    const urls = [...body.matchAll(/\]\((\/v1[^)]+)\)/g)].map(([, url]) => url ?? "");
    expect(urls.length).toBeGreaterThan(2);
    for (const url of urls) {
      const figure = await lab.ada.get(url);
      expect([url, figure.statusCode]).toEqual([url, 200]);
    }
  });

  test("of any other sweep has no claims, and its name stays text", async () => {
    const { body } = await lab.ada.get(`/v1/sweeps/${plain}/report`);
    expect(body.includes("<summary>")).toBe(false);
    expect(body.includes("<script>")).toBe(false);
    expect(body.includes("&lt;script&gt;")).toBe(true);
    const markdown = (await lab.ada.get(`/v1/sweeps/${plain}/report?format=md`)).body;
    expect(markdown.split("\n")[0]).toContain("\\<script\\>");
    expect(/[^\\\\]\]\(javascript/.exec(markdown)).toBeNull();
  });

  test("is its owner's alone", async () => {
    const answers = await Promise.all([
      lab.ben.get(`/v1/sweeps/${paper}/report`),
      lab.ben.get(`/v1/sweeps/${paper}/plots/accuracy.svg`),
      lab.ben.get(`/v1/runs/${finished}/plots/accuracy.svg`),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([404, 404, 404]);
  });
});

describe("a plot", () => {
  test("is an SVG, light or dark, or a PNG", async () => {
    const plot = (rest: string) => lab.ada.get(`/v1/sweeps/${paper}/plots/landscape${rest}`);
    const [light, dark, png] = await Promise.all([
      plot(".svg"),
      plot(".svg?theme=dark"),
      plot(".png"),
    ]);
    expect(light.headers["content-type"]).toBe("image/svg+xml");
    expect(light.body.startsWith("<svg")).toBe(true);
    expect(dark.body === light.body).toBe(false);
    expect(png.headers["content-type"]).toBe("image/png");
    expect(png.rawPayload.subarray(1, 4).toString()).toBe("PNG");
  });

  test("of a run is that of its model", async () => {
    const { statusCode, body } = await lab.ada.get(`/v1/runs/${finished}/plots/learning-curve.svg`);
    expect(statusCode).toBe(200);
    expect(body.includes("no data")).toBe(false);
  });

  test("is found by the paper's number too", async () => {
    const [byName, byNumber] = await Promise.all(
      ["landscape", "figure-4"].map((name) => lab.ada.get(`/v1/sweeps/${paper}/plots/${name}.svg`)),
    );
    expect(byNumber?.body === byName?.body).toBe(true);
  });

  test("of a run's energy has a line for each layer, and none for bp", async () => {
    const bp = await lab.ada.get(`/v1/runs/${finished}/plots/energy.svg`);
    expect(bp.body.includes("no data")).toBe(true);
    const rows = [1, 2].flatMap((layer) =>
      [1, 2].map((weightUpdate) => ({
        runId: finished,
        weightUpdate,
        name: "quadratic_energy",
        layer,
        value: layer / weightUpdate,
      })),
    );
    await lab.database.prisma.metric.createMany({ data: rows });
    const { body } = await lab.ada.get(`/v1/runs/${finished}/plots/energy.svg`);
    expect(body.includes("layer 2")).toBe(true);
  });

  test("of nothing says so", async () => {
    const { body } = await lab.ada.get(`/v1/sweeps/${plain}/plots/weights.svg`);
    expect(body.includes("no data")).toBe(true);
  });

  test.each([
    ["landscape.gif", 404, "there is no plot"],
    ["toString.svg", 404, "there is no plot"],
    ["landscape.svg?network=mnist-1-1", 404, "there is no network"],
    ["landscape.svg?clip=-1", 422, ""],
    ["landscape.svg?theme=blue", 422, ""],
  ])("named %s is refused with what there is", async (name, status, detail) => {
    const response = await lab.ada.get(`/v1/sweeps/${paper}/plots/${name}`);
    expect(response.statusCode).toBe(status);
    expect(response.json().detail ?? "").toContain(detail);
  });
});
