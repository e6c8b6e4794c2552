/** The command line as its users have it: a process against a lab that trains. */
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SCRIPTS } from "../../apps/cli/src/completion/scripts.js";
import { findFreePort } from "../../scripts/src/local/freePort.js";
import { BACKENDS, Lab } from "../faults/lab.js";
import { type ServedLab, serveLab } from "../faults/servedLab.js";
import { type Outcome, PCLAB, type RunOptions, runProgram } from "./pclab.js";

/** A process from the sources takes seconds to start where others want the cores too. */
const TIMEOUT_MS = 180_000;

const SWEEP = `name: bp against pc
base: {width: 8, depth: 2, epochs: 2, train_size: 200, validation_size: 50, test_size: 50, evaluate_every: 0.5, inference: {steps: 16}}
grid: {algorithm: [bp, pc], seed: [0, 1]}
tags: [first]
`;

let lab: Lab;
let served: ServedLab;
let folder: string;
let sweepId: string;
let runId: string;
/** What `submit --watch` wrote. */
let watched: string;

const pclab = (words: readonly string[], options: RunOptions = {}): Promise<Outcome> =>
  runProgram(PCLAB, words, {
    cwd: folder,
    ...options,
    environment: { LAB: served.address, LAB_TOKEN: served.token, ...options.environment },
  });

