import { afterAll, beforeAll, expect, test } from "vitest";
import { FullDisk } from "../fullDisk.js";
import { type TestLab, smallBase, startTestLab } from "./testLab.js";

let lab: TestLab;
beforeAll(async () => {
  lab = await startTestLab();
});
afterAll(() => lab.close());

test("a sweep that PostgreSQL has no room for is answered 507 and stored in no part; with room it is taken", async () => {
  const disk = await FullDisk.in(lab.database, ["runs"]);
  const body = { base: smallBase, grid: { algorithm: ["bp"], seed: [0, 1] } };
  await disk.fill();
  const refused = await lab.ada.post("/v1/sweeps", body);
  expect(refused.statusCode).toBe(507);
  expect(refused.headers["content-type"]).toContain("application/problem+json");
  expect(refused.json()).toMatchObject({ code: "storage_full", status: 507 });
  expect(refused.json().detail).toContain("make room");
  // What the server said of its files is for the log alone.
  expect(refused.body).not.toContain("could not extend file");
  expect(await lab.database.prisma.sweep.count()).toBe(0);

  await disk.makeRoom();
  expect((await lab.ada.post("/v1/sweeps", body)).statusCode).toBe(201);
});
