/** Of these tests there are none where the addon could not be built; tests/nativeAddon.test.ts tells of that. */
import { conformanceCases, gaussNewtonConformanceCases } from "@pclab/core/conformance";
import { describe, expect, test } from "vitest";
import { allocatedBytes, nativeEngine, nativeInstructionSets } from "./nativeEngine.js";
import { SHAPE, examplesOf, initialStateOf, settingsOf } from "./smallNetwork.js";
import { TOLERANCES } from "./tolerances.js";

describe.each(nativeInstructionSets())("the native engine on %s", (instructionSet) => {
  const factory = nativeEngine(instructionSet);

  for (const { name, run } of [
    ...conformanceCases(factory, TOLERANCES),
    ...gaussNewtonConformanceCases(factory, TOLERANCES),
  ]) {
    test(name, run);
  }

  test("a disposed engine has given back its memory", async () => {
    const before = allocatedBytes();
    const engine = await factory.create({ shape: SHAPE, batchSize: 64, replicas: [settingsOf()] });
    expect(allocatedBytes()).toBeGreaterThan(before);
    await engine.dispose();
    expect(allocatedBytes()).toBe(before);
  });

  test("calls made at once are done one after the other", async () => {
    const engine = await factory.create({ shape: SHAPE, batchSize: 8, replicas: [settingsOf()] });
    await engine.loadState(0, initialStateOf(settingsOf()));
    const minibatch = { examples: examplesOf(8), indices: Uint32Array.of(0, 1, 2, 3) };
    const [, , state] = await Promise.all([
      engine.trainMinibatch([minibatch]),
      engine.trainMinibatch([minibatch]),
      engine.readState(0),
    ]);
    expect(state.weightUpdates).toBe(8);
    await engine.dispose();
  });

  test.each([
    ["an index past the last example", { indices: Uint32Array.of(9) }, /indices\[0\] is 9 of 8/],
    ["an empty minibatch", { indices: new Uint32Array(0) }, /minibatch of 0/],
    ["a minibatch over the engine's size", { indices: new Uint32Array(9) }, /made for 8/],
    [
      "inputs of another width",
      { examples: { ...examplesOf(8), inputs: new Uint8Array(8 * 19 + 1) } },
      /multiple of 19/,
    ],
    [
      "targets of another width",
      { examples: { ...examplesOf(8), targets: new Float64Array(8) } },
      /targets has 8 elements, expected 80/,
    ],
  ])("%s is refused and changes nothing", async (_, wrong, message) => {
    const engine = await factory.create({ shape: SHAPE, batchSize: 8, replicas: [settingsOf()] });
    const right = { examples: examplesOf(8), indices: Uint32Array.of(0) };
    await expect(engine.trainMinibatch([{ ...right, ...wrong }])).rejects.toThrow(message);
    expect((await engine.readState(0)).weightUpdates).toBe(0);
    await engine.dispose();
  });
});
