import { describe, expect, test } from "vitest";
import { UnavailableError } from "../unavailable.js";
import type { PeerProgram } from "./peerProcess.js";
import {
  SETTINGS,
  type Setting,
  describeSetting,
  fastestSetting,
  findPython,
  peerProgram,
} from "./python.js";

describe("the Python", () => {
  test("that PCLAB_PYTHON names is the only one tried", () => {
    const find = () => findPython({ ...process.env, PCLAB_PYTHON: "/no/such/python" });
    expect(find).toThrow(UnavailableError);
    expect(find).toThrow("no Python with PyTorch (tried /no/such/python)");
  });
});

describe("a peer's program", () => {
  const programOf = (setting: Setting) =>
    peerProgram({
      python: "python3",
      script: "peer.py",
      threads: 2,
      setting,
      environment: { PATH: "/bin", OPENBLAS_CORETYPE: "Haswell", OMP_NUM_THREADS: "16" },
    });

  test("has as many threads as are measured, in every library", () => {
    const { args, environment } = programOf({});
    expect(args).toEqual(["-B", "peer.py", "--threads", "2", "--device", "cpu"]);
    expect(environment).toEqual({
      PATH: "/bin",
      OPENBLAS_CORETYPE: "Haswell",
      OMP_NUM_THREADS: "2",
      OPENBLAS_NUM_THREADS: "2",
      MKL_NUM_THREADS: "2",
    });
  });

  test("has the setting's variables over the environment's, and lacks those it unsets", () => {
    expect(programOf({ OPENBLAS_CORETYPE: "Zen" }).environment["OPENBLAS_CORETYPE"]).toBe("Zen");
    expect(programOf({ OPENBLAS_CORETYPE: undefined }).environment).not.toHaveProperty(
      "OPENBLAS_CORETYPE",
    );
  });
});

describe("the fastest setting", () => {
  /** A peer in JavaScript that takes `milliseconds` and speaks the protocol. */
  const fake = (milliseconds: number, blas: string): PeerProgram => ({
    program: process.execPath,
    args: [
      "-e",
      `require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
        const { about, setup } = JSON.parse(line);
        const answer = about ? { blas: "${blas}" } : setup ? { ready: true }
          : { milliseconds: [${milliseconds} + 1, ${milliseconds}] };
        console.log(JSON.stringify(answer));
      });`,
    ],
    environment: process.env,
  });

  const dying: PeerProgram = {
    program: process.execPath,
    args: ["-e", `process.kill(process.pid, "SIGILL")`],
    environment: process.env,
  };

  test("is found among those that run at all", async () => {
    const programs = [fake(9, "openblas"), fake(4, "openblas"), fake(7, "openblas"), dying];
    const best = await fastestSetting((setting) => programs[SETTINGS.indexOf(setting)]);
    expect(best.setting).toBe(SETTINGS[1]);
    expect(best.milliseconds).toBe(4);
    expect(best.about).toEqual({ blas: "openblas" });
  });

  test("is none with the reference BLAS: a comparison would mean nothing", async () => {
    const finding = fastestSetting(() => fake(1, "reference"));
    await expect(finding).rejects.toThrow(UnavailableError);
    await expect(finding).rejects.toThrow("reference BLAS");
  });

  test("is none where none runs", async () => {
    await expect(fastestSetting(() => dying)).rejects.toThrow(UnavailableError);
  });

  test("is told in words", () => {
    expect(SETTINGS.map(describeSetting)).toEqual([
      "the environment's own",
      "the libraries' defaults",
      "OPENBLAS_CORETYPE=SkylakeX",
      "OPENBLAS_CORETYPE=SkylakeX ATEN_CPU_CAPABILITY=avx512",
    ]);
  });
});