const answer = async (...words: string[]): Promise<string> => {
  const { status, stdout, stderr } = await pclab(words);
  if (status !== 0) throw new Error(`pclab ${words.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
};

const json = async <T>(...words: string[]): Promise<T> =>
  JSON.parse(await answer(...words, "--json")) as T;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pclab-cli-"));
  lab = await Lab.open(BACKENDS[0]);
  served = await serveLab(lab, "admin");
  lab.dispatch();
  lab.startWorker({ slots: 2 });
  await writeFile(join(folder, "sweep.yaml"), SWEEP);
  const { stdout, status, stderr } = await pclab(["submit", "sweep.yaml", "--watch"]);
  expect(status, stderr).toBe(0);
  watched = stdout;
  [sweepId = ""] = /swp_\w+/.exec(stdout) ?? [];
  const { data } = await json<{ data: { id: string }[] }>("ls", "runs", "--sweep", "last");
  runId = data[0].id;
}, TIMEOUT_MS);

afterAll(async () => {
  await served.close();
  await lab.close();
  await rm(folder, { recursive: true });
}, TIMEOUT_MS);

describe("a sweep from submission to figure", { timeout: TIMEOUT_MS }, () => {
  test("submit --watch follows it in lines to its end, without colours, and ends with 0", () => {
    expect(watched).toMatch(/^bp against pc {2}swp_\w+ {2}active$/m);
    expect(watched).toMatch(/^ {2}bp_8_2 {2}seed \d {2}succeeded {2}100 % {2}accuracy [\d.]+ %$/m);
    expect(watched).toMatch(/^ID +RUN +SEED.* STATE +DONE +VALIDATION/m);
    expect(watched).toMatch(/^The sweep is completed$/m);
    expect(watched).not.toContain("\u001b");
  });

  test("the same file is not submitted again, unless it is wanted; the README's curl has the same key", async () => {
    const again = await pclab(["submit", "sweep.yaml"]);
    expect(again.stdout).toBe(`${sweepId}\n`);
    expect(again.stderr).toContain("submitted before");
    const key = await lab.database.prisma.idempotencyKey.findMany();
    const hash = spawnSync("sha256sum", [join(folder, "sweep.yaml")], { encoding: "utf8" }).stdout;
    expect(key.map(({ key }) => key)).toEqual([hash.slice(0, 32)]);

    const anew = await pclab(["submit", "-", "--force"], { input: SWEEP });
    expect(anew.status).toBe(0);
    expect(anew.stdout).toMatch(/^swp_\w+\n$/);
    expect(anew.stdout.trim()).not.toBe(sweepId);
    const canceled = await json<{ state: string; id: string }>("cancel", anew.stdout.trim());
    expect(canceled.id).toBe(anew.stdout.trim());
    expect(["canceling", "canceled"]).toContain(canceled.state);
    // What was canceled did not end well.
    expect((await pclab(["watch", canceled.id])).status).toBe(1);
  });

  test("--dry-run says what it would be and stores nothing", async () => {
    const before = await lab.database.prisma.sweep.count();
    expect(await answer("submit", "sweep.yaml", "--dry-run")).toMatch(/^bp against pc: 4 runs; /);
    const preset = await json<{ run_count: number; runs: { spec: { epochs: number } }[] }>(
      "submit",
      "--dry-run",
      "--preset",
      "figure-2",
      "--scale",
      "smoke",
      "--set",
      "epochs=3",
      ...["train_size=200", "validation_size=50", "test_size=50"].flatMap((field) => [
        "--set",
        field,
      ]),
    );
    expect(preset.runs).toHaveLength(preset.run_count);
    expect(new Set(preset.runs.map(({ spec }) => spec.epochs))).toEqual(new Set([3]));
    expect(await lab.database.prisma.sweep.count()).toBe(before);
  });

  test("watch --json tells the events, line by line, and ends with the sweep", async () => {
    const lines = (await answer("watch", sweepId, "--json"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; data: Record<string, unknown> });
    const types = new Set(lines.map(({ type }) => type));
    for (const type of ["state", "metric", "log", "checkpoint"]) expect(types).toContain(type);
    expect(lines.at(-1)).toMatchObject({ type: "end", data: { id: sweepId, state: "completed" } });
  });

  test("ls and show tell of sweeps, runs and what is about them", async () => {
    expect(await answer("ls", "--tag", "first")).toContain(sweepId);
    expect(await answer("ls", "runs", "--sweep", sweepId, "--state", "succeeded")).toMatch(
      /^run_\w+ +pc_8_2 +1 .*succeeded +100 %/m,
    );
    expect(await answer("show", sweepId)).toMatch(/^runs +4 succeeded$/m);
    const run = await answer("show", runId);
    expect(run).toMatch(/^accuracy +[▁-█]+ {2}[\d.]+ % \(validation\)$/m);
    expect(run).toMatch(/^attempt 1 +on .*: succeeded/m);
    expect(run).toMatch(/^spec +algorithm bp, .*width 8/m);
    expect(await json("show", runId)).toMatchObject({ id: runId, sweep_id: sweepId });
  });

  test("logs of a run and of a sweep; -f ends with the run", async () => {
    expect(await answer("logs", runId)).toMatch(/info +attempt 1 begins from the start/);
    const two = (await answer("logs", runId, "-f", "--tail", "2", "--json")).trimEnd().split("\n");
    expect(two).toHaveLength(2);
    expect(JSON.parse(two[1])).toMatchObject({ run_id: runId, level: "info" });
    expect(await answer("logs", sweepId)).toMatch(/ {2}pc_8_2\/1 {2}info/);
  });

  test("export, compare, plot and report leave what they promise", async () => {
    const rows = (await answer("export", sweepId)).trimEnd().split("\n");
    expect(rows).toHaveLength(5);
    expect(rows[0]).toMatch(/^run_id,/);
    expect(await answer("export", sweepId, "-o", "runs.parquet")).toBe("runs.parquet\n");
    expect((await readFile(join(folder, "runs.parquet"))).subarray(0, 4).toString()).toBe("PAR1");
    expect(await answer("compare", sweepId)).toMatch(/^run_\w+ +bp_8_2 .*succeeded +0?[\d.]+/m);
    expect(await answer("plot", runId, "-o", "curve.png")).toBe("curve.png\n");
    expect((await readFile(join(folder, "curve.png"))).subarray(1, 4).toString()).toBe("PNG");
    expect(await answer("plot", sweepId, "learning-curve", "-o", "-")).toMatch(/^<svg/);
    const { file } = await json<{ file: string }>("report", sweepId);
    expect(await readFile(file, "utf8")).toContain("<html");
    expect((await readdir(folder)).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  test("queue, explain, workers, presets", async () => {
    expect(await answer("queue")).toMatch(/of 2 slots busy, on 1 worker$/m);
    expect(await answer("explain", runId)).toBe("It does not wait: it is succeeded.\n");
    expect(await answer("workers")).toMatch(/^wrk_\w+ .* working +0\/2/m);
    expect(await answer("presets")).toMatch(/^figure-7 +\d+ +\d+ +\d+$/m);
  });

  test("an action that the state does not allow is a 7 and says why; a repeated one changes nothing", async () => {
    const { status, stderr } = await pclab(["retry", runId]);
    expect([status, stderr]).toEqual([7, expect.stringContaining("cannot retry")]);
    expect(await answer("cancel", sweepId)).toMatch(/completed {2}\(nothing to change\)$/m);
    const some = await pclab(["cancel", sweepId, "run_nope"]);
    expect(some.status).toBe(5);
    expect(some.stdout).toContain(sweepId);
    expect(some.stderr).toContain("run_nope");
  });

  test("a token is made for a script, does what its scope allows, and is revoked", async () => {
    const made = await pclab(["tokens", "create", "ci", "--scope", "read"]);
    const token = made.stdout.trim();
    const asReader = (...words: string[]) => pclab(words, { environment: { LAB_TOKEN: token } });
    expect((await asReader("ls")).status).toBe(0);
    const refused = await asReader("cancel", sweepId);
    expect([refused.status, refused.stderr]).toEqual([4, expect.stringContaining("scope submit")]);
    const { data } = await json<{ data: { id: string; name: string }[] }>("tokens");
    const id = data.find(({ name }) => name === "ci")?.id ?? "";
    const rotated = await answer("tokens", "rotate", id);
    expect((await asReader("ls")).status).toBe(4);
    const { data: now } = await json<{ data: { id: string; name: string }[] }>("tokens");
    const live = now.find((one) => one.name === "ci" && one.id !== id);
    expect(await answer("tokens", "revoke", live?.id ?? "")).toContain("revoked");
    const after = await pclab(["ls"], { environment: { LAB_TOKEN: rotated.trim() } });
    expect(after.status).toBe(4);
  });

  test("doctor finds the lab, its token and its worker", async () => {
    const text = await answer("doctor", "--no-machine");
    expect(text).toMatch(/^token +ok +of ada, scope admin \(from LAB_TOKEN\)$/m);
    expect(text).toMatch(/^workers +ok +1, with 2 slots/m);
  });
});

describe("what goes wrong", { timeout: TIMEOUT_MS }, () => {
  test("a wrong spec: every problem with its pointer, and as JSON the lab's own words", async () => {
    const input = "base: {algoritm: pc, width: -3}\n";
    const text = await pclab(["submit", "-"], { input });
    expect(text.status).toBe(6);
    expect(text.stderr).toMatch(/#\/base\/algoritm {2}did you mean 'algorithm'\?/);
    expect(text.stderr).toMatch(/#\/base\/width {2}width must be >= 1 \(got -3/);
    const body = JSON.parse((await pclab(["submit", "-", "--json"], { input })).stderr) as {
      errors: { pointer: string }[];
    };
    expect(body.errors.map(({ pointer }) => pointer)).toContain("#/base/width");
  });

  test("a wrong token, no token, no lab, no such run, a wrong command line", async () => {
    const wrong = await pclab(["ls"], { environment: { LAB_TOKEN: "pcl_wrong" } });
    expect([wrong.status, wrong.stderr]).toEqual([4, expect.stringContaining("LAB_TOKEN")]);
    expect(wrong.stderr).not.toContain("pcl_wrong");

    const LAB = `http://127.0.0.1:${await findFreePort("127.0.0.1", 0)}`;
    const away = await pclab(["ls"], { environment: { LAB } });
    expect([away.status, away.stderr]).toEqual([3, expect.stringContaining(LAB)]);
    expect((await pclab(["doctor", "--no-machine"], { environment: { LAB } })).status).toBe(3);

    expect((await pclab(["show", "run_nope"])).status).toBe(5);
    const typo = await pclab(["wach", sweepId]);
    expect([typo.status, typo.stderr]).toEqual([2, expect.stringContaining("watch")]);
    expect((await pclab(["submit", "no-such.yaml"])).status).toBe(2);
  });

  test("the owner's token of a home goes to a lab on this machine, and nowhere else", async () => {
    const home = join(folder, "home");
    await mkdir(home);
    await writeFile(join(home, "token"), `${served.token}\n`);
    const environment = { LAB_TOKEN: "", PCLAB_HOME: home };
    expect((await pclab(["ls"], { environment })).status).toBe(0);
    // Without LAB, the launcher's record says where the lab is.
    await writeFile(join(home, "launcher.json"), JSON.stringify({ url: served.address }));
    expect((await pclab(["ls"], { environment: { ...environment, LAB: "" } })).status).toBe(0);
  });

  test("Ctrl-C leaves a watched sweep alone, and says how to go on", async () => {
    const long = SWEEP.replace("epochs: 2", "epochs: 10000").replace("bp against pc", "long");
    const submitted = (await pclab(["submit", "-"], { input: long })).stdout.trim();
    let hasAsked = false;
    const { status, stderr } = await pclab(["watch", submitted], {
      onOutput: (stdout) => {
        if (hasAsked || !stdout.includes("running")) return null;
        hasAsked = true;
        return "SIGINT";
      },
    });
    expect([status, stderr]).toEqual([130, expect.stringContaining(`pclab watch ${submitted}`)]);
    expect(await json("show", submitted)).toMatchObject({ state: "active" });
    expect(await answer("pause", submitted)).toMatch(/^sweep swp_\w+ {2}long: /);
    expect(await answer("cancel", submitted)).toContain(submitted);
  });

  test("a reader that has read enough ends it quietly", async () => {
    const line = `${PCLAB.map((word) => `'${word}'`).join(" ")} logs ${sweepId} | head -n 1`;
    const { status, stdout, stderr } = await runProgram(
      ["bash", "-o", "pipefail", "-c", line],
      [],
      {
        cwd: folder,
        environment: { LAB: served.address, LAB_TOKEN: served.token },
      },
    );
    expect([status, stdout.split("\n").length, stderr]).toEqual([0, 2, ""]);
  });
});

