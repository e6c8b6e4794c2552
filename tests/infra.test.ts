import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
// @ts-expect-error A script without types: its exports are named in its comments.
import { parseCommand, parseDockerfile, parseFlags } from "../scripts/dockerfile.mjs";

interface Stage {
  name: string;
  base: string;
  steps: { keyword: string; value: string }[];
}

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");
const parseStages: (text: string) => Stage[] = parseDockerfile;
const stages = parseStages(read("infra/Dockerfile"));
const compose = parse(read("docker-compose.yml"), { merge: true }) as {
  name?: string;
  services: Record<string, Record<string, unknown>>;
};

describe("the Dockerfile's parser", () => {
  test("reads stages, joins continued lines and passes over comments between them", () => {
    const text = "# first\nFROM a AS one\nRUN x \\\n  # why\n\n  && y\nFROM one\nUSER u\n";
    expect(parseStages(text)).toEqual([
      {
        name: "one",
        base: "a",
        steps: [{ keyword: "RUN", value: expect.stringMatching(/^x +&& y$/) }],
      },
      { name: "one", base: "one", steps: [{ keyword: "USER", value: "u" }] },
    ]);
  });

  test("takes the exec form as it stands and gives anything else to a shell", () => {
    expect(parseCommand('["node", "a b.js"]')).toEqual(["node", "a b.js"]);
    expect(parseCommand("node a.js")).toEqual(["sh", "-c", "node a.js"]);
  });

  test("takes flags apart from words", () => {
    expect(parseFlags("--from=build --chown=1:2 a b/")).toEqual({
      flags: { from: "build", chown: "1:2" },
      words: ["a", "b/"],
    });
  });

  test.each([
    ["RUN x", "before the first FROM"],
    ["FROM a\nwhat", "not a Dockerfile instruction"],
  ])("refuses %j", (text, problem) => {
    expect(() => parseStages(text)).toThrow(problem);
  });
});

/** The steps that make up a target's image, from its base up. */
const stepsOf = (target: string): Stage["steps"] => {
  const stage = stages.find(({ name }) => name === target);
  return stage === undefined ? [] : [...stepsOf(stage.base), ...stage.steps];
};
const valuesOf = (target: string, keyword: string): string[] =>
  stepsOf(target).flatMap((step) => (step.keyword === keyword ? [step.value] : []));

const readManifest = (folder: string) =>
  JSON.parse(read(`${folder}/package.json`)) as {
    name: string;
    workspaces?: string[];
    dependencies?: Record<string, string>;
    peerDependencies?: Record<string, string>;
  };
const workspaces = readManifest(".").workspaces ?? [];

/** The workspaces that these packages need, themselves included. */
const closureOf = (folders: readonly string[]): Set<string> => {
  const found = new Set<string>();
  const add = (folder: string): void => {
    if (found.has(folder)) return;
    found.add(folder);
    const needed = Object.keys(readManifest(folder).dependencies ?? {});
    for (const other of workspaces) if (needed.includes(readManifest(other).name)) add(other);
  };
  for (const folder of folders) add(folder);
  return found;
};

test.each(["build", "runtime"])(
  "%s gets the manifest of every workspace before npm ci",
  (stage) => {
    const steps = stepsOf(stage).map(({ value }) => value);
    const install = steps.findIndex((value) => value.startsWith("npm ci"));
    expect(install).toBeGreaterThan(0);
    expect(steps.slice(0, install)).toEqual(
      expect.arrayContaining(workspaces.map((folder) => `${folder}/package.json ${folder}/`)),
    );
  },
);

test("the images get the build of every workspace that API and worker need", () => {
  const built = [...closureOf(["apps/api", "apps/worker"])];
  expect(built).toContain("packages/engines/native");
  expect(valuesOf("runtime", "COPY")).toEqual(
    expect.arrayContaining(
      built.map((folder) => `--from=build /app/${folder}/dist ${folder}/dist/`),
    ),
  );
});

test.each(["api", "worker", "worker-gpu", "worker-gpu-tfjs"])(
  "%s gets the native engine's addon from the build, and no compiler",
  (target) => {
    const addon = "packages/engines/native/build/Release";
    expect(valuesOf(target, "COPY")).toContain(
      `--from=build /app/${addon}/pclab_native.node ${addon}/`,
    );
    const compiler = /apt-get install.* (g\+\+|gcc|clang|make|python3|build-essential)( |$)/;
    expect(valuesOf("build", "RUN").filter((run) => compiler.test(run))).toHaveLength(1);
    expect(valuesOf(target, "RUN").filter((run) => compiler.test(run))).toEqual([]);
  },
);

test("what the checkout has compiled for itself stays out of the images", () => {
  expect(read(".dockerignore").split("\n")).toEqual(
    expect.arrayContaining(["**/node_modules", "**/dist", "packages/engines/*/build"]),
  );
});

test.each(["api", "worker", "worker-gpu", "worker-gpu-tfjs"])(
  "%s: no root at the end, and time to drain",
  (target) => {
    expect(valuesOf(target, "USER").at(-1)).toBe("node");
    const grace = String(compose.services[target]?.["stop_grace_period"]);
    expect(grace).toMatch(/^\d+s$/);
    expect(Number.parseInt(grace, 10)).toBeGreaterThan(30);
  },
);

describe("worker-gpu-tfjs", () => {
  test("installs TensorFlow at the version of the engine's peer, which nothing else installs", () => {
    const engine = readManifest("packages/engines/tfjs");
    const version = engine.peerDependencies?.["@tensorflow/tfjs-node-gpu"];
    expect(engine.dependencies?.["@tensorflow/tfjs-core"]).toBe(version);
    const installs = stages.flatMap(({ name, steps }) =>
      steps
        .filter(({ value }) => value.includes(`@tensorflow/tfjs-node-gpu@${version}`))
        .map(() => name),
    );
    expect(installs).toEqual(["worker-gpu-tfjs"]);
    expect(read("package-lock.json")).not.toContain('"node_modules/@tensorflow/tfjs-node');
  });

  test("is started by its own profile, with tfjs as its engine", () => {
    expect(compose.services["worker-gpu-tfjs"]).toMatchObject({
      profiles: ["gpu-tfjs"],
      environment: { ENGINE: "tfjs" },
    });
  });
});

describe("docker-compose.yml", () => {
  test("holds nothing that docker-compose 1.29 refuses", () => {
    expect(compose.name).toBeUndefined();
    const withGpus = Object.values(compose.services).filter((service) => "gpus" in service);
    expect(withGpus).toEqual([]);
  });

  test("reserves an NVIDIA GPU for worker-gpu, which only its profile starts", () => {
    expect(compose.services["worker-gpu"]).toMatchObject({
      profiles: ["gpu"],
      deploy: {
        resources: { reservations: { devices: [{ driver: "nvidia", capabilities: ["gpu"] }] } },
      },
    });
  });

  test("starts without no password, and has none of its own", () => {
    const uses = read("docker-compose.yml").match(/\$\{\w+_PASSWORD[^}]*\}/g) ?? [];
    expect(uses.length).toBeGreaterThan(3);
    expect(uses.filter((use) => !use.includes("_PASSWORD:?"))).toEqual([]);
  });
});

test("Redis keeps its data and never evicts a job", () => {
  const settings = read("infra/redis.conf").split("\n");
  expect(settings).toContain("appendonly yes");
  expect(settings).toContain("maxmemory-policy noeviction");
});
