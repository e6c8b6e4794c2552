import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type Server, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { EngineError, type EngineRegistry, referenceEngine } from "@pclab/core";
import { writeSyntheticDataset } from "@pclab/storage";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runDoctorCommand } from "./command.js";
import type { Finding } from "./finding.js";

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "pclab-doctor-"));
});
afterEach(() => rm(home, { recursive: true }));

const unbuilt: EngineRegistry = {
  native: () => {
    throw new EngineError("engine_unsupported", "there is no compiler; apt-get install g++ make");
  },
  reference: () => referenceEngine,
};

const broken: EngineRegistry = {
  reference: () => ({
    id: "reference/float64",
    create: () => Promise.reject(new Error("out of luck")),
  }),
};

interface Examination {
  argv?: string[];
  environment?: Record<string, string>;
  engines?: EngineRegistry;
}

const examine = async ({ argv = [], environment = {}, engines = unbuilt }: Examination = {}) => {
  const output = new PassThrough();
  const errors = new PassThrough();
  const status = await runDoctorCommand({
    argv,
    environment: { PCLAB_HOME: home, ...environment },
    output,
    errors,
    engines,
    measureMs: 1,
  });
  output.end();
  errors.end();
  return { status, output: await text(output), errors: await text(errors) };
};

interface Json {
  can_run: boolean;
  findings: Finding[];
  engines: { name: string; available: boolean; problem?: string; measurement?: object }[];
}

const examineAsJson = async (examination: Examination = {}) => {
  const { status, output } = await examine({ ...examination, argv: ["--json"] });
  const report = JSON.parse(output) as Json;
  const find = (part: string): Finding => {
    const found = report.findings.find((finding) => finding.part === part);
    if (found === undefined) throw new Error(`nothing was found of ${part}: ${output}`);
    return found;
  };
  return { status, report, find };
};

