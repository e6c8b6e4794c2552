/** Who imports whom, and the rules of docs/ARCHITECTURE.md about it. Pure: sources come in as texts. */
import { dirname, join, normalize } from "node:path";

/** Path below the repository -> text, of every source file. */
export type Sources = ReadonlyMap<string, string>;

export interface Manifest {
  name: string;
  dependencies: readonly string[];
  /** Where each entry of `exports` points, by specifier: "@pclab/core/conformance" -> its source file. */
  entries: ReadonlyMap<string, string>;
}

/** Folder of a workspace -> its package.json. */
export type Manifests = ReadonlyMap<string, Manifest>;

export interface Import {
  /** The importing file. */
  from: string;
  specifier: string;
}

/** The floors of the house: imports only go down, so two of one floor do not know each other. */
const floors: readonly { prefix: string; floor: number }[] = [
  { prefix: "packages/core/", floor: 0 },
  { prefix: "packages/", floor: 1 },
  { prefix: "apps/", floor: 2 },
  { prefix: "scripts/", floor: 2 },
];

/** The modules of Node that compute: all others reach files, the network, processes or the environment. */
const pureNodeModules = ["node:assert", "node:assert/strict", "node:crypto"];

export function listImports(sources: Sources): Import[] {
  const statement =
    /(?:^|[;\n])\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']|(?:^|[;\n])\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;
  return [...sources].flatMap(([from, text]) =>
    [...withoutComments(text).matchAll(statement)].map((match) => ({
      from,
      specifier: match[1] ?? match[2] ?? match[3] ?? "",
    })),
  );
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}

/** The file that an import leads to, or null for one that leads out of the repository. */
export function resolveImport({ from, specifier }: Import, manifests: Manifests): string | null {
  if (specifier.startsWith(".")) {
    const path = normalize(join(dirname(from), specifier));
    return path.replace(/\.js$/, ".ts");
  }
  for (const { entries } of manifests.values()) {
    const entry = entries.get(specifier);
    if (entry !== undefined) return entry;
  }
  return null;
}

/** One sentence for each import that goes up, sideways, or past a package's door; and for each that is not pure in core. */
export function findForbiddenImports(sources: Sources, manifests: Manifests): string[] {
  return listImports(sources).flatMap((found) => {
    const { from, specifier } = found;
    if (specifier.startsWith("node:")) {
      return from.startsWith("packages/core/") && !pureNodeModules.includes(specifier)
        ? [`${from} imports ${specifier}: core does no I/O`]
        : [];
    }
    const to = resolveImport(found, manifests);
    const source = workspaceOf(from, manifests);
    if (to === null) {
      return specifier.startsWith("@pclab/")
        ? [`${from} imports ${specifier}, which nothing exports`]
        : [];
    }
    const target = workspaceOf(to, manifests);
    if (source === target) return [];
    if (specifier.startsWith(".")) return [`${from} reaches into ${target} by ${specifier}`];
    return floorOf(from) > floorOf(to)
      ? []
      : [`${from} imports ${specifier}: ${target} is not below ${source}`];
  });
}

function workspaceOf(path: string, manifests: Manifests): string {
  const folder = [...manifests.keys()].find((candidate) => path.startsWith(`${candidate}/`));
  return folder ?? path;
}

function floorOf(path: string): number {
  const found = floors.find(({ prefix }) => path.startsWith(prefix));
  if (found === undefined) throw new Error(`${path} has no place in docs/ARCHITECTURE.md`);
  return found.floor;
}

/** Each cycle once, as the files on it in order; imports of types count, as they tie two files all the same. */
export function findCycles(sources: Sources, manifests: Manifests): string[][] {
  const edges = new Map<string, string[]>();
  for (const found of listImports(sources)) {
    const to = resolveImport(found, manifests);
    if (to !== null && sources.has(to))
      edges.set(found.from, [...(edges.get(found.from) ?? []), to]);
  }
  const cycles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (file: string): void => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    if (done.has(file)) return;
    path.push(file);
    for (const next of edges.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of sources.keys()) visit(file);
  return cycles;
}

/** Packages that a workspace imports and does not declare, or declares and does not import. */
export function findDependencyMistakes(sources: Sources, manifests: Manifests): string[] {
  const mistakes: string[] = [];
  for (const [folder, { name, dependencies }] of manifests) {
    const own = new Map([...sources].filter(([path]) => path.startsWith(`${folder}/`)));
    const imported = new Set(
      listImports(own)
        .map(({ specifier }) => specifier)
        .filter((specifier) => !/^(\.|node:)/.test(specifier))
        .map(packageName),
    );
    for (const one of imported) {
      if (one !== name && !dependencies.includes(one))
        mistakes.push(`${name} imports ${one}, undeclared`);
    }
    for (const one of dependencies) {
      if (!imported.has(one)) mistakes.push(`${name} declares ${one} and does not import it`);
    }
  }
  return mistakes;
}

function packageName(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
