/** The baselines themselves, where there is a Python with PyTorch; its BLAS is of no matter on networks this small. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnavailableError } from "../unavailable.js";
import { PeerProcess } from "./peerProcess.js";
import { findPython, peerProgram } from "./python.js";

const script = fileURLToPath(new URL("../../../peers/pytorch_pc.py", import.meta.url));

const pythonHere = (): string | null => {
  try {
    return findPython(process.env);
  } catch (error) {
    if (error instanceof UnavailableError) return null;
    throw error;
  }
};
const python = pythonHere();

const problem = { width: 9, depth: 3, batch: 5, steps: 16, rate: 0.1, updateEvery: 16 };

describe.runIf(python)("PyTorch's baselines (only with PyTorch)", () => {
  let peer: PeerProcess;
  beforeAll(() => {
    const { PCLAB_TORCH2PC: _, PCLAB_PREDICTIVE_CODING: __, ...environment } = process.env;
    const program = { python: python ?? "", script, threads: 1, setting: {}, environment };
    peer = new PeerProcess(peerProgram(program));
  });
  afterAll(() => peer.close());

  const setup = (variant: string, overrides: object = {}) =>
    peer.ask({ setup: { id: variant, variant, ...problem, ...overrides } });

  test("say what they run on", async () => {
    const about = await peer.ask({ about: true });
    expect(Object.keys(about)).toEqual(["torch", "blas", "capability", "threads"]);
    expect(about["threads"]).toBe(1);
  });

  // Setting up a fast one compares what it computes with the plain formulas, or with autograd.
  test.each(["manual", "manual_fast", "autograd", "bp", "bp_fast"])(
    "%s is timed as often as asked",
    async (variant) => {
      expect(await setup(variant)).toEqual({ ready: true });
      const { milliseconds } = await peer.ask({ run: { id: variant, count: 3 } });
      expect(milliseconds).toHaveLength(3);
      for (const ms of milliseconds as number[]) expect(ms).toBeGreaterThan(0);
      expect(await peer.ask({ drop: { id: variant } })).toEqual({ dropped: true });
    },
  );

  test.each(["manual_fast", "autograd"])(
    "%s updates its weights during inference, as rc2 does",
    async (variant) => {
      expect(await setup(variant, { updateEvery: 8 })).toEqual({ ready: true });
    },
  );

  test.each([
    ["torch2pc", "PCLAB_TORCH2PC names no checkout of it"],
    ["pctrainer", "PCLAB_PREDICTIVE_CODING names no checkout of it"],
    ["nonsense", "KeyError"],
  ])("%s is unavailable here, and the next request is answered", async (variant, reason) => {
    await expect(setup(variant)).rejects.toThrow(reason);
    expect(await peer.ask({ about: true })).toHaveProperty("torch");
  });

  test("a request that makes no sense is answered by an error", async () => {
    await expect(peer.ask({ fly: {} })).rejects.toThrow("there is no request 'fly'");
    await expect(peer.ask({ run: { id: "unknown", count: 1 } })).rejects.toThrow("KeyError");
  });
});
