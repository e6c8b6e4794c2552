/** A device that goes away under an engine. */
import { createProblem, expectSameState, minibatchOf, settingsOf } from "@pclab/core/conformance";
import { describe, expect, test } from "vitest";
import { sharedDevice } from "./device/sharedDevice.js";
import { NO_SOFTWARE_VULKAN, startSoftwareVulkan } from "./testing.js";
import { webgpuEngine } from "./webgpuFactory.js";

const hasDriver = await startSoftwareVulkan();

describe.skipIf(!hasDriver)(`a lost device${hasDriver ? "" : `: ${NO_SOFTWARE_VULKAN}`}`, () => {
  test("is told by its own error, whenever it goes, and the next engine gets a new device", async () => {
    const problem = createProblem();
    const settings = settingsOf("pc");
    const open = async () => {
      const { shape } = problem;
      const engine = await webgpuEngine().create({ shape, batchSize: 5, replicas: [settings] });
      await engine.loadState(0, problem.stateFor("sgd"));
      return engine;
    };
    const lost = { code: "engine_device_lost", message: expect.stringMatching(/was lost/) };

    const engine = await open();
    await engine.trainMinibatch([minibatchOf(problem)]);
    const before = await engine.readState(0);
    const { device } = await sharedDevice();
    const during = engine.trainMinibatch([minibatchOf(problem)]);
    device.destroy();
    await expect(during).rejects.toMatchObject(lost);
    await expect(engine.readState(0)).rejects.toMatchObject(lost);
    await expect(engine.trainMinibatch([minibatchOf(problem)])).rejects.toMatchObject(lost);
    await engine.dispose();

    const again = await open();
    await again.trainMinibatch([minibatchOf(problem)]);
    expectSameState(await again.readState(0), before, "on the new device");
    await again.dispose();
  }, 600_000);
});
