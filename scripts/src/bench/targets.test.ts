import { describe, expect, test } from "vitest";
import { AUTOGRAD, FASTEST, MANUAL, OPTIM, PC_TRAINER, TORCH2PC } from "./peers/variants.js";
import type { Row, RowKey } from "./row.js";
import type { TargetLine } from "./judgement.js";
import { judgeTargets, targetTable } from "./targets.js";

const ENGINE = "native/avx512";
const judged = { engine: ENGINE, instructionSet: "avx512", narrower: "native/avx2" } as const;

const row = (key: Partial<RowKey>, medianMs: number, shareOfPeak: number | null = null): Row => ({
  source: "kernel",
  subject: ENGINE,
  instructionSet: "avx512",
  model: "pc",
  width: 256,
  batch: 64,
  threads: 1,
  ...key,
  result: { rounds: [medianMs], medianMs, minimumMs: medianMs, gflops: null, shareOfPeak },
});

const peak = (gflops: number): Row => {
  const key = row({ source: "peak", subject: "avx512", model: null }, 1);
  return {
    ...key,
    result: { rounds: [], medianMs: null, minimumMs: null, gflops, shareOfPeak: null },
  };
};

const peer = (subject: string, medianMs: number, key: Partial<RowKey> = {}): Row =>
  row({ source: "peer", subject, instructionSet: null, ...key }, medianMs);

/** Every line met, each by a little. */
const good: Row[] = [
  peak(245),
  row({}, 100, 0.851),
  row({ width: 1024 }, 1000, 0.801),
  row({ source: "loop" }, 105, 0.801),
  peer(MANUAL, 191),
  peer(FASTEST, 191),
  peer(AUTOGRAD, 451),
  peer(TORCH2PC, 701),
  peer(PC_TRAINER, 701),
  peer(MANUAL, 1601, { width: 1024 }),
  peer(FASTEST, 1601, { width: 1024 }),
  peer(AUTOGRAD, 2501, { width: 1024 }),
  row({ model: "pc_rc2" }, 129),
  row({ model: "pc_rc3" }, 104),
  row({ threads: 2 }, 52),
  row({ model: "bp" }, 1.39),
  peer(OPTIM, 3.1, { model: "bp" }),
  peer(FASTEST, 3.1, { model: "bp" }),
  row({ model: "pc_rc3_gauss_newton" }, 2.69 * 1.39),
  row({ model: "pc_gauss_newton" }, 3.99 * 1.39),
  row({ model: "bp", width: 64 }, 0.2),
  row({ model: "pc_rc3_gauss_newton", width: 64 }, 0.49),
  row({ model: "pc_gauss_newton", width: 64 }, 0.49),
  row({ subject: "native/avx2", instructionSet: "avx2" }, 200, 0.86),
];

const without = (unwanted: (candidate: Row) => boolean): Row[] =>
  good.filter((candidate) => !unwanted(candidate));

const replaced = (key: Partial<RowKey>, replacement: Row): Row[] => {
  const fits = (candidate: Row): boolean =>
    Object.entries(key).every(([name, value]) => candidate[name as keyof Row] === value);
  const kept = without(fits);
  expect(good.length - kept.length).toBe(1);
  return [...kept, replacement];
};

const linesAbout = (lines: TargetLine[], words: string): TargetLine[] =>
  lines.filter(({ what }) => what.includes(words));

