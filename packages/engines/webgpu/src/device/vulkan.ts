/**
 * What Linux has of Vulkan: the loader, and the manifests by which drivers make themselves known. Looked at before Dawn is
 * loaded, so that a machine without a GPU pays nothing, and is told what is missing.
 */
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";

export interface VulkanInstallation {
  /** The loader's file; null where none of the usual places has it. */
  loader: string | null;
  /** The drivers' manifests. */
  drivers: string[];
}

/** The loader's own search path, and the variables that replace it. */
const DRIVER_FOLDERS = [
  "/etc/vulkan",
  "/usr/local/etc/vulkan",
  "/usr/local/share/vulkan",
  "/usr/share/vulkan",
];

const LIBRARY_FOLDERS = [
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
  "/usr/local/lib",
];

const LOADER = "libvulkan.so.1";

type Environment = Readonly<Record<string, string | undefined>>;

export const findVulkan = (environment: Environment): VulkanInstallation => {
  const libraries = [...split(environment["LD_LIBRARY_PATH"]), ...LIBRARY_FOLDERS];
  const loader = libraries.map((folder) => join(folder, LOADER)).find((file) => existsSync(file));
  return { loader: loader ?? null, drivers: findDrivers(environment) };
};

const findDrivers = (environment: Environment): string[] => {
  const named = environment["VK_DRIVER_FILES"] ?? environment["VK_ICD_FILENAMES"];
  if (named !== undefined) return split(named).filter((file) => existsSync(file));
  const home = environment["HOME"];
  const folders = [
    ...(home === undefined ? [] : [join(home, ".local/share/vulkan")]),
    ...split(environment["XDG_DATA_DIRS"]).map((folder) => join(folder, "vulkan")),
    ...DRIVER_FOLDERS,
  ].map((folder) => join(folder, "icd.d"));
  const added = split(environment["VK_ADD_DRIVER_FILES"]).filter((file) => existsSync(file));
  return [...new Set([...added, ...folders.flatMap(manifestsIn)])];
};

const manifestsIn = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((file) => file.endsWith(".json"))
        .map((file) => join(folder, file))
    : [];

const split = (list: string | undefined): string[] =>
  (list ?? "").split(delimiter).filter((part) => part !== "");

/** What keeps a GPU from being reached, with the way out; null when loader and driver are there. */
export const vulkanProblem = ({ loader, drivers }: VulkanInstallation): string | null => {
  if (loader === null) {
    return `there is no Vulkan loader (${LOADER}): on Debian \`apt-get install libvulkan1\`, and the GPU vendor's driver`;
  }
  if (drivers.length > 0) return null;
  return "there is no Vulkan driver: install the GPU vendor's; in a container give it NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics, libegl1 and libxext6";
};
