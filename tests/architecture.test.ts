import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  type Manifest,
  type Manifests,
  type Sources,
  findCycles,
  findDependencyMistakes,
  findForbiddenImports,
} from "./importGraph.js";

const root = fileURLToPath(new URL("..", import.meta.url));

interface PackageJson {
  name: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  exports?: Record<string, { "pclab-source": string }>;
}

const readPackageJson = (folder: string): PackageJson =>
  JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as PackageJson;

/** Peers that a dependency wants beside it, and packages of which a file is read: nothing of them is imported. */
const declaredForOthers: Readonly<Record<string, readonly string[]>> = {
  // BullMQ's two backends.
  "@pclab/queue": ["ioredis", "pg"],
  // The font of the PNGs.
  "@pclab/plots": ["dejavu-fonts-ttf"],
};

const readManifest = (folder: string): Manifest => {
  const { name, dependencies = {}, exports = {} } = readPackageJson(folder);
  return {
    name,
    dependencies: Object.keys(dependencies).filter(
      (dependency) => !declaredForOthers[name]?.includes(dependency),
    ),
    entries: new Map(
      Object.entries(exports).map(([entry, target]) => [
        join(name, entry),
        join(folder, target["pclab-source"]),
      ]),
    ),
  };
};

const workspaces = readPackageJson(".").workspaces ?? [];
const manifests: Manifests = new Map(workspaces.map((folder) => [folder, readManifest(folder)]));

/** Sources alone: tests may stand on anything. */
const sources: Sources = new Map(
  workspaces
    .flatMap((folder) =>
      readdirSync(join(root, folder, "src"), { recursive: true, encoding: "utf8" }).map((file) =>
        join(folder, "src", file),
      ),
    )
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => [path, readFileSync(join(root, path), "utf8")]),
);

/** Prisma writes it, with cycles between its types; what it imports still has to be declared. */
const handwritten: Sources = new Map(
  [...sources].filter(([path]) => !path.includes("/generated/")),
);

describe("the sources keep to docs/ARCHITECTURE.md", () => {
  test("every workspace is looked at", () => {
    for (const folder of workspaces) {
      expect(
        [...handwritten.keys()].some((path) => path.startsWith(`${folder}/`)),
        folder,
      ).toBe(true);
    }
  });

  test("imports go down: not up, not sideways, not past a package's door, and core does no I/O", () => {
    expect(findForbiddenImports(handwritten, manifests)).toEqual([]);
  });

  test("no file imports itself by way of others", () => {
    expect(findCycles(handwritten, manifests)).toEqual([]);
  });

  test("core reads neither the environment nor the clock", () => {
    const reads = [...handwritten].filter(
      ([path, text]) =>
        path.startsWith("packages/core/") &&
        /\bprocess\.|\bDate\.now\(|\bnew Date\(\)|\bperformance\.|\bMath\.random\(/.test(text),
    );
    expect(reads.map(([path]) => path)).toEqual([]);
  });

  test("each package.json declares what is imported, and nothing else", () => {
    expect(findDependencyMistakes(sources, manifests)).toEqual([]);
  });
});

describe("a planted violation is found", () => {
  const plant = (path: string, text: string): Sources => new Map([...handwritten, [path, text]]);
  const planted = "packages/storage/src/planted.ts";

  test.each([
    ["up", planted, 'import { app } from "@pclab/api";'],
    ["up, type only", planted, 'import type {\n  App,\n} from "@pclab/api";'],
    ["sideways", planted, 'export * from "@pclab/queue";'],
    ["sideways between apps", "apps/worker/src/planted.ts", 'await import("@pclab/api");'],
    [
      "sideways from an engine",
      "packages/engines/native/src/planted.ts",
      'import { openDatabase } from "@pclab/storage";',
    ],
    ["sideways to an engine", planted, 'import { nativeEngine } from "@pclab/engine-native";'],
    ["past the door", planted, 'import { x } from "../../core/src/experiment/spec.js";'],
    ["to an entry that is not exported", planted, 'import "@pclab/core/src/index.js";'],
    ["to a file system from core", "packages/core/src/planted.ts", 'import fs from "node:fs";'],
  ])("an import that goes %s", (_, path, text) => {
    expect(findForbiddenImports(plant(path, text), manifests)).toHaveLength(1);
  });

  test("a cycle of two files, of types alone", () => {
    const cyclic = new Map([
      ["packages/core/src/a.ts", 'import type { B } from "./b.js";'],
      ["packages/core/src/b.ts", '/** See a. */\nexport type { A } from "./a.js";'],
    ]);
    expect(findCycles(cyclic, manifests)).toEqual([
      ["packages/core/src/a.ts", "packages/core/src/b.ts"],
    ]);
  });

  test("an import that package.json does not declare, and a declaration that nothing imports", () => {
    const files = new Map([["packages/x/src/a.ts", 'import yaml from "yaml/util";']]);
    const own = new Map([["packages/x", { name: "x", dependencies: ["pg"], entries: new Map() }]]);
    expect(findDependencyMistakes(files, own)).toEqual([
      "x imports yaml, undeclared",
      "x declares pg and does not import it",
    ]);
  });

  test("but not what only a comment says", () => {
    expect(findForbiddenImports(plant(planted, '// import "@pclab/api";'), manifests)).toEqual([]);
  });
});
