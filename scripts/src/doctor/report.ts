/** The doctor's report, for people and as JSON. */
import type { EngineFinding } from "./engines.js";
import type { Finding } from "./finding.js";
import type { Measurement } from "./measureEngine.js";

export interface Report {
  findings: Finding[];
  engines: EngineFinding[];
}

/** Whether `npm start` would bring up a lab that trains. */
export const canRun = ({ findings }: Report): boolean =>
  findings.every(({ state }) => state !== "broken");

export const reportJson = (report: Report): object => ({
  can_run: canRun(report),
  findings: report.findings,
  engines: report.engines.map((engine) =>
    "problem" in engine
      ? { name: engine.name, available: false, problem: engine.problem }
      : {
          name: engine.name,
          available: true,
          id: engine.id,
          measurement: measurementJson(engine.measurement),
        },
  ),
});

const measurementJson = (measurement: Measurement): object => ({
  algorithm: "pc",
  sizes: measurement.sizes,
  batch_size: measurement.batchSize,
  inference_steps: measurement.inferenceSteps,
  threads: measurement.threads,
  minibatches: measurement.minibatches,
  milliseconds_per_minibatch: measurement.millisecondsPerMinibatch,
  images_per_second: measurement.imagesPerSecond,
  gflops: measurement.gflops,
  peak_gflops: measurement.peakGflops,
});

const MARKS: Record<Finding["state"], string> = { fine: "ok", note: "note", broken: "BROKEN" };

export const reportText = (report: Report): string => {
  const { findings, engines } = report;
  const rows = [
    ...findings.map(({ part, state, detail }) => [part, MARKS[state], detail]),
    ...engines.map((engine) =>
      "problem" in engine
        ? [engine.name, "none", `cannot start: ${engine.problem}`]
        : [engine.name, "ok", `${engine.id}: ${measurementText(engine.measurement)}`],
    ),
  ];
  const [partWidth, markWidth] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map(
    ([part = "", mark = "", detail = ""]) =>
      `${part.padEnd(partWidth ?? 0)}  ${mark.padEnd(markWidth ?? 0)}  ${detail}`,
  );
  const bad = findings.filter(({ state }) => state === "broken").map(({ part }) => part);
  const verdict =
    bad.length === 0 ? "The lab can run." : `The lab cannot run: see ${bad.join(", ")}.`;
  return `${lines.join("\n")}\n\n${verdict}\n`;
};

const measurementText = (measurement: Measurement): string => {
  const { millisecondsPerMinibatch, imagesPerSecond, gflops, peakGflops } = measurement;
  const share =
    peakGflops === null
      ? ""
      : ` (${Math.round((100 * gflops) / peakGflops)} % of the ${rounded(peakGflops)} measured for multiply-adds alone)`;
  return (
    `${rounded(millisecondsPerMinibatch)} ms a minibatch, ${rounded(imagesPerSecond)} images/s, ` +
    `${rounded(gflops)} GFLOP/s${share}; ${trialText(measurement)}`
  );
};

/** `pc, 784-256x8-10, batch 64, 256 steps, 2 threads` */
const trialText = ({ sizes, batchSize, inferenceSteps, threads }: Measurement): string => {
  const network = `${sizes[0]}-${sizes[1]}x${sizes.length - 2}-${sizes.at(-1)}`;
  const threadCount = threads === 1 ? "1 thread" : `${threads} threads`;
  return `pc, ${network}, batch ${batchSize}, ${inferenceSteps} steps, ${threadCount}`;
};

/** Three digits, as a measurement of two seconds has no more. */
const rounded = (value: number): string => String(Number(value.toPrecision(3)));
