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

test("the images get the manifest of every workspace before npm ci", () => {
  const { workspaces } = JSON.parse(read("package.json")) as { workspaces: string[] };
  const copied = stages.find(({ name }) => name === "runtime")?.steps.map(({ value }) => value);
  expect(copied).toEqual(
    expect.arrayContaining(workspaces.map((folder) => `${folder}/package.json ${folder}/`)),
  );
});

test.each(["api", "worker", "worker-gpu"])(
  "%s: no root at the end, and time to drain",
  (target) => {
    const chain: Stage[] = [];
    for (let name: string | undefined = target; name !== undefined; ) {
      const stage: Stage | undefined = stages.find((candidate) => candidate.name === name);
      if (stage !== undefined) chain.unshift(stage);
      name = stage?.base;
    }
    const users = chain.flatMap(({ steps }) => steps.filter(({ keyword }) => keyword === "USER"));
    expect(users.at(-1)?.value).toBe("node");
    const grace = String(compose.services[target]?.["stop_grace_period"]);
    expect(grace).toMatch(/^\d+s$/);
    expect(Number.parseInt(grace, 10)).toBeGreaterThan(30);
  },
);

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
