/**
 * On a Vulkan driver that computes on the CPU: small shapes, since it is slow. All share one device, whose kernels are
 * compiled once.
 */
import {
  ALGORITHMS,
  type EngineFactory,
  NODE_CONVENTIONS,
  type ReplicaSettings,
  referenceEngine,
} from "@pclab/core";
import {
  type Problem,
  conformanceCases,
  createProblem,
  expectClose,
  minibatchOf,
  settingsOf,
} from "@pclab/core/conformance";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedDevice } from "./device/sharedDevice.js";
import { NO_SOFTWARE_VULKAN, startSoftwareVulkan } from "./testing.js";
import { TOLERANCES } from "./tolerances.js";
import { webgpuEngine } from "./webgpuFactory.js";

const hasDriver = await startSoftwareVulkan();

/** The driver compiles a tile's kernels in some seconds of a core's time. */
const COMPILE_MS = 300_000;

const engineOf = async (
  factory: EngineFactory,
  problem: Problem,
  replicas: ReplicaSettings[],
): ReturnType<EngineFactory["create"]> => {
  const { shape, examples } = problem;
  const engine = await factory.create({ shape, batchSize: examples.count, replicas });
  for (const [replica, { optimiser }] of replicas.entries()) {
    await engine.loadState(replica, problem.stateFor(optimiser));
  }
  return engine;
};

