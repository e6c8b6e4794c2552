/** What is asked of the benchmark on the command line. */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { BENCH_ENGINES, type BenchEngineName } from "./engines.js";
import { MODELS, type Model, type Shape } from "./workload.js";

export const USAGE = `usage: npm run bench -- [what] [options]

Measures this machine's multiply-add peak and, against it, the engines: each model through the kernel alone and through
the whole training loop. Everything in a table is measured in the same rounds. What the machine lacks is unavailable,
with the reason.

what (several may be given; without any, the table of every shape):
  --targets           the project's targets, line by line, met or not
  --grid              pc over widths 10 to 4096 and minibatches of 1 to 1024
  --gpu               the webgpu engine: widths and minibatches of 64, 256 and 1024, with 1, 8 and 32 runs packed;
                      with --peer, PyTorch on the same GPU
  --gauss-newton      Gauss-Newton against 256 gradient steps: Q, accuracy over five seeds, and time
  --rows              the table of every shape, beside the others

options:
  --peer              PyTorch's rows too, in the same rounds (PCLAB_PYTHON, PCLAB_TORCH2PC, PCLAB_PREDICTIVE_CODING)
  --engine NAME       ${BENCH_ENGINES.join(" or ")}; default native
  --shapes WxB,...    widths and minibatch sizes of --rows; default 64x64,64x256,256x64,256x256,1024x64,1024x256
  --models NAME,...   of --rows; default all: ${MODELS.join(", ")}
  --threads N,...     default 1 and all cores
  --rounds N          turns of everything; default 5, 3 where a minibatch takes seconds
  --steps N           T of the gradient steps; default 256
  --depth N           hidden layers; default 8
  --seed N            default 0
  --quick             fewer shapes and rounds: under a minute for each table, and rougher
  --json FILE         everything measured, as JSON
  --markdown          tables as Markdown
`;

export interface BenchRequest {
  targets: boolean;
  grid: boolean;
  gpu: boolean;
  gaussNewton: boolean;
  rows: boolean;
  peer: boolean;
  engine: BenchEngineName;
  /** Null where none was asked for. */
  shapes: Shape[] | null;
  models: readonly Model[];
  threads: number[];
  rounds: number | null;
  steps: number;
  depth: number;
  seed: number;
  quick: boolean;
  json: string | null;
  markdown: boolean;
}

/** `help` for --help; a string says what makes no sense. */
export const parseRequest = (
  argv: readonly string[],
): BenchRequest | "help" | { refusal: string } => {
  try {
    const { values } = parseArgs({ args: [...argv], options: OPTIONS });
    if (values.help) return "help";
    const { targets, grid, gpu, rows, peer, quick, markdown } = values;
    const gaussNewton = values["gauss-newton"];
    return {
      targets,
      grid,
      gpu,
      gaussNewton,
      rows: rows || !(targets || grid || gpu || gaussNewton),
      peer,
      quick,
      markdown,
      engine: oneOf("engine", BENCH_ENGINES, values.engine),
      shapes: values.shapes === undefined ? null : values.shapes.split(",").map(shape),
      models: values.models?.split(",").map((name) => oneOf("models", MODELS, name)) ?? MODELS,
      threads: threadsOf(values.threads),
      rounds: values.rounds === undefined ? null : integer("rounds", values.rounds, 1, 1000),
      steps: integer("steps", values.steps, 1, 100_000),
      depth: integer("depth", values.depth, 1, 64),
      seed: integer("seed", values.seed, 0, Number.MAX_SAFE_INTEGER),
      json: values.json ?? null,
    };
  } catch (error) {
    if (error instanceof RefusalError) return { refusal: error.message };
    // parseArgs throws a TypeError with a sentence that names the argument.
    if (error instanceof TypeError) return { refusal: error.message };
    throw error;
  }
};

const flag = { type: "boolean", default: false } as const;
const text = { type: "string" } as const;

const OPTIONS = {
  targets: flag,
  grid: flag,
  gpu: flag,
  "gauss-newton": flag,
  rows: flag,
  peer: flag,
  quick: flag,
  markdown: flag,
  help: { ...flag, short: "h" },
  engine: { ...text, default: "native" },
  shapes: text,
  models: text,
  threads: text,
  rounds: text,
  steps: { ...text, default: "256" },
  depth: { ...text, default: "8" },
  seed: { ...text, default: "0" },
  json: text,
} as const;

class RefusalError extends Error {}

const oneOf = <T extends string>(option: string, words: readonly T[], word: string): T => {
  const found = words.find((known) => known === word);
  if (found !== undefined) return found;
  throw new RefusalError(`--${option} "${word}": expected ${words.join(", ")}`);
};

const integer = (option: string, word: string, least: number, most: number): number => {
  const value = /^\d+$/.test(word) ? Number(word) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new RefusalError(`--${option} "${word}": expected a whole number from ${least} to ${most}`);
};

const shape = (word: string): Shape => {
  const match = /^(\d+)x(\d+)$/.exec(word);
  if (match === null) {
    throw new RefusalError(`--shapes "${word}": expected a width and a minibatch size, as 256x64`);
  }
  return {
    width: integer("shapes", match[1] as string, 1, 8192),
    batch: integer("shapes", match[2] as string, 1, 4096),
  };
};

const threadsOf = (words: string | undefined): number[] => {
  const asked = words?.split(",").map((word) => integer("threads", word, 1, 1024));
  return [...new Set(asked ?? [1, availableParallelism()])];
};
