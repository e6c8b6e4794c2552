import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readImageUse } from "../scripts/src/replay/composeServices.js";
import { type Stage, parseDockerfile, parseHealthCheck } from "../scripts/src/replay/dockerfile.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");

interface ComposeFile {
  name?: string;
  services: Record<
    string,
    {
      build?: { dockerfile: string };
      gpus?: unknown;
      profiles?: string[];
      environment?: Record<string, string | null>;
      healthcheck?: unknown;
      restart?: string;
      deploy?: unknown;
    }
  >;
}

const composeFile = join(root, "docker-compose.yml");
const compose = parse(readFileSync(composeFile, "utf8"), { merge: true }) as ComposeFile;

const dockerfiles = ["api", "worker", "worker-gpu"].map((name) => `infra/${name}.Dockerfile`);
const stagesOf = (file: string): readonly Stage[] => parseDockerfile(read(file)).stages;

const lint = (...files: string[]) =>
  spawnSync(process.execPath, [join(root, "scripts/lint-infra.mjs"), ...files], {
    encoding: "utf8",
  });

describe("npm run lint:infra", () => {
  test("has nothing to say of the repository's own files", () => {
    const { status, stdout, stderr } = lint();
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^\d+ files linted, 0 findings\n$/);
    expect(status).toBe(0);
  });

  test("fails on an unknown instruction and on an image without a version", () => {
    const folder = mkdtempSync(join(tmpdir(), "pclab-lint-"));
    try {
      const files = [join(folder, "a.Dockerfile"), join(folder, "compose.yml")];
      writeFileSync(files[0] as string, "FROM node:24\nCOPPY a b\n");
      writeFileSync(files[1] as string, "services:\n  a:\n    image: redis\n");
      const { status, stdout, stderr } = lint(...files);
      expect(stderr).toContain("COPPY");
      expect(stderr).toContain("service-image-require-explicit-tag");
      expect(stdout).toBe("2 files linted, 2 findings\n");
      expect(status).toBe(1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("docker-compose.yml", () => {
  test("holds nothing that docker-compose 1.29 refuses", () => {
    expect(compose.name).toBeUndefined();
    expect(Object.values(compose.services).filter((service) => "gpus" in service)).toEqual([]);
  });

  test("starts without no password, and has none of its own", () => {
    const uses = read("docker-compose.yml").match(/\$\{\w+_PASSWORD[^}]*\}/g) ?? [];
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((use) => !/^\$\{\w+:\?/.test(use))).toEqual([]);
    expect(read("infra/example.env")).toMatch(/^POSTGRES_PASSWORD=\nREDIS_PASSWORD=$/m);
  });

  test("gives a worker more than the 30 s of its drain", () => {
    for (const file of ["infra/worker.Dockerfile", "infra/worker-gpu.Dockerfile"]) {
      expect(readImageUse(composeFile, file).stopGraceMs).toBeGreaterThan(30_000);
    }
  });

  test("migrates before API and workers start", () => {
    expect(readImageUse(composeFile, "infra/api.Dockerfile").oneOffs).toEqual([
      ["node", "packages/storage/dist/migrate/main.js"],
    ]);
    for (const name of ["api", "worker", "worker-gpu"]) {
      expect(compose.services[name]).toMatchObject({
        depends_on: { migrate: { condition: "service_completed_successfully" } },
      });
    }
  });

  test("reserves an NVIDIA GPU for the worker of the profile gpu, and for no other", () => {
    const { "worker-gpu": gpu, ...others } = compose.services;
    expect(gpu).toMatchObject({
      profiles: ["gpu"],
      deploy: {
        resources: { reservations: { devices: [{ driver: "nvidia", capabilities: ["gpu"] }] } },
      },
    });
    expect(Object.values(others).filter(({ deploy }) => deploy !== undefined)).toEqual([]);
  });

  test("sets no variable to nothing: the lab's own checks refuse an empty one", () => {
    const empty = Object.entries(compose.services).flatMap(([service, { environment }]) =>
      Object.entries(environment ?? {}).filter(([name, value]) => {
        return value === "" || /^\$\{\w+:?-\}$/.test(value ?? "") ? `${service}: ${name}` : false;
      }),
    );
    expect(empty).toEqual([]);
  });
});

describe.each(dockerfiles)("%s", (file) => {
  test("copies the manifest of every workspace before npm ci", () => {
    const { workspaces } = JSON.parse(read("package.json")) as { workspaces: string[] };
    const copied = stagesOf(file)[0]?.instructions.map(({ text }) => text);
    const wanted = workspaces.map((folder) => `${folder}/package.json ${folder}/`);
    expect(wanted.filter((copy) => copied?.includes(copy) !== true)).toEqual([]);
  });

  test("builds in the same stages as the others, so that they are built once", () => {
    const steps = (other: string) =>
      stagesOf(other)
        .slice(0, 2)
        .map(({ base, name, instructions }) => [base, name, instructions.map(({ text }) => text)]);
    expect(steps(file)).toEqual(steps("infra/api.Dockerfile"));
  });

  test("ends in an image that runs without root, gets the signals and can be unhealthy", () => {
    const last = stagesOf(file).at(-1)?.instructions ?? [];
    const find = (keyword: string) => last.find((instruction) => instruction.keyword === keyword);
    expect(find("USER")?.text).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(find("CMD")?.words?.[0]).toBe("node");
    const check = find("HEALTHCHECK");
    expect(check && parseHealthCheck(check).words[0]).toBe("node");
  });
});

test("the GPU's image has what Vulkan needs, and is the worker's otherwise", () => {
  const [worker, gpu] = ["worker", "worker-gpu"].map(
    (name) => stagesOf(`infra/${name}.Dockerfile`).at(-1)?.instructions ?? [],
  );
  const texts = (gpu ?? []).map(({ text }) => text);
  const apt = texts.find((text) => text.startsWith("apt-get")) ?? "";
  for (const name of ["libegl1", "libvulkan1", "libxext6"]) expect(apt).toContain(` ${name} `);
  expect(texts.find((text) => text.includes("NODE_ENV"))).toContain(
    "NVIDIA_DRIVER_CAPABILITIES=compute,utility,graphics",
  );
  const others = (worker ?? []).filter(({ keyword }) => keyword !== "ENV");
  expect(others.map(({ text }) => text).filter((text) => !texts.includes(text))).toEqual([]);
});

test("Redis keeps its data and never evicts a job", () => {
  const settings = read("infra/redis.conf").split("\n");
  expect(settings).toContain("appendonly yes");
  expect(settings).toContain("maxmemory-policy noeviction");
});
