/** What the documents promise that one can type: docs/SESSION.md by bash, docs/PYTHON.md by Debian's Python. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { readSafetensors } from "@pclab/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BACKENDS, Lab } from "../faults/lab.js";
import { serveLab } from "../faults/servedLab.js";

const run = promisify(execFile);
const docs = fileURLToPath(new URL("../../docs", import.meta.url));

/** The code blocks of a document in one language, as one program. */
const blocksOf = async (file: string, language: string): Promise<string> => {
  const text = await readFile(join(docs, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, "gms"))]
    .map(([, block]) => block)
    .join("\n");
};

let lab: Lab;
let folder: string;
let close: () => Promise<void>;
let address: string;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-docs-"));
  lab = await Lab.open(BACKENDS[0]);
  const served = await serveLab(lab, "admin");
  ({ address, token } = served);
  lab.dispatch();
  lab.startWorker({ slots: 2 });
  // The session adds its own ada.
  await lab.database.prisma.user.update({ where: { id: lab.userId }, data: { name: "owner" } });
  close = async () => {
    await served.close();
    await lab.close();
    await rm(folder, { recursive: true });
  };
});
afterAll(() => close());

const isHere = (tool: string): boolean => spawnSync(tool, ["--version"]).error === undefined;
const isCi = process.env["CI"] === "true";

// With CI=true, .ci/run has installed all that these want.
test.skipIf(!["bash", "curl", "jq"].every(isHere) && !isCi)(
  "the session of two users runs as it is written, from a token to a Parquet file",
  async () => {
    const script = `set -euo pipefail\n${await blocksOf("SESSION.md", "bash")}`;
    const { stdout } = await run("bash", ["-c", script], {
      cwd: folder,
      env: { PATH: process.env["PATH"], LAB: address, LAB_TOKEN: token },
      timeout: 200_000,
    });
    expect(stdout).toContain("did you mean 'algorithm'?");
    expect(stdout).toMatch(/\d+ event: state\n/);
    expect(stdout).toMatch(/\d+ event: end\n/);
    expect(stdout).toMatch(/"shared":true,"notes":"for the group"/);
    expect(stdout).toMatch(/^succeeded$/m);
    expect(stdout).toMatch(/^ID +NAME +SEED +STATE/m);
    expect(stdout).toMatch(/info +attempt 1 begins from the start/);
    expect(stdout).toMatch(/POST \/v1\/sweeps +201/);
    expect((await readFile(join(folder, "runs.parquet"))).subarray(0, 4).toString()).toBe("PAR1");
  },
);

const python = ["/usr/bin/python3", "python3"].find(
  (name) => spawnSync(name, ["-c", "import pandas, torch"], { stdio: "ignore" }).status === 0,
);

test.skipIf(python === undefined && !isCi)(
  "its files are read by pandas, and the network by PyTorch, which predicts what the weights say",
  async () => {
    const { stdout } = await run(
      python ?? "python3",
      ["-c", await blocksOf("PYTHON.md", "python")],
      {
        cwd: folder,
        timeout: 200_000,
      },
    );
    const outputs = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as number[][];
    const { tensors } = readSafetensors(await readFile(join(folder, "network.safetensors")));
    const layers = tensors.filter(({ name }) => /^layers\.\d+\.weights$/.test(name));
    const expected = [0, 1].map((row) =>
      layers.reduce<number[]>(
        (x, { shape: [rows, columns], values }, index) =>
          Array.from({ length: rows }, (_, i) => {
            const sum = x.reduce((total, value, j) => total + values[i * columns + j] * value, 0);
            return index === layers.length - 1 ? sum : Math.tanh(sum);
          }),
        Array.from({ length: 784 }, (_, j) => -1 + (2 * (row * 784 + j)) / (2 * 784 - 1)),
      ),
    );
    expect(layers).toHaveLength(4);
    outputs.flat().forEach((value, i) => expect(value).toBeCloseTo(expected.flat()[i], 4));
  },
);
