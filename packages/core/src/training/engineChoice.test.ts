import { describe, expect, test } from "vitest";
import type { EngineFactory } from "../engine/engine.js";
import { EngineError } from "../engine/engineError.js";
import {
  type EngineRegistry,
  engineStates,
  resumeEngine,
  startEngine,
  startableEngines,
} from "./engineChoice.js";

const factory = (id: string): EngineFactory => ({
  id,
  create: () => {
    throw new Error("no engine is created here");
  },
});
const reference = () => factory("reference/float64");

/** A native engine on a processor with these builds, best first. */
const nativeWith =
  (...builds: string[]) =>
  (variant?: string) =>
    factory(`native/${builds.find((build) => build === variant) ?? builds[0]}`);

const unbuilt = (): EngineFactory => {
  throw new EngineError("engine_unsupported", "there is no compiler; apt-get install g++");
};

const both: EngineRegistry = { reference, native: nativeWith("avx512", "avx2") };
const withoutCompiler: EngineRegistry = { reference, native: unbuilt };

const refusal = (work: () => unknown): EngineError => {
  try {
    work();
  } catch (error) {
    if (error instanceof EngineError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("auto", () => {
  test("is the best engine that can start, in whatever order the registry has them", () => {
    expect(startEngine(both, "auto").id).toBe("native/avx512");
    expect(startEngine(withoutCompiler, "auto").id).toBe("reference/float64");
  });

  test("is never tfjs, which is for who asks for it", () => {
    const tfjs = () => ({ ...factory("tfjs/tensorflow"), onlyByName: true });
    expect(startEngine({ native: unbuilt, reference, tfjs }, "auto").id).toBe("reference/float64");
    expect(refusal(() => startEngine({ tfjs }, "auto")).message).toContain("can: tfjs");
    expect(startEngine({ tfjs }, "tfjs").id).toBe("tfjs/tensorflow");
    expect(resumeEngine({ reference, tfjs }, "auto", "tfjs/tensorflow").id).toBe("tfjs/tensorflow");
  });

  test("passes over an engine that is there for tests, and one without the run's inference method", () => {
    const webgpu = (changes: Partial<EngineFactory>): EngineRegistry => ({
      ...both,
      webgpu: () => ({ ...factory("webgpu/gpu"), inferenceMethods: ["gradient"], ...changes }),
    });
    expect(startEngine(webgpu({}), "auto").id).toBe("webgpu/gpu");
    expect(startEngine(webgpu({}), "auto", "gradient").id).toBe("webgpu/gpu");
    expect(startEngine(webgpu({}), "auto", "gauss_newton").id).toBe("native/avx512");
    expect(startEngine(webgpu({}), "webgpu", "gauss_newton").id).toBe("webgpu/gpu");
    expect(startEngine(webgpu({ onlyByName: true }), "auto").id).toBe("native/avx512");
    expect(startEngine(webgpu({ onlyByName: true }), "webgpu").id).toBe("webgpu/gpu");
  });

  test("with no engine that starts is refused, with every reason", () => {
    const { code, message } = refusal(() => startEngine({ native: unbuilt }, "auto"));
    expect(code).toBe("engine_unsupported");
    expect(message).toMatch(
      /webgpu is not part.*apt-get install g\+\+.*reference is not part.*can: none/,
    );
  });
});

describe("an engine by its name", () => {
  test("is that engine", () => {
    expect(startEngine(both, "reference").id).toBe("reference/float64");
    expect(startEngine(both, "native").id).toBe("native/avx512");
  });

  test("that cannot start is refused with the reason: nothing stands in for it", () => {
    const { code, message } = refusal(() => startEngine(withoutCompiler, "native"));
    expect(code).toBe("engine_unsupported");
    expect(message).toMatch(/'native'.*apt-get install g\+\+.*can: reference/);
    expect(refusal(() => startEngine(both, "webgpu")).message).toContain(
      "not part of this version",
    );
  });

  test("whose start fails by a mistake of ours is not passed over in silence", () => {
    const broken: EngineRegistry = {
      ...both,
      native: () => {
        throw new TypeError("x is undefined");
      },
    };
    expect(() => startEngine(broken, "auto")).toThrow(TypeError);
  });
});

describe("a resumed run", () => {
  test("goes on with its checkpoint's engine and build, whatever auto would take", () => {
    expect(resumeEngine(both, "auto", "reference/float64").id).toBe("reference/float64");
    expect(resumeEngine(both, "auto", "native/avx2").id).toBe("native/avx2");
    expect(resumeEngine(both, "native", "native/avx2").id).toBe("native/avx2");
  });

  test.each(["native/neon", "native/avx512", "webgpu/float32", "auto/x", "", "native", "/"])(
    "of %j, which cannot start here, goes on with what the choice says",
    (id) => {
      const registry: EngineRegistry = { reference, native: nativeWith("avx2") };
      expect(resumeEngine(registry, "auto", id).id).toBe("native/avx2");
      expect(resumeEngine(withoutCompiler, "auto", id).id).toBe("reference/float64");
    },
  );

  test("of an engine by name that cannot start is refused", () => {
    expect(refusal(() => resumeEngine(withoutCompiler, "native", "native/avx2")).message).toContain(
      "no compiler",
    );
  });
});

test("every engine that a spec can name has its state, what is available first", () => {
  const states = engineStates(withoutCompiler);
  expect(states.map(({ name }) => name)).toEqual(["webgpu", "native", "reference", "tfjs"]);
  expect(states.map((state) => ("problem" in state ? state.problem : state.factory.id))).toEqual([
    expect.stringContaining("not part of this version"),
    expect.stringContaining("no compiler"),
    "reference/float64",
    expect.stringContaining("not part of this version"),
  ]);
  expect(startableEngines(withoutCompiler)).toEqual(["reference"]);
  expect(startableEngines(both)).toEqual(["native", "reference"]);
});
