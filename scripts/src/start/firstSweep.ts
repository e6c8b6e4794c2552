/** The first start's own experiment: examples/first.yaml, submitted over HTTP as its user would. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { DatasetError } from "@pclab/core";
import { datasetIsPresent, resolveDatasetsFolder } from "@pclab/storage";
import { fetchDatasetWithBar } from "../datasets.js";
import { type LabClient, LabRequestError } from "./labClient.js";
import { type Output, createProgressDisplay } from "./progressDisplay.js";
import { runTable } from "./runTable.js";

const dataset = "fashion-mnist";
const pollEveryMs = 1_000;

export interface FirstSweepOptions {
  client: LabClient;
  exampleFile: string;
  home: string;
  datasetsOverride: string | undefined;
  output: Output;
  /** Ends the watching, not the sweep. */
  signal: AbortSignal;
}

/**
 * Fetches the data set if need be, submits the example, shows its progress and its final table. Without a network it
 * says what to do and leaves the lab as it is.
 */
export async function runFirstSweep(options: FirstSweepOptions): Promise<void> {
  const { client, exampleFile, output, signal } = options;
  const say = (line: string): void => void output.write(`${line}\n`);
  if (!(await haveDataset(options))) return;
  const yaml = await readFile(exampleFile, "utf8");
  let sweepId: string;
  try {
    // The key makes a second submission of the same home impossible, whatever happened to the first answer.
    sweepId = (await client.submitSweep(yaml, "pclab-first-start")).id;
  } catch (error) {
    if (!(error instanceof LabRequestError)) throw error;
    say(`examples/first.yaml was not taken (${error.status}): ${error.message}`);
    return;
  }
  say(`\nTraining the networks of examples/first.yaml (${sweepId}):\n`);
  await watch(sweepId, options);
  if (signal.aborted) return;
  const sweep = await client.sweep(sweepId);
  say(
    `\n${runTable(await client.runs(sweepId))}\n\nThe sweep is ${sweep.state}. The lab goes on; Ctrl-C stops it.`,
  );
}

async function haveDataset(options: FirstSweepOptions): Promise<boolean> {
  const { home, datasetsOverride, output, signal } = options;
  const folder = resolveDatasetsFolder({ override: datasetsOverride, home });
  if (await datasetIsPresent(dataset, { datasetsFolder: folder })) return true;
  try {
    await fetchDatasetWithBar(dataset, { folder, output, signal });
    return true;
  } catch (error) {
    if (!(error instanceof DatasetError)) throw error;
    if (signal.aborted) return false;
    output.write(
      `\n${error.message}\n\nThe lab runs, but has no data to train on. Either\n` +
        "  - connect this machine to the internet and run `npm run datasets`, or\n" +
        `  - stop the lab and start it with PCLAB_DATASETS=<folder>, where <folder>/${dataset}/ holds the four files,\n` +
        "then submit examples/first.yaml with the curl above.\n",
    );
    return false;
  }
}

async function watch(
  sweepId: string,
  { client, output, signal }: FirstSweepOptions,
): Promise<void> {
  const display = createProgressDisplay(output);
  try {
    while (!signal.aborted) {
      const runs = await patiently(() => client.runs(sweepId));
      if (runs !== null) {
        display.show(runs);
        if (runs.every((run) => run.poll_after_ms === null)) return;
      }
      await sleep(pollEveryMs, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    display.close();
  }
}

/** Null while the API restarts: the next poll asks again. */
async function patiently<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof LabRequestError && error.status < 500) throw error;
    return null;
  }
}