describe.skipIf(!hasDriver)(`webgpu${hasDriver ? "" : `: ${NO_SOFTWARE_VULKAN}`}`, () => {
  const factory = hasDriver ? webgpuEngine() : referenceEngine;

  beforeAll(async () => {
    const { pipelines } = await sharedDevice();
    await pipelines.forTile(1);
    await pipelines.forTile(4);
  }, COMPILE_MS);

  for (const { name, run } of conformanceCases(factory, TOLERANCES)) test(name, run, 120_000);

  test("its id names the adapter and its driver, and auto leaves a driver on the CPU alone", () => {
    expect(factory.id).toMatch(/^webgpu\/[a-z0-9.-]+$/);
    expect(factory.onlyByName).toBe(true);
    expect(webgpuEngine(factory.id.split("/")[1]).id).toBe(factory.id);
    expect(() => webgpuEngine("another-gpu")).toThrow(/not 'another-gpu'/);
  });

  describe.each(NODE_CONVENTIONS)("%s: five models side by side are the reference's", (node) => {
    // Minibatches of 5 take the narrow tile, of 12 the wide one, more than it holds in 37.
    test.each([
      { width: 1, samples: 5 },
      { width: 7, samples: 12 },
      { width: 33, samples: 37 },
      { width: 64, samples: 12 },
    ])(
      "$width wide, $samples samples",
      async ({ width, samples }) => {
        const sizes = [19, width, width, width, 10];
        const problem = createProblem({ node, sizes, samples, bias: true });
        const replicas = ALGORITHMS.map((algorithm) => settingsOf(algorithm));
        const reference = await engineOf(referenceEngine, problem, replicas);
        const engine = await engineOf(factory, problem, replicas);
        const batch = minibatchOf(problem);
        for (const [replica, { algorithm }] of replicas.entries()) {
          for (const rule of ["bp", "pc"] as const) {
            const expected = await reference.gradients(replica, batch, rule);
            const actual = await engine.gradients(replica, batch, rule);
            expected.forEach((layer, index) => {
              const what = `${algorithm}, ${rule}, layer ${index + 1}`;
              expectClose(actual[index]?.weights ?? [], layer.weights, 1e-4, what);
              expectClose(actual[index]?.bias ?? [], layer.bias ?? [], 1e-4, what);
              expectClose(actual[index]?.logVariance ?? [], layer.logVariance ?? [], 1e-4, what);
            });
          }
        }
        const batches = replicas.map(() => batch);
        const expected = await reference.trainMinibatch(batches);
        const actual = await engine.trainMinibatch(batches);
        for (const [replica, report] of expected.entries()) {
          const found = actual[replica];
          expectClose([found?.lossSum ?? Number.NaN], [report?.lossSum ?? 0], 1e-4, "loss");
          expect(found?.correct).toBe(report?.correct);
          expect(found?.inference?.stepsTaken).toBe(report?.inference?.stepsTaken);
          const numbers = (of: typeof report | undefined): number[] =>
            of?.inference
              ? [...of.inference.energyPerLayer, of.inference.residualSum, of.inference.residualMax]
              : [];
          expectClose(numbers(found), numbers(report), 1e-4, "energies and residuals");
          const { layers } = await engine.readState(replica);
          (await reference.readState(replica)).layers.forEach((layer, index) => {
            const what = `layer ${index + 1} after an update`;
            expectClose(layers[index]?.weights ?? [], layer.weights, 1e-4, what);
            expectClose(layers[index]?.logVariance ?? [], layer.logVariance, 1e-4, what);
          });
        }
        await engine.dispose();
      },
      120_000,
    );
  });

  test.each(["tanh", "gelu", "sigmoid"] as const)(
    "%s of tiny and of enormous arguments is the reference's",
    async (activation) => {
      for (const size of [1e-6, 1, 300, 1e30]) {
        const problem = createProblem({ activation, outputActivation: activation });
        const examples = { ...problem.examples, inputScale: size };
        const replicas = [settingsOf("bp")];
        const loss = async (of: EngineFactory): Promise<number> => {
          const engine = await engineOf(of, problem, replicas);
          const { lossSum } = await engine.evaluate(0, examples, { first: 0, count: 5 });
          await engine.dispose();
          return lossSum;
        };
        const expected = await loss(referenceEngine);
        // gelu grows with its argument: float32 has no number for the square of 1e30.
        if (activation === "gelu" && size === 1e30) continue;
        const relative = Math.abs((await loss(factory)) - expected) / expected;
        expect(relative, `${size}`).toBeLessThan(1e-4);
      }
    },
    120_000,
  );

  test("inference by gauss_newton is refused before anything is made, with the way out", async () => {
    const settings = settingsOf("pc");
    const inference = { ...settings.inference, method: "gauss_newton" as const };
    const { shape } = createProblem();
    const creating = factory.create({
      shape,
      batchSize: 5,
      replicas: [{ ...settings, inference }],
    });
    await expect(creating).rejects.toMatchObject({
      code: "engine_unsupported",
      message: expect.stringMatching(/inference\.method 'gauss_newton'.*native/),
    });
  });

  test("a network that no buffer of the adapter holds is refused before anything is made", async () => {
    const shape = { ...createProblem().shape, sizes: [784, 8192, 8192, 8192, 8192, 8192, 10] };
    const creating = factory.create({ shape, batchSize: 64, replicas: [settingsOf("pc")] });
    await expect(creating).rejects.toMatchObject({
      code: "engine_out_of_memory",
      message: expect.stringMatching(/parameters take \d+ bytes.*lower width/),
    });
    expect(factory.packing?.maximumReplicas(shape, 64)).toBe(0);
  });

  test.each([
    ["an index past the last example", { indices: Uint32Array.of(9) }, /indices\[0\] is 9 of 5/],
    ["an empty minibatch", { indices: new Uint32Array(0) }, /minibatch of 0/],
    ["a minibatch over the engine's size", { indices: new Uint32Array(6) }, /made for 5/],
    [
      "inputs of another width",
      { inputs: new Uint8Array(36) },
      /inputs has 36 elements, expected 35/,
    ],
    ["targets of another width", { targets: new Float64Array(5) }, /targets has 5 elements/],
  ])("%s is refused and changes nothing", async (_, wrong, message) => {
    const problem = createProblem();
    const engine = await engineOf(factory, problem, [settingsOf("pc")]);
    const right = minibatchOf(problem);
    const minibatch = {
      indices: "indices" in wrong ? wrong.indices : right.indices,
      examples: { ...right.examples, ...("indices" in wrong ? {} : wrong) },
    };
    await expect(engine.trainMinibatch([minibatch])).rejects.toThrow(message);
    expect((await engine.readState(0)).weightUpdates).toBe(0);
    await expect(engine.readState(1)).rejects.toThrow(/no replica 1/);
    await engine.dispose();
    await expect(engine.readState(0)).rejects.toThrow(/0 once disposed/);
  });
});
