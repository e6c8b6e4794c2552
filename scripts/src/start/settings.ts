/** The launcher's environment and arguments, read once. */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { ENGINES, type EngineChoice } from "@pclab/core";
import { TFJS_BACKENDS, type TfjsBackend } from "@pclab/engine-tfjs";

export const USAGE = `usage: npm start [-- --no-example]

Starts the lab: PostgreSQL and the queue (its own, unless given), the API, and a worker with one slot a core.

  --no-example     do not submit examples/first.yaml at the first start

  PCLAB_HOME       where data, logs and the token are kept (.pclab)
  PCLAB_PORT       the API's port (8080; the next free one when it is taken)
  PCLAB_HOST       the address the API listens on (127.0.0.1)
  PCLAB_SLOTS      runs that train at a time (this machine's cores, or PCLAB_PACK where that is more)
  PCLAB_PACK       runs of one shape that train in one process and engine (as many as the engine says; 1 on a CPU)
  PCLAB_THREADS    cores that they share (this machine's)
  ENGINE           what trains runs that leave it open: ${ENGINES.join(", ")} (auto: the best that starts)
  PCLAB_TFJS_BACKEND  what the engine tfjs computes on: ${TFJS_BACKENDS.join(", ")} (cpu: plain JavaScript, for a try)
  PCLAB_WEBGPU_SOFTWARE  1: the webgpu engine may run on a driver that computes on the CPU, for tests
  PCLAB_DATASETS   a folder with the data sets, for a machine without internet
  DATABASE_URL     a PostgreSQL to use instead of the lab's own
  REDIS_URL        a Redis to use instead of the lab's own
`;

export interface Settings {
  /** Absolute. */
  home: string;
  host: string;
  port: number;
  slots: number;
  threads: number;
  engine: EngineChoice;
  tfjsBackend: TfjsBackend;
  /** The webgpu engine may run on a driver that computes on the CPU. */
  allowSoftwareGpu: boolean;
  /** Null: the launcher brings its own. */
  databaseUrl: string | null;
  redisUrl: string | null;
  datasetsOverride: string | undefined;
  /** Whether the first start submits examples/first.yaml. */
  withExample: boolean;
  help: boolean;
}

/** The arguments or the environment make no sense: the message says which, and USAGE how it is meant. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
}

/** Throws SettingsError. An empty variable counts as unset, as `.env` files have them. */
export function readSettings(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const text = (name: string): string | null => environment[name]?.trim() || null;
  const number = (name: string, fallback: number, least: number, most: number): number => {
    const value = text(name);
    if (value === null) return fallback;
    if (/^\d+$/.test(value) && Number(value) >= least && Number(value) <= most)
      return Number(value);
    throw new SettingsError(
      `${name} is "${value}": expected a whole number from ${least} to ${most}`,
    );
  };
  const oneOf = <T extends string>(name: string, known: readonly T[], fallback: T): T => {
    const value = text(name) ?? fallback;
    const found = known.find((word) => word === value);
    if (found !== undefined) return found;
    throw new SettingsError(`${name} is "${value}": expected ${known.join(", ")}`);
  };
  // The worker reads it itself, from the environment that it is given.
  const runsPerPack = number("PCLAB_PACK", 1, 1, 1024);
  const { noExample, help } = readArguments(argv);
  return {
    home: resolve(text("PCLAB_HOME") ?? ".pclab"),
    host: text("PCLAB_HOST") ?? "127.0.0.1",
    port: number("PCLAB_PORT", 8080, 0, 65_535),
    slots: number("PCLAB_SLOTS", Math.max(availableParallelism(), runsPerPack), 1, 1024),
    threads: number("PCLAB_THREADS", availableParallelism(), 1, 1024),
    engine: oneOf("ENGINE", ENGINES, "auto"),
    tfjsBackend: oneOf("PCLAB_TFJS_BACKEND", TFJS_BACKENDS, "tensorflow"),
    allowSoftwareGpu: number("PCLAB_WEBGPU_SOFTWARE", 0, 0, 1) === 1,
    databaseUrl: text("DATABASE_URL"),
    redisUrl: text("REDIS_URL"),
    datasetsOverride: text("PCLAB_DATASETS") ?? undefined,
    withExample: !noExample,
    help,
  };
}

function readArguments(argv: readonly string[]): { noExample: boolean; help: boolean } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        "no-example": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    return { noExample: values["no-example"], help: values.help };
  } catch (error) {
    if (error instanceof TypeError) throw new SettingsError(error.message, { cause: error });
    throw error;
  }
}
