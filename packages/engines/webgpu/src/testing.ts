/**
 * For tests: a Vulkan driver that computes on the CPU, so that the kernels run where there is no GPU. In CI one must be
 * there (.ci/run installs it); elsewhere its want is a written reason to skip.
 */
import { existsSync } from "node:fs";
import { probeWebgpu } from "./device/adapter.js";

/** SwiftShader as Debian's chromium-common brings it, then Mesa's lavapipe. */
const DRIVERS = [
  "/usr/lib/chromium/vk_swiftshader_icd.json",
  "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json",
  "/usr/share/vulkan/icd.d/lvp_icd.aarch64.json",
];

/** The driver's description; null where there is none, and then CI fails. */
export const findSoftwareVulkan = (): string | null => {
  const named = process.env["VK_ICD_FILENAMES"];
  const found = named ?? DRIVERS.find((file) => existsSync(file)) ?? null;
  if (found === null && process.env["CI"] === "true") {
    throw new Error(`there is no software Vulkan driver: ${HOW_TO_GET_ONE}`);
  }
  return found;
};

const HOW_TO_GET_ONE = "apt-get install --no-install-recommends chromium-common libvulkan1";

/** Why a test is skipped where `findSoftwareVulkan` finds none. */
export const NO_SOFTWARE_VULKAN = `no software Vulkan driver here (${HOW_TO_GET_ONE})`;

/** Makes the driver this process's adapter. False: there is none. */
export const startSoftwareVulkan = async (): Promise<boolean> => {
  const driver = findSoftwareVulkan();
  if (driver === null) return false;
  // The Vulkan loader reads it when Dawn's instance is created.
  process.env["VK_ICD_FILENAMES"] = driver;
  await probeWebgpu({ allowSoftware: true });
  return true;
};
