import {
  CheckpointError,
  DatasetError,
  DivergedError,
  EngineError,
  readStoredSpec,
} from "@pclab/core";
import { CheckpointCorruptError } from "@pclab/storage";
import { expect, test } from "vitest";
import { endsAsCrash, faultBeforeTraining, faultOf } from "./fault.js";

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

test("each error has its reason, and keeps its words", () => {
  const diverged = new DivergedError({ weightUpdate: 7, layer: 3, quantity: "energy" });
  expect(faultOf(diverged)).toEqual({ reason: "diverged", detail: diverged.message });
  expect(diverged.message).toMatch(/energy.*layer 3.*weight update 7/);
  const missing = new DatasetError({
    code: "dataset_missing",
    file: "f",
    value: "nothing",
    expected: "a file",
    wayOut: "Download it.",
  });
  expect(faultOf(missing)).toEqual({ reason: "user_error", detail: missing.message });
  const truncated = new CheckpointError("checkpoint_truncated", "3 bytes");
  expect(faultOf(truncated)).toMatchObject({ reason: "user_error" });
  const unsupported = new EngineError("engine_unsupported", "no");
  expect(faultOf(unsupported)).toEqual({ reason: "user_error", detail: "no" });
  const mismatch = new EngineError("engine_state_mismatch", "no");
  expect(faultOf(mismatch)).toEqual({ reason: "engine_error", detail: "no" });
  expect(faultOf(new TypeError("x is undefined"))).toMatchObject({ reason: "engine_error" });
});

test("a GPU that is lost ends the attempt and not the run", () => {
  expect(endsAsCrash(new EngineError("engine_device_lost", "gone"))).toBe(true);
  expect(endsAsCrash(new EngineError("engine_unsupported", "no"))).toBe(false);
  expect(endsAsCrash(new Error("gone"))).toBe(false);
});

test("memory that cannot be had is told apart from other range errors, in this Node's own words", () => {
  const tooLarge = thrownBy(() => new Float64Array(2 ** 52));
  expect(faultOf(tooLarge)).toMatchObject({ reason: "out_of_memory" });
  const gpu = new EngineError("engine_out_of_memory", "the GPU has not the memory");
  expect(faultOf(gpu)).toEqual({ reason: "out_of_memory", detail: gpu.message });
  const otherwise = thrownBy(() => "".repeat(-1));
  expect(otherwise).toBeInstanceOf(RangeError);
  expect(faultOf(otherwise)).toMatchObject({ reason: "engine_error" });
});

test("a stored spec or checkpoint that cannot be read is a fault; anything else is not the run's", () => {
  const stale = thrownBy(() => readStoredSpec({ algorithm: "alchemy" }));
  expect(faultBeforeTraining(stale)).toMatchObject({ reason: "user_error" });
  expect(faultBeforeTraining(new CheckpointCorruptError("no"))).toMatchObject({
    reason: "user_error",
  });
  expect(faultBeforeTraining(new Error("PostgreSQL is away"))).toBeNull();
});
