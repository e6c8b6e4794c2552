/** Replicas in one engine: the bytes of each alone, in the dispatches of one. */
import {
  ALGORITHMS,
  type MinibatchReport,
  type NetworkState,
  type ReplicaSettings,
} from "@pclab/core";
import {
  type Problem,
  createProblem,
  expectSameState,
  minibatchOf,
  settingsOf,
} from "@pclab/core/conformance";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedDevice } from "./device/sharedDevice.js";
import { createSession } from "./session.js";
import { NO_SOFTWARE_VULKAN, startSoftwareVulkan } from "./testing.js";
import { WebgpuEngine } from "./webgpuEngine.js";

const hasDriver = await startSoftwareVulkan();
const COMPILE_MS = 300_000;

const CAPACITY = { maxBindingBytes: 2 ** 27, memoryBytes: null };

const open = async (
  { shape, examples }: Problem,
  replicas: ReplicaSettings[],
): Promise<WebgpuEngine> => {
  const options = { shape, batchSize: examples.count, replicas };
  const session = await createSession(await sharedDevice(), options, CAPACITY);
  return new WebgpuEngine("webgpu/test", session, replicas);
};

/** Of one shape, and of their own in everything that a replica may have of its own. */
const VARIED: ReplicaSettings[] = ALGORITHMS.map((algorithm, index) => {
  const base = settingsOf(algorithm);
  const isDuring = base.inference.updateEvery < base.inference.steps;
  const steps = [12, 9, 8, 10, 12][index] ?? 12;
  return {
    ...base,
    inference: {
      ...base.inference,
      steps,
      updateEvery: isDuring ? 4 : steps,
      rate: 0.05 + 0.02 * index,
      // One stops as soon as it may, the others never.
      tolerance: algorithm === "pc_rc3" ? 0.2 : 0,
    },
    learningRate: 0.01 * (index + 1),
    weightDecay: 0.001 * index,
    optimiser: (["adam", "momentum", "sgd", "adamw", "adam"] as const)[index] ?? "sgd",
    schedule: index % 2 === 0 ? "constant" : { warmupCosine: { warmup: 0.25, final: 0.1 } },
    totalWeightUpdates: 20,
    variance: { ...base.variance, decay: 0.01 * index },
  };
});

const problemOf = (replica: number): Problem =>
  createProblem({ sizes: [19, 37, 20, 33, 10], samples: 12, bias: true, seed: 7 + replica });

/** Whole, short and left out, each replica in its own order. */
const BATCHES: (number[] | null)[][] = VARIED.map((_, replica) => {
  const whole = Array.from({ length: 12 }, (__, i) => (5 * i + replica) % 12);
  const short = whole.slice(0, 3 + replica);
  return replica === 2 ? [whole, null, short] : [whole, short, whole];
});