describe("completion", { timeout: TIMEOUT_MS }, () => {
  /** What bash offers behind these words. */
  const offered = async (...words: string[]): Promise<string[]> => {
    const bin = join(folder, "bin");
    await mkdir(bin, { recursive: true });
    const program = join(bin, "pclab");
    await writeFile(
      program,
      `#!/bin/sh\nexec ${PCLAB.map((word) => `'${word}'`).join(" ")} "$@"\n`,
    );
    await chmod(program, 0o755);
    const script = `source <(pclab completion bash)
      COMP_WORDS=(pclab "$@"); COMP_CWORD=$#; _pclab; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await runProgram(["bash", "-c", script, "bash"], words, {
      cwd: folder,
      environment: {
        LAB: served.address,
        LAB_TOKEN: served.token,
        PATH: `${bin}:${process.env["PATH"]}`,
      },
    });
    return stdout.trimEnd().split("\n");
  };

  test("bash takes the script", () => {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: SCRIPTS.bash, encoding: "utf8" });
    expect([status, stderr]).toEqual([0, ""]);
  });

  test("bash offers commands, options, words and ids", async () => {
    expect(await offered("su")).toEqual(["submit"]);
    expect(await offered("ls", "runs", "--st")).toEqual(["--state"]);
    expect(await offered("plot", runId, "--theme", "")).toEqual(["light", "dark"]);
    expect(await offered("submit", "--preset", "figure-")).toHaveLength(6);
    expect(await offered("export", sweepId.slice(0, 8))).toContain(sweepId);
    expect(await offered("logs", "run_")).toContain(runId);
  });
});

test(
  "the installed command is the same program",
  async () => {
    const bin = fileURLToPath(new URL("../../node_modules/.bin/pclab", import.meta.url));
    const { status, stdout } = await runProgram([bin], ["--version"]);
    expect([status, stdout]).toEqual([0, "0.1.0\n"]);
  },
  TIMEOUT_MS,
);
