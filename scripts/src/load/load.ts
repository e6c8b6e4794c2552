/** `npm run load [-- --markdown]`: the table of the service's times, against what it promises. */
import { setTimeout as sleep } from "node:timers/promises";
import { describeMachine, gitCommit } from "../bench/machine.js";
import { type Table, printMarkdown, printText } from "../bench/table.js";
import { type LoadLab, openLoadLab } from "./loadLab.js";
import {
  decisions,
  fillEndedRuns,
  pages,
  reads,
  residentMiB,
  startDelays,
  streamLags,
  submissions,
  submit,
} from "./measurements.js";
import { quantile } from "./quantile.js";

export interface LoadOptions {
  root: string;
  argv: readonly string[];
  output: { write(text: string): void };
  errors: { write(text: string): void };
}

const ENDED_RUNS = 1_000_000;
const QUEUED_RUNS = 100_000;

export const runLoad = async ({ root, argv, output, errors }: LoadOptions): Promise<number> => {
  const unknown = argv.filter((word) => word !== "--markdown");
  if (unknown.length > 0) {
    errors.write(`npm run load takes --markdown alone, not ${unknown.join(" ")}\n`);
    return 2;
  }
  const say = (text: string): void => errors.write(`${text}\n`);
  const lab = await openLoadLab(root);
  try {
    const rows = await measure(lab, say);
    const machine = describeMachine();
    const table: Table = {
      title: "The service",
      header: ["what", "median", "p95", "to reach"],
      rows,
      notes: [
        `${machine.cores} cores of ${machine.cpu}, which the load shares with the API, PostgreSQL, Redis and the worker; ` +
          `Node ${machine.node}, commit ${gitCommit(root)?.slice(0, 12) ?? "unknown"}.`,
      ],
    };
    output.write((argv.includes("--markdown") ? printMarkdown : printText)(table));
    return 0;
  } finally {
    await lab.close();
  }
};

const measure = async (lab: LoadLab, say: (text: string) => void): Promise<string[][]> => {
  const rows: string[][] = [];
  const add = (what: string, times: readonly number[], target: string): void => {
    const row = [
      what,
      milliseconds(quantile(times, 0.5)),
      milliseconds(quantile(times, 0.95)),
      target,
    ];
    rows.push(row);
    say(row.join(" | "));
  };

  const stopWorker = await lab.startWorker(1);
  await startDelays(lab, 2);
  add("an idle slot: submission to claim", await startDelays(lab, 20), "500 ms");
  add("an event: row to listener", await streamLags(lab, 20), "500 ms");
  await stopWorker();

  add("POST a sweep of 1,000 runs", await submissions(lab, 20), "300 ms");
  const one = await firstRun(lab);
  const steady = { perSecond: 200, seconds: 10 };
  await reads(lab, [one], { perSecond: 50, seconds: 2 });
  add("GET a queued run, 200 a second", await reads(lab, [one], steady), "20 ms");

  say(`${ENDED_RUNS} ended runs …`);
  const oldSweep = await fillEndedRuns(lab, ENDED_RUNS);
  const lists = [
    "/v1/runs",
    "/v1/runs?sort=-created_at",
    "/v1/runs?sort=-metrics.validation_accuracy",
    "/v1/runs?state=succeeded",
    `/v1/sweeps/${oldSweep}/runs`,
  ];
  await pages(lab, lists, 2);
  add("a page of 50 runs among a million", await pages(lab, lists, 20), "100 ms");

  say(`${QUEUED_RUNS} queued runs …`);
  const left =
    QUEUED_RUNS / 1000 -
    (await lab.database.prisma.run.count({ where: { state: "queued" } })) / 1000;
  for (let index = 0; index < left - 1; index++) await submit(lab, 1000);
  const before = residentMiB(lab);
  const sinceMs = Date.now();
  add("GET a queued run, 200 a second, 100,000 queued", await reads(lab, [one], steady), "20 ms");
  await sleep(20_000);
  add("a decision of the dispatcher, 100,000 queued", decisions(lab, sinceMs), "50 ms");
  rows.push([
    "memory of the API, before and after half a minute of that",
    `${Math.round(before)} MiB`,
    `${Math.round(residentMiB(lab))} MiB`,
    "flat",
  ]);
  return rows;
};

const firstRun = async (lab: LoadLab): Promise<string> => {
  const { body } = await lab.request("/v1/runs?state=queued&limit=1");
  const [run] = (JSON.parse(body) as { data: { id: string }[] }).data;
  if (run === undefined) throw new Error("nothing is queued");
  return `/v1/runs/${run.id}`;
};

const milliseconds = (value: number): string =>
  `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
