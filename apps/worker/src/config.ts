/** The environment, read once and validated. */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { ENGINES, type EngineChoice } from "@pclab/core";
import { TFJS_BACKENDS } from "@pclab/engine-tfjs";
import { resolveDatasetsFolder } from "@pclab/storage";
import { z } from "zod";
import type { EngineSettings } from "./engines.js";

const configSchema = z.object({
  DATABASE_URL: z.string().min(1),
  REDIS_URL: z.string().min(1).optional(),
  ENGINE: z.enum(ENGINES).default("auto"),
  PCLAB_TFJS_BACKEND: z.enum(TFJS_BACKENDS).default("tensorflow"),
  PCLAB_SLOTS: z.coerce.number().int().min(1).max(1_024).optional(),
  PCLAB_THREADS: z.coerce.number().int().min(1).max(1_024).optional(),
  // Compose hands on what is not set as an empty text.
  PCLAB_PACK: z.preprocess(
    (text) => (text === "" ? undefined : text),
    z.coerce.number().int().min(1).max(1_024).optional(),
  ),
  PCLAB_WEBGPU_SOFTWARE: z.enum(["0", "1"]).default("0"),
  PCLAB_HOME: z.string().default(".pclab"),
  PCLAB_DATASETS: z.string().optional(),
  PCLAB_GIT_SHA: z.string().min(1).optional(),
  PCLAB_LEASE_MS: z.coerce.number().int().min(100).default(15_000),
  PCLAB_HEARTBEAT_MS: z.coerce.number().int().min(10).max(1_000).default(1_000),
  PCLAB_CHECKPOINT_SECONDS: z.coerce.number().positive().default(30),
  PCLAB_LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info"),
});

export interface Config {
  databaseUrl: string;
  /** Null: the queue runs on PostgreSQL. */
  redisUrl: string | null;
  /** What runs get whose spec says `auto`. */
  engine: EngineChoice;
  engineSettings: EngineSettings;
  /** Runs at a time; one core each is a good measure. */
  slots: number;
  /** Cores that the runs share. */
  threads: number;
  /** Runs of one shape that train in one engine; null: what the engine says. */
  runsPerPack: number | null;
  datasetsFolder: string;
  /** Of the sources this worker was built from, where the launcher knows it. */
  gitSha: string | null;
  leaseMs: number;
  heartbeatMs: number;
  checkpointSeconds: number;
  logLevel: string;
}

/** Throws an Error that names each variable that is missing or wrong, and repeats no value: some are secret. */
export const readConfig = (environment: NodeJS.ProcessEnv): Config => {
  const parsed = configSchema.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
    throw new Error(`the environment is not complete: ${problems.join("; ")}`);
  }
  const values = parsed.data;
  if (values.PCLAB_HEARTBEAT_MS * 2 > values.PCLAB_LEASE_MS) {
    throw new Error(
      `PCLAB_HEARTBEAT_MS is ${values.PCLAB_HEARTBEAT_MS}: at most half of PCLAB_LEASE_MS (${values.PCLAB_LEASE_MS}) keeps a lease`,
    );
  }
  return {
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL ?? null,
    engine: values.ENGINE,
    engineSettings: {
      tfjsBackend: values.PCLAB_TFJS_BACKEND,
      allowSoftwareGpu: values.PCLAB_WEBGPU_SOFTWARE === "1",
    },
    // A pack cannot have more members than the worker has slots.
    slots: values.PCLAB_SLOTS ?? Math.max(availableParallelism(), values.PCLAB_PACK ?? 1),
    threads: values.PCLAB_THREADS ?? availableParallelism(),
    runsPerPack: values.PCLAB_PACK ?? null,
    datasetsFolder: resolveDatasetsFolder({
      override: values.PCLAB_DATASETS,
      home: resolve(values.PCLAB_HOME),
    }),
    gitSha: values.PCLAB_GIT_SHA ?? null,
    leaseMs: values.PCLAB_LEASE_MS,
    heartbeatMs: values.PCLAB_HEARTBEAT_MS,
    checkpointSeconds: values.PCLAB_CHECKPOINT_SECONDS,
    logLevel: values.PCLAB_LOG_LEVEL,
  };
};
