import type { SweepBody } from "@pclab/contracts";
import { expect, test } from "vitest";
import { styleOf } from "./style.js";
import { sweepTable } from "./sweepTable.js";

test("of a sweep whose search makes runs, those to come count among all", () => {
  const sweep = {
    id: "swp_1",
    name: "search",
    state: "active",
    run_count: 10,
    planned_run_count: 50,
    counts: { succeeded: 6, failed: 1, canceled: 0, pruned: 3 },
    tags: [],
    created_at: "2026-01-01T00:00:00.000Z",
  } as unknown as SweepBody;
  const nowMs = Date.parse("2026-01-01T00:01:00.000Z");
  expect(sweepTable([sweep], { style: styleOf(false), width: Infinity, nowMs })).toEqual([
    "ID     NAME    STATE   ENDED  FAILED  TAGS    AGE",
    "swp_1  search  active  10/50       1  -     1 min",
  ]);
});