describe.skipIf(!hasDriver)(`packing${hasDriver ? "" : `: ${NO_SOFTWARE_VULKAN}`}`, () => {
  beforeAll(async () => {
    await (await sharedDevice()).pipelines.forTile(4);
  }, COMPILE_MS);

  test("five runs that share nothing but their shape give the bytes that each gives alone", async () => {
    const problems = VARIED.map((_, replica) => problemOf(replica));
    const first = problems[0];
    const train = async (
      replicas: number[],
    ): Promise<[NetworkState, (MinibatchReport | null)[]][]> => {
      const chosen = replicas.map((replica) => VARIED[replica]);
      const engine = await open(first, chosen);
      for (const [place, replica] of replicas.entries()) {
        const { optimiser } = chosen[place];
        await engine.loadState(place, problems[replica].stateFor(optimiser));
      }
      const rounds: (MinibatchReport | null)[][] = [];
      for (let round = 0; round < 3; round++) {
        rounds.push(
          await engine.trainMinibatch(
            replicas.map((replica) => {
              const indices = BATCHES[replica]?.[round] ?? null;
              return indices === null ? null : minibatchOf(problems[replica], indices);
            }),
          ),
        );
      }
      const results = await Promise.all(
        replicas.map(
          async (_, place): Promise<[NetworkState, (MinibatchReport | null)[]]> => [
            await engine.readState(place),
            rounds.map((reports) => reports[place] ?? null),
          ],
        ),
      );
      await engine.dispose();
      return results;
    };
    const together = await train([0, 1, 2, 3, 4]);
    for (const [replica, [state, reports]] of together.entries()) {
      const [[aloneState, aloneReports] = []] = await train([replica]);
      expectSameState(state, aloneState as NetworkState, `replica ${replica}`);
      expect(reports, `replica ${replica}`).toEqual(aloneReports);
      expect(reports.map((report) => report?.divergence ?? null)).toEqual([null, null, null]);
    }
    expect(together[3]?.[1][0]?.inference?.stepsTaken).toBeLessThan(10);
  }, 120_000);

  const dispatchesOf = async (sizes: number[], replicas: ReplicaSettings[]): Promise<number> => {
    const problem = createProblem({ sizes, samples: 12 });
    const engine = await open(problem, replicas);
    await engine.trainMinibatch(replicas.map(() => minibatchOf(problem)));
    const { dispatchCount } = engine;
    await engine.dispose();
    return dispatchCount;
  };

  test("a minibatch of five replicas takes the dispatches of one", async () => {
    const sizes = [7, 6, 5, 4];
    for (const algorithm of ALGORITHMS) {
      const one = settingsOf(algorithm);
      const alone = await dispatchesOf(sizes, [one]);
      expect(await dispatchesOf(sizes, [one, one, one, one, one]), algorithm).toBe(alone);
    }
  }, 120_000);

  test("a step takes two dispatches at any depth; a layer adds one to the forward pass alone", async () => {
    const withSteps = (steps: number): ReplicaSettings => {
      const base = settingsOf("pc");
      return { ...base, inference: { ...base.inference, steps, updateEvery: steps } };
    };
    const shallow = await dispatchesOf([7, 6, 4], [withSteps(4)]);
    const deep = await dispatchesOf([7, 6, 6, 6, 6, 6, 4], [withSteps(4)]);
    expect(deep - shallow).toBe(4);
    expect((await dispatchesOf([7, 6, 4], [withSteps(14)])) - shallow).toBe(20);
    expect((await dispatchesOf([7, 6, 6, 6, 6, 6, 4], [withSteps(14)])) - deep).toBe(20);
  }, 120_000);

  test("a long phase goes to the device in several command buffers, none of many dispatches", async () => {
    const { queue } = (await sharedDevice()).device;
    const submit = queue.submit.bind(queue);
    let submits = 0;
    queue.submit = (buffers) => {
      submits += 1;
      return submit(buffers);
    };
    try {
      const base = settingsOf("pc");
      const inference = { ...base.inference, steps: 300, updateEvery: 300 };
      const dispatches = await dispatchesOf([7, 6, 4], [{ ...base, inference }]);
      expect(dispatches).toBeGreaterThan(600);
      expect(submits).toBeGreaterThanOrEqual(Math.ceil(dispatches / 256));
    } finally {
      queue.submit = submit;
    }
  }, 120_000);

  test("engines come and go, and leave no buffer and no data set behind", async () => {
    const { device } = await sharedDevice();
    const createBuffer = device.createBuffer.bind(device);
    let live = 0;
    let created = 0;
    device.createBuffer = (descriptor) => {
      const buffer = createBuffer(descriptor);
      const destroy = buffer.destroy.bind(buffer);
      live += 1;
      created += 1;
      buffer.destroy = () => {
        live -= 1;
        buffer.destroy = destroy;
        return destroy();
      };
      return buffer;
    };
    try {
      for (let round = 0; round < 20; round++) {
        const problem = createProblem({ samples: 12, seed: round });
        const engine = await open(problem, [settingsOf("pc"), settingsOf("bp")]);
        const batch = minibatchOf(problem);
        await engine.trainMinibatch([batch, batch]);
        await engine.evaluate(0, problem.examples, { first: 0, count: 12 });
        await engine.tracePhase(0, batch, true);
        expect(live).toBeGreaterThan(0);
        await engine.dispose();
        expect(live).toBe(0);
      }
      // Data sets that a call brings and no other uses do not pile up while the engine lives.
      const problem = createProblem({ samples: 12 });
      const engine = await open(problem, [settingsOf("bp")]);
      const counts: number[] = [];
      for (let round = 0; round < 12; round++) {
        await engine.evaluate(0, { ...problem.examples }, { first: 0, count: 12 });
        counts.push(live);
      }
      expect(new Set(counts.slice(5)).size).toBe(1);
      await engine.dispose();
      expect(live).toBe(0);
      expect(created).toBeGreaterThan(20);
    } finally {
      device.createBuffer = createBuffer;
    }
  }, 120_000);
});
