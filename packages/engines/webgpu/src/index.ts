/** The webgpu engine: WGSL kernels behind the engine interface, float32, on any GPU with a Vulkan, Metal or D3D12 driver. */
export { type GpuDescription, describeGpu, probeWebgpu } from "./device/adapter.js";
export { type VulkanInstallation, findVulkan } from "./device/vulkan.js";
export { TOLERANCES } from "./tolerances.js";
export { webgpuEngine } from "./webgpuFactory.js";
