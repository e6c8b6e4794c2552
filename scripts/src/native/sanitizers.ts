/** AddressSanitizer and UndefinedBehaviorSanitizer around an addon of a node that was built without them. */
import { readFile, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { UnavailableError } from "../bench/unavailable.js";
import { COMPILER, findLibrary, findProgram } from "./compiler.js";

export interface Sanitizers {
  /** Builds an addon with them: for the compiler's make file. */
  build: { CXX: string; CXXFLAGS: string; LDFLAGS: string };
  /** Runs a process that loads it; a finding ends that process. */
  run: NodeJS.ProcessEnv;
  /** What was found so far, a report for each process that ended by one. */
  findings(): Promise<string[]>;
}

const FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined";
/** Fast enough for every test, and a stack that names lines. It follows the build's own flags and overrules them. */
const READABLE = "-O1 -g -fno-omit-frame-pointer";
const REPORT = "finding";

/**
 * @param folder an empty one, for the reports
 * @throws UnavailableError with what to install
 */
export const findSanitizers = async (folder: string): Promise<Sanitizers> => {
  if (process.platform !== "linux") {
    throw new UnavailableError("the sanitizers are preloaded by LD_PRELOAD, which Linux has alone");
  }
  const compiler = findProgram(COMPILER);
  // Node does not link them, and AddressSanitizer must come first of all. It looks for the C++ library's functions when
  // it starts, and so that library is preloaded too.
  const libraries = [
    findLibrary(compiler, "libasan.so", "libasan8, or the version that belongs to the compiler"),
    findLibrary(compiler, "libstdc++.so.6", "libstdc++6"),
  ];
  return {
    build: { CXX: compiler, CXXFLAGS: `${FLAGS} ${READABLE}`, LDFLAGS: FLAGS },
    run: {
      LD_PRELOAD: (await Promise.all(libraries.map((path) => realpath(path)))).join(" "),
      // Node itself leaves memory to the system at its end; a leak of the engines is the business of allocatedBytes().
      ASAN_OPTIONS: `detect_leaks=0:log_path=${join(folder, REPORT)}`,
      UBSAN_OPTIONS: `print_stacktrace=1:log_path=${join(folder, REPORT)}`,
    },
    findings: async () => {
      const files = (await readdir(folder)).filter((name) => name.startsWith(`${REPORT}.`));
      return Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    },
  };
};

/** Whether a build took the flags: without them the tests would pass and show nothing. */
export const isSanitized = async (addon: string): Promise<boolean> => {
  const bytes = await readFile(addon);
  return bytes.includes("__asan_report_load") && bytes.includes("__ubsan_handle");
};
