/** The one suite of all engines, on a Vulkan driver that computes on the CPU: small shapes, since it is slow. */
import { conformanceCases } from "@pclab/core/conformance";
import { describe, expect, test } from "vitest";
import { NO_SOFTWARE_VULKAN, startSoftwareVulkan } from "./testing.js";
import { TOLERANCES } from "./tolerances.js";
import { webgpuEngine } from "./webgpuFactory.js";

const hasDriver = await startSoftwareVulkan();

describe.skipIf(!hasDriver)(
  `the webgpu engine${hasDriver ? "" : `: ${NO_SOFTWARE_VULKAN}`}`,
  () => {
    for (const { name, run } of hasDriver ? conformanceCases(webgpuEngine(), TOLERANCES) : []) {
      test(name, run);
    }

    test("its id names the adapter and its driver", () => {
      expect(webgpuEngine().id).toMatch(/^webgpu\/[a-z0-9.-]+$/);
    });
  },
);
