import { EngineError, type EngineRegistry, referenceEngine } from "@pclab/core";
import { expect, test } from "vitest";
import { renamedEngine } from "../../../tests/renamedEngine.js";
import { engineNotice } from "./engineNotice.js";

const engines: EngineRegistry = {
  webgpu: () => {
    throw new EngineError("engine_unsupported", "there is no GPU");
  },
  native: () => renamedEngine("native/avx2"),
  reference: () => referenceEngine,
};
const unbuilt: EngineRegistry = {
  ...engines,
  native: () => {
    throw new EngineError("engine_unsupported", "there is no compiler");
  },
};

test("a start names its engine, and what keeps a better one from starting", () => {
  expect(engineNotice(engines, "auto")).toEqual(["networks are trained by the engine native/avx2"]);
  expect(engineNotice(unbuilt, "auto")).toEqual([
    "the native engine cannot start: there is no compiler",
    "networks are trained by the engine reference/float64",
  ]);
});

test("an engine by its name needs no excuse for others, and has none for itself", () => {
  expect(engineNotice(unbuilt, "reference")).toEqual([
    "networks are trained by the engine reference/float64",
  ]);
  expect(() => engineNotice(unbuilt, "native")).toThrow("there is no compiler");
});