describe("npm run doctor", () => {
  test("tells each engine: its id and speed, or the reason with what to install", async () => {
    const { status, output } = await examine();
    expect(status).toBe(0);
    expect(output).toMatch(/^native +none +cannot start: .*apt-get install g\+\+ make$/m);
    expect(output).toMatch(
      /^reference +ok +reference\/float64: [\d.]+ ms a minibatch, [\d.]+ images\/s, [\d.]+ GFLOP\/s; pc, 784-32x2-10, batch 16, 256 steps, 1 thread$/m,
    );
    expect(output).toMatch(/^tfjs +none +cannot start: .*not part of this version$/m);
    expect(output).toMatch(/^GPU +(note|none|ok) .*Vulkan/m);
    expect(output).toMatch(/^engine +ok +ENGINE=auto takes reference\/float64$/m);
    expect(output).toMatch(/The lab can run\.\n$/);
  });

  test("--json tells the same, in numbers that agree with each other", async () => {
    const { status, report } = await examineAsJson();
    expect(status).toBe(0);
    expect(report.can_run).toBe(true);
    expect(report.engines.map(({ name, available }) => [name, available])).toEqual([
      ["webgpu", false],
      ["native", false],
      ["reference", true],
      ["tfjs", false],
    ]);
    const measured = report.engines[2].measurement as Record<string, number>;
    expect(measured).toMatchObject({ sizes: [784, 32, 32, 10], batch_size: 16, threads: 1 });
    const { milliseconds_per_minibatch: milliseconds } = measured;
    expect(measured["images_per_second"]).toBeCloseTo(16_000 / milliseconds, 6);
    // A forward pass, 256 steps of two products over the layers after the first, one gradient: docs/EQUATIONS.md.
    const inner = 32 * 32 + 32 * 10;
    const multiplyAdds = 16 * (2 * (784 * 32 + inner) + 2 * inner * 256);
    expect(measured["gflops"]).toBeCloseTo((2 * multiplyAdds) / (milliseconds * 1e6), 6);
  });

  test("an engine that starts and then fails is told, and takes nothing else along", async () => {
    const { report } = await examineAsJson({ engines: broken });
    const reference = report.engines.find(({ name }) => name === "reference");
    expect(reference).toMatchObject({ available: false });
    expect(reference?.problem).toContain("out of luck");
  });

  test("an ENGINE that cannot start is a lab that cannot run", async () => {
    const { status, find } = await examineAsJson({ environment: { ENGINE: "native" } });
    expect(status).toBe(1);
    expect(find("engine")).toMatchObject({ state: "broken" });
    expect(find("engine").detail).toContain("apt-get install g++ make");
  });

  test("missing data sets are no hindrance: it says how to get them", async () => {
    const { status, find } = await examineAsJson();
    expect(status).toBe(0);
    expect(find("mnist")).toMatchObject({ state: "note" });
    expect(find("mnist").detail).toContain("npm run datasets -- mnist");
  });

  test("data sets are counted where PCLAB_DATASETS says, and a damaged one is told", async () => {
    const folder = join(home, "elsewhere");
    await writeSyntheticDataset(join(folder, "mnist"), { train: 30, test: 10, seed: 1 });
    await writeSyntheticDataset(join(folder, "fashion-mnist"), { train: 30, test: 10, seed: 1 });
    await writeFile(join(folder, "fashion-mnist", "train-labels-idx1-ubyte.gz"), "no gzip");
    const { find } = await examineAsJson({ environment: { PCLAB_DATASETS: folder } });
    expect(find("mnist").detail).toContain("30 training and 10 test images");
    expect(find("fashion-mnist")).toMatchObject({ state: "note" });
    expect(find("fashion-mnist").detail).toContain("train-labels-idx1-ubyte");
  });

  test("a PostgreSQL that does not answer is a lab that cannot run; its password is not repeated", async () => {
    const environment = { DATABASE_URL: "postgresql://lab:secret@127.0.0.1:1/pclab" };
    const { status, find, report } = await examineAsJson({ environment });
    expect(status).toBe(1);
    expect(find("PostgreSQL")).toMatchObject({ state: "broken" });
    expect(find("PostgreSQL").detail).toContain("ECONNREFUSED");
    expect(JSON.stringify(report)).not.toContain("secret");
  });

  test("without a Redis the queue runs on PostgreSQL", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = home;
    try {
      const { find } = await examineAsJson();
      expect(find("Redis")).toMatchObject({ state: "note" });
      expect(find("Redis").detail).toContain("the queue runs on PostgreSQL");
    } finally {
      process.env["PATH"] = path;
    }
  });

  test.each(["redis://:secret@127.0.0.1:1", "127.0.0.1:6379", "/nowhere/redis.sock"])(
    "a REDIS_URL like %s that leads nowhere is a lab that cannot run",
    async (url) => {
      const { status, find } = await examineAsJson({ environment: { REDIS_URL: url } });
      expect(status).toBe(1);
      expect(find("Redis").state).toBe("broken");
      expect(find("Redis").detail).not.toContain("secret");
    },
  );

  test("a REDIS_URL that somebody answers is fine", async () => {
    const server: Server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const environment = { REDIS_URL: `redis://127.0.0.1:${port}` };
      expect((await examineAsJson({ environment })).find("Redis").state).toBe("fine");
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  test("settings that make no sense are told before anything is examined under them", async () => {
    const { status, find, report } = await examineAsJson({ environment: { PCLAB_SLOTS: "many" } });
    expect(status).toBe(1);
    expect(find("settings").detail).toContain('PCLAB_SLOTS is "many"');
    expect(report.engines).toEqual([]);
  });

  test("leaves the home as it was", async () => {
    const nowhere = join(home, "not", "yet");
    const { find } = await examineAsJson({ environment: { PCLAB_HOME: nowhere } });
    expect(find("home")).toMatchObject({ state: "fine" });
    expect(find("home").detail).toContain("made by the first start");
  });

  test("refuses what it does not know with status 2 and the usage, and explains itself", async () => {
    const refused = await examine({ argv: ["--jsn"] });
    expect(refused.status).toBe(2);
    expect(refused.errors).toMatch(/--jsn[\s\S]*usage: npm run doctor/);
    expect(await examine({ argv: ["--help"] })).toMatchObject({ status: 0, errors: "" });
  });
});
