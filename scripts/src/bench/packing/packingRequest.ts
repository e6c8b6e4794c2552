/** What is asked of the measurement of packing on the command line. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { BENCH_ENGINES, type BenchEngineName } from "../engines.js";
import { type Model, MODELS } from "../workload.js";

export const PACKING_USAGE = `usage: npm run bench:packing -- [options]

Runs of one shape on the same cores: each in a process of its own with its part of the threads, and all in one process
and one engine. Both ways take turns. Minibatches alone are counted, once every run has trained a few.

options:
  --engine NAME       ${BENCH_ENGINES.join(" or ")}; default native
  --model NAME        ${MODELS.join(", ")}; default pc
  --widths N,...      default 16,32,64
  --batch N           default 64
  --runs N,...        default 2,4,8
  --threads N         that the runs share; default all cores
  --seconds N         of a turn; default 3
  --rounds N          turns of each way; default 3
  --markdown          the table as Markdown
`;

export interface PackingRequest {
  engine: BenchEngineName;
  model: Model;
  widths: number[];
  batch: number;
  runs: number[];
  threads: number;
  seconds: number;
  rounds: number;
  markdown: boolean;
}

const text = { type: "string" } as const;

/** @returns a sentence in `refusal` for arguments that make no sense */
export const parsePackingRequest = (
  argv: readonly string[],
): PackingRequest | "help" | { refusal: string } => {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        engine: { ...text, default: "native" },
        model: { ...text, default: "pc" },
        widths: { ...text, default: "16,32,64" },
        batch: { ...text, default: "64" },
        runs: { ...text, default: "2,4,8" },
        threads: { ...text, default: String(availableParallelism()) },
        seconds: { ...text, default: "3" },
        rounds: { ...text, default: "3" },
        markdown: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    return {
      engine: oneOf("engine", BENCH_ENGINES, values.engine),
      model: oneOf("model", MODELS, values.model),
      widths: values.widths.split(",").map((word) => whole("widths", word, 8192)),
      batch: whole("batch", values.batch, 4096),
      runs: values.runs.split(",").map((word) => whole("runs", word, 64)),
      threads: whole("threads", values.threads, 1024),
      seconds: seconds(values.seconds),
      rounds: whole("rounds", values.rounds, 100),
      markdown: values.markdown,
    };
  } catch (error) {
    // parseArgs throws a TypeError with a sentence that names the argument; so do the checks below.
    if (error instanceof TypeError) return { refusal: error.message };
    throw error;
  }
};

const oneOf = <T extends string>(option: string, words: readonly T[], word: string): T => {
  const found = words.find((known) => known === word);
  if (found !== undefined) return found;
  throw new TypeError(`--${option} "${word}": expected ${words.join(", ")}`);
};

const whole = (option: string, word: string, most: number): number => {
  const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new TypeError(`--${option} "${word}": expected a whole number from 1 to ${most}`);
};

const seconds = (word: string): number => {
  const value = Number(word);
  if (value > 0 && value <= 600) return value;
  throw new TypeError(`--seconds "${word}": expected a number above 0, up to 600`);
};
