import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runBenchCommand } from "./bench.js";
import type { Report } from "./report.js";
import { MODELS } from "./workload.js";

const root = fileURLToPath(new URL("../../..", import.meta.url));

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-bench-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const run = async (line: string, environment: NodeJS.ProcessEnv = {}) => {
  const collected = { out: "", err: "" };
  const into = (name: "out" | "err") =>
    new Writable({
      write(chunk, _encoding, done) {
        collected[name] += String(chunk);
        done();
      },
    });
  const status = await runBenchCommand({
    argv: line.split(" ").filter((word) => word !== ""),
    root,
    folder,
    // An empty home: no real data set.
    environment: { PATH: process.env["PATH"], PCLAB_HOME: folder, ...environment },
    output: into("out"),
    errors: into("err"),
    synthetic: { train: 220, test: 40 },
  });
  return { status, ...collected };
};

const SMALL = "--engine reference --depth 2 --steps 8 --threads 1 --quick --rounds 2";

describe("npm run bench", () => {
  test("measures every model through the kernel and through the loop, and keeps it all as JSON", async () => {
    const { status, out, err } = await run(`${SMALL} --shapes 5x4,6x3 --json result.json`);
    expect(status).toBe(0);
    expect(err).toContain("W=6 B=3: round 2 of 2");
    for (const title of ["W=5 B=4", "W=6 B=3"]) expect(out).toContain(`\n${title}\n`);
    expect(out).not.toContain("unavailable:");

    const report = JSON.parse(await readFile(join(folder, "result.json"), "utf8")) as Report;
    expect(report).toMatchObject({ engine: "reference/float64", data: "synthetic", peer: null });
    expect(report.machine.node).toBe(process.versions.node);
    expect(report.groups.map(({ width, batch }) => [width, batch])).toEqual([
      [5, 4],
      [6, 3],
    ]);
    for (const { rows } of report.groups) {
      const engines = rows.filter(({ source }) => source !== "peak");
      expect(engines.map(({ source, model }) => `${source} ${model}`)).toEqual(
        ["kernel", "loop"].flatMap((source) => MODELS.map((model) => `${source} ${model}`)),
      );
      for (const { result } of engines)
        expect(result).toMatchObject({ rounds: [expect.any(Number), expect.any(Number)] });
    }
  });

  test("says of a peer that is not on this machine why, in its rows", async () => {
    const { status, out } = await run(`${SMALL} --shapes 5x4 --models pc --peer --markdown`, {
      PCLAB_PYTHON: "/no/such/python",
    });
    expect(status).toBe(0);
    expect(out).toContain(
      "| PyTorch manual | pc | 1 | unavailable: no Python with PyTorch (tried /no/such/python)",
    );
    expect(out).toContain("| kernel reference/float64 | pc | 1 |");
  });

  test("says of a GPU that is not there why", async () => {
    // For Vulkan's loader, in this process: whatever the machine has, it finds no driver.
    process.env["VK_DRIVER_FILES"] = "/nowhere.json";
    try {
      const { status, out } = await run("--gpu --depth 2 --steps 4 --shapes 5x4");
      expect(status).toBe(0);
      expect(out).toMatch(/^GPU\nengine\nunavailable: webgpu finds no GPU: .*install/m);
    } finally {
      delete process.env["VK_DRIVER_FILES"];
    }
  });

  test("says of a data set that is too small for a minibatch that it is", async () => {
    const { out } = await run(`${SMALL} --shapes 5x128 --models bp`);
    expect(out).toMatch(
      /loop reference\/float64 +bp +1 +unavailable: the data set holds 1 minibatches of 128/,
    );
  });

  test("studies Gauss-Newton on real images alone, unless it is only to show that it runs", async () => {
    const { status, out } = await run("--engine reference --gauss-newton");
    expect(status).toBe(0);
    expect(out).toContain("unavailable: it needs Fashion-MNIST");
  });

  test.each([
    ["--engine quantum", '--engine "quantum"'],
    ["--shapes 5", "--shapes"],
    [`${SMALL} --shapes 5x4 --json no/such/folder/result.json`, "--json: ENOENT"],
  ])(
    "%s ends with status 2 and a sentence, before anything is measured",
    async (line, sentence) => {
      const { status, out, err } = await run(line);
      expect(status).toBe(2);
      expect(err).toContain(sentence);
      expect(out).toBe("");
    },
  );

  test("prints its usage when asked", async () => {
    const { status, out } = await run("--help");
    expect(status).toBe(0);
    expect(out).toContain("usage: npm run bench");
  });
});