describe("the targets", () => {
  test("are all met by rows that meet them all", () => {
    const lines = judgeTargets(good, judged);
    expect(lines.filter(({ verdict }) => verdict !== "met")).toEqual([]);
    expect(lines).toHaveLength(22);
  });

  test("are unavailable, each with a reason, where nothing was measured", () => {
    const lines = judgeTargets([], judged);
    expect(new Set(lines.map(({ verdict }) => verdict))).toEqual(new Set(["unavailable"]));
    for (const { measured } of lines) expect(measured).toMatch(/^unavailable: ./);
  });

  test.each<[string, Partial<RowKey>, Row, string]>([
    [
      "a share below its bound",
      { source: "kernel", subject: ENGINE, model: "pc", width: 256, threads: 1 },
      row({}, 100, 0.849),
      "phase, share",
    ],
    ["a slow loop", { source: "loop" }, row({ source: "loop" }, 120, 0.79), "training loop"],
    ["a fast peer", { subject: AUTOGRAD, width: 256 }, peer(AUTOGRAD, 449), AUTOGRAD],
    ["a fast library", { subject: TORCH2PC }, peer(TORCH2PC, 699), TORCH2PC],
    ["a dear rc2", { model: "pc_rc2" }, row({ model: "pc_rc2" }, 131), "pc_rc2 over pc"],
    ["a dear rc3", { model: "pc_rc3" }, row({ model: "pc_rc3" }, 106), "pc_rc3 over pc"],
    ["an idle thread", { threads: 2 }, row({ threads: 2 }, 53), "two threads"],
    [
      "a narrow path that is slow",
      { subject: "native/avx2" },
      row({ subject: "native/avx2", instructionSet: "avx2" }, 200, 0.84),
      "AVX2",
    ],
    [
      "a dear Gauss-Newton",
      { model: "pc_gauss_newton", width: 64 },
      row({ model: "pc_gauss_newton", width: 64 }, 0.51),
      "pc_gauss_newton over bp",
    ],
  ])("tell of %s, and of nothing else", (_, key, replacement, words) => {
    const missed = judgeTargets(replaced(key, replacement), judged).filter(
      ({ verdict }) => verdict !== "met",
    );
    expect(missed).toHaveLength(1);
    expect(missed[0].verdict).toBe("not met");
    expect(missed[0].what).toContain(words);
  });

  test("allow a bp step more time on a slower core, and less on a faster one", () => {
    const judgedStep = (gflops: number, ms: number) => {
      const rows = without(
        ({ source, model, width }) =>
          source === "peak" || (source === "kernel" && model === "bp" && width === 256),
      );
      const lines = judgeTargets([...rows, peak(gflops), row({ model: "bp" }, ms)], judged);
      return linesAbout(lines, "bp step with Adam")[0];
    };
    expect(judgedStep(122.5, 2.7)).toMatchObject({ verdict: "met", target: "at most 2.80 ms" });
    expect(judgedStep(245, 1.41)).toMatchObject({ verdict: "not met" });
    expect(judgedStep(490, 1.39)).toMatchObject({ verdict: "not met", target: "at most 0.700 ms" });
  });

  test("count Gauss-Newton against bp only where bp met its own lines", () => {
    const slow = row({ model: "bp" }, 2);
    const lines = judgeTargets(
      replaced({ source: "kernel", model: "bp", width: 256 }, slow),
      judged,
    );
    for (const line of linesAbout(lines, "gauss_newton over bp")) {
      expect(line.verdict).toBe("not met");
      expect(line.measured).toContain("bp misses its own target");
    }
  });

  test("do not blame Gauss-Newton where bp's peers are not on this machine", () => {
    const lines = judgeTargets(
      without(({ source }) => source === "peer"),
      judged,
    );
    const verdicts = linesAbout(lines, "gauss_newton over bp").map(({ verdict }) => verdict);
    expect(verdicts).toEqual(["met", "met", "met", "met"]);
  });

  test("pass on why a row is unavailable", () => {
    const gone = { ...peer(TORCH2PC, 1), result: { unavailable: "no checkout of it" } };
    const lines = judgeTargets(replaced({ subject: TORCH2PC }, gone), judged);
    expect(linesAbout(lines, TORCH2PC)).toMatchObject([
      { measured: "unavailable: no checkout of it", verdict: "unavailable" },
    ]);
    expect(targetTable(lines).notes).toEqual(["21 met, 0 not met, 1 unavailable."]);
  });
});
