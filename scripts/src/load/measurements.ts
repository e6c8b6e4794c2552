/** What is measured of the service, each a list of times in milliseconds. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { LoadLab } from "./loadLab.js";

const JSON_BODY = { "content-type": "application/json" };

const SMALL = {
  algorithm: "bp",
  width: 4,
  depth: 2,
  train_size: 80,
  validation_size: 10,
  test_size: 10,
  epochs: 1,
};

/** Submits a sweep of `count` runs; answers its id. */
export const submit = async (
  lab: LoadLab,
  count: number,
  base: object = SMALL,
): Promise<{ id: string; tookMs: number }> => {
  const { body, tookMs, status } = await lab.request("/v1/sweeps", {
    method: "POST",
    headers: JSON_BODY,
    body: JSON.stringify({
      base,
      grid: { seed: Array.from({ length: count }, (_, seed) => seed) },
    }),
  });
  if (status !== 201) throw new Error(`a sweep was answered with ${status}: ${body}`);
  return { id: (JSON.parse(body) as { id: string }).id, tookMs };
};

export const submissions = async (lab: LoadLab, count: number): Promise<number[]> => {
  const times: number[] = [];
  for (let index = 0; index < count; index++) times.push((await submit(lab, 1000)).tookMs);
  return times;
};

/** Requests at a steady rate, whether or not the ones before have been answered. */
export const reads = async (
  lab: LoadLab,
  paths: readonly string[],
  { perSecond, seconds }: { perSecond: number; seconds: number },
): Promise<number[]> => {
  const pending: Promise<number>[] = [];
  const startMs = performance.now();
  for (let index = 0; index < perSecond * seconds; index++) {
    const dueMs = startMs + (1000 * index) / perSecond;
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    const path = paths[index % paths.length] ?? "";
    pending.push(
      lab.request(path).then(({ status, tookMs }) => {
        if (status !== 200) throw new Error(`${path} was answered with ${status}`);
        return tookMs;
      }),
    );
  }
  return Promise.all(pending);
};

export const pages = async (
  lab: LoadLab,
  paths: readonly string[],
  rounds: number,
): Promise<number[]> => {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const path of paths) {
      const { status, tookMs, body } = await lab.request(path);
      if (status !== 200) throw new Error(`${path} was answered with ${status}: ${body}`);
      times.push(tookMs);
    }
  }
  return times;
};

/** From a run's submission to an idle lab until a worker has claimed it, by the database's clock. */
export const startDelays = async (lab: LoadLab, count: number): Promise<number[]> => {
  const times: number[] = [];
  for (let index = 0; index < count; index++) {
    const { id } = await submit(lab, 1);
    await lab.request(`/v1/sweeps/${id}?wait=60`);
    const [run] = await lab.database.prisma.run.findMany({ where: { sweepId: id } });
    if (run?.startedAt == null) throw new Error(`${id} has not started`);
    times.push(run.startedAt.getTime() - run.createdAt.getTime());
  }
  return times;
};

/** From an event's row to its arrival at a listener, on one machine and so by one clock. */
export const streamLags = async (lab: LoadLab, runs: number): Promise<number[]> => {
  const { id } = await submit(lab, runs);
  const response = await fetch(`${lab.url}/v1/sweeps/${id}/events`, {
    headers: { authorization: `Bearer ${lab.token}` },
  });
  if (response.body === null) throw new Error("the stream has no body");
  const times: number[] = [];
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const at = /^id: .*"at":"([^"]+)"/ms.exec(block)?.[1];
      if (at !== undefined) times.push(Date.now() - Date.parse(at));
    }
  }
  return times;
};

/** As many as a sweep may have. */
const RUNS_A_SWEEP = 10_000;

/**
 * Runs that have ended, written past the API, since a million of them take hours through it.
 *
 * @returns the id of one of their sweeps
 */
export const fillEndedRuns = async (
  { database, userId }: LoadLab,
  count: number,
): Promise<string> => {
  const sweeps = Math.ceil(count / RUNS_A_SWEEP);
  await database.prisma.$executeRaw`
    INSERT INTO sweeps (id, user_id, name, request)
    SELECT 'swp_0old' || n, ${userId}, 'old', '{}' FROM generate_series(0, ${sweeps}::int - 1) AS n`;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    await database.prisma.$executeRaw`
      INSERT INTO runs (id, sweep_id, user_id, index_in_sweep, name, spec, state, total_weight_updates,
        started_at, finished_at, validation_accuracy, weight_updates)
      SELECT 'run_0' || lpad((${sweep}::int * ${RUNS_A_SWEEP}::int + n)::text, 8, '0'), ${`swp_0old${sweep}`}, ${userId}, n,
        'bp_4_2', template.spec, 'succeeded', 10, now(), now(), random(), 10
      FROM generate_series(0, ${RUNS_A_SWEEP}::int - 1) AS n, (SELECT spec FROM runs LIMIT 1) AS template`;
  }
  await database.prisma.$executeRawUnsafe("ANALYZE runs");
  return `swp_0old${Math.floor(sweeps / 2)}`;
};

/** What the API's log says that decisions of its dispatcher took, since a moment. */
export const decisions = (lab: LoadLab, sinceMs: number): number[] =>
  lab
    .apiLog()
    .split("\n")
    .flatMap((line) => {
      const found = /"time":(\d+).*"decisionMs":([\d.]+)/.exec(line);
      return found !== null && Number(found[1]) >= sinceMs ? [Number(found[2])] : [];
    });

/** Resident memory of the API's process, in MiB. */
export const residentMiB = ({ apiPid }: LoadLab): number => {
  const residentPages = Number(readFileSync(`/proc/${apiPid}/statm`, "utf8").split(" ")[1]);
  return (residentPages * 4096) / 2 ** 20;
};
