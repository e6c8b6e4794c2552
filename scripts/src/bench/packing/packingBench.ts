/** `npm run bench:packing`: whether runs of one shape are faster in one engine than each in a process of its own. */
import { digits, times } from "../format.js";
import { interleave } from "../interleave.js";
import { describeMachine } from "../machine.js";
import { median } from "../statistics.js";
import { type Table, printMarkdown, printText } from "../table.js";
import { type TurnResult, measureTurn } from "./measureTurn.js";
import { PACKING_USAGE, type PackingRequest, parsePackingRequest } from "./packingRequest.js";

export interface PackingBenchCommand {
  argv: readonly string[];
  /** The table; progress goes to `errors`. */
  output: NodeJS.WritableStream;
  errors: NodeJS.WritableStream;
}

/** @returns the exit status: 0, or 2 for arguments that make no sense */
export async function runPackingBench({
  argv,
  output,
  errors,
}: PackingBenchCommand): Promise<number> {
  const request = parsePackingRequest(argv);
  if (request === "help") {
    output.write(PACKING_USAGE);
    return 0;
  }
  if ("refusal" in request) {
    errors.write(`${request.refusal}\n\n${PACKING_USAGE}`);
    return 2;
  }
  const rows: string[][] = [];
  for (const width of request.widths) {
    for (const runs of request.runs) {
      errors.write(`W=${width}, ${runs} runs\n`);
      rows.push(await measureRow(request, width, runs));
    }
  }
  output.write((request.markdown ? printMarkdown : printText)(tableOf(request, rows)));
  return 0;
}

/** Both ways in turn, round by round. */
const measureRow = async (
  { engine, model, batch, threads, seconds, rounds }: PackingRequest,
  width: number,
  runs: number,
): Promise<string[]> => {
  const seeds = Array.from({ length: runs }, (_, seed) => seed);
  const turn = { engine, model, width, batch };
  const ways = [
    // No run is without a thread: more runs than cores take turns on them.
    seeds.map((seed) => ({ ...turn, seeds: [seed], threads: Math.floor(threads / runs) })),
    [{ ...turn, seeds, threads }],
  ];
  const [apart = [], packed = []] = await interleave({ count: ways.length, rounds }, (way) =>
    measureTurn(ways[way] ?? [], seconds),
  );
  const paces = [apart, packed].map((turns) => medianOf(turns, "minibatchesPerSecond"));
  const [apartPace = Number.NaN, packedPace = Number.NaN] = paces;
  return [
    String(width),
    String(runs),
    ...paces.map(digits),
    times(packedPace / apartPace),
    ...[apart, packed].map((turns) => digits(medianOf(turns, "startSeconds"))),
    ...[apart, packed].map((turns) => medianOf(turns, "memoryMiB").toFixed(0)),
  ];
};

const medianOf = (turns: readonly TurnResult[], name: keyof TurnResult): number =>
  median(turns.map((turn) => turn[name]));

const tableOf = (
  { engine, model, batch, threads, rounds, seconds }: PackingRequest,
  rows: string[][],
): Table => {
  const { cpu, node } = describeMachine();
  return {
    title: `Packing: ${model}, B=${batch}, ${engine}, ${threads} threads`,
    header: [
      "W",
      "runs",
      "minibatches/s apart",
      "packed",
      "packed over apart",
      "start s apart",
      "start s packed",
      "MiB apart",
      "MiB packed",
    ],
    rows,
    notes: [
      `${cpu}; Node ${node}; ${new Date().toISOString()}; medians of ${rounds} rounds of ${seconds} s, both ways in turn.`,
    ],
  };
};
