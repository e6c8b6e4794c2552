/** The GPU that the webgpu engine would use, and what Vulkan has on this machine. */
import { type VulkanInstallation, describeGpu, findVulkan } from "@pclab/engine-webgpu";
import { type Finding, fine, note } from "./finding.js";

const GIB = 2 ** 30;

export const examineGpu = (environment: Readonly<Record<string, string | undefined>>): Finding => {
  const vulkan = describeVulkan(findVulkan(environment));
  const gpu = describeGpu();
  if (gpu === null) return note("GPU", `none; ${vulkan}`);
  const { name, driver, isSoftware, memoryBytes, index } = gpu;
  const parts = [
    index === null ? name : `${index}: ${name}`,
    driver,
    ...(memoryBytes === null ? [] : [`${(memoryBytes / GIB).toFixed(0)} GiB`]),
    ...(isSoftware ? ["computes on the CPU, for tests"] : []),
    vulkan,
  ];
  return (isSoftware ? note : fine)("GPU", parts.join(", "));
};

const describeVulkan = ({ loader, drivers }: VulkanInstallation): string => {
  const count = `${drivers.length} Vulkan driver${drivers.length === 1 ? "" : "s"}`;
  return `${loader === null ? "no Vulkan loader (apt-get install libvulkan1)" : "Vulkan loader present"}, ${count}`;
};
