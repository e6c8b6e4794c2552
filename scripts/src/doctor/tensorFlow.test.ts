import { expect, test } from "vitest";
import { examineTensorFlow } from "./tensorFlow.js";

test("the package that the tfjs engine loads is named", () => {
  const found = { packageName: "@tensorflow/tfjs-node" };
  expect(examineTensorFlow("tensorflow", found)).toEqual([
    { part: "TensorFlow", state: "fine", detail: "the tfjs engine loads @tensorflow/tfjs-node" },
  ]);
});

test("plain JavaScript is noted, with the way to TensorFlow; a TensorFlow that is missing is the engine's to tell", () => {
  const [finding] = examineTensorFlow("cpu");
  expect(finding).toMatchObject({ state: "note" });
  expect(finding.detail).toContain("PCLAB_TFJS_BACKEND=cpu");
  expect(examineTensorFlow("tensorflow", { problem: "no TensorFlow is installed" })).toEqual([]);
});
