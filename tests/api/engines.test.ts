import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
let runId = "";
beforeAll(async () => {
  lab = await startTestLab();
  const body = { base: { ...smallBase, algorithm: "bp" } };
  const sweep = (await lab.ada.post("/v1/sweeps", body)).json();
  [{ id: runId }] = (await lab.ada.get(`/v1/sweeps/${sweep.id}/runs`)).json().data;
});
afterAll(() => lab.close());

const store = async (manifest: Record<string, unknown>): Promise<void> => {
  const { spec } = await lab.database.prisma.run.findUniqueOrThrow({ where: { id: runId } });
  const complete = {
    spec,
    seed: 0,
    engine: "native/avx2",
    versions: { pclab: "0" },
    git_sha: null,
    dataset: { name: "fashion-mnist", sha256: "00" },
    host: {},
    ...manifest,
  };
  await lab.database.prisma.run.update({
    where: { id: runId },
    data: { manifest: JSON.parse(JSON.stringify(complete)) },
  });
};
const answers = async () => ({
  run: (await lab.ada.get(`/v1/runs/${runId}`)).json(),
  manifest: (await lab.ada.get(`/v1/runs/${runId}/manifest`)).json(),
});

describe("a run that went on with another engine than its checkpoint's", () => {
  test("says where, in its own body and in its manifest", async () => {
    const changes = [{ from: "native/avx512", to: "native/avx2", weight_update: 40 }];
    const choice = { spec: "auto", worker: "native" };
    await store({ numerics_changed: changes, engine_choice: choice });
    const { run, manifest } = await answers();
    expect(run.numerics_changed).toEqual(changes);
    expect(manifest).toMatchObject({ numerics_changed: changes, engine_choice: choice });
  });
});

test("a manifest of an earlier version, which knows of none of this, is answered all the same", async () => {
  await store({});
  const { run, manifest } = await answers();
  expect(run.numerics_changed).toEqual([]);
  expect(manifest).toMatchObject({ engine: "native/avx2", numerics_changed: [] });
});
