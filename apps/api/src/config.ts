/** The environment, read once and validated. */
import { resolve } from "node:path";
import { z } from "zod";
import { parseSecretKey } from "./webhooks/secretKey.js";
import { TARGET_NETWORKS, type TargetNetwork } from "./webhooks/targets.js";

const configSchema = z.object({
  DATABASE_URL: z.string().min(1),
  REDIS_URL: z.string().min(1).optional(),
  PCLAB_HOST: z.string().default("127.0.0.1"),
  PCLAB_PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  PCLAB_HOME: z.string().default(".pclab"),
  PCLAB_DATASETS: z.string().optional(),
  PCLAB_LEASE_MS: z.coerce.number().int().min(100).default(15_000),
  PCLAB_DISPATCH_MS: z.coerce.number().int().min(10).default(250),
  PCLAB_RECONCILE_MS: z.coerce.number().int().min(100).default(10_000),
  PCLAB_REQUESTS_PER_MINUTE: z.coerce.number().int().min(1).default(30_000),
  PCLAB_DELETE_GRACE_DAYS: z.coerce.number().min(0).default(7),
  PCLAB_WEBHOOK_KEY: z
    .string()
    .optional()
    .transform((text) => (text === "" ? undefined : text)),
  PCLAB_WEBHOOK_NETWORKS: z
    .string()
    .optional()
    .transform((text) => text?.split(",").map((word) => word.trim()))
    .pipe(z.array(z.enum(TARGET_NETWORKS)).optional()),
  PCLAB_LOG_LEVEL: z
    .enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"])
    .default("info"),
});

export interface Config {
  databaseUrl: string;
  /** Null: the queue runs on PostgreSQL. */
  redisUrl: string | null;
  host: string;
  port: number;
  home: string;
  /** PCLAB_DATASETS, where it is set. */
  datasetsOverride: string | undefined;
  leaseMs: number;
  dispatchMs: number;
  reconcileMs: number;
  /** Of a user without a limit of their own. */
  requestsPerMinute: number;
  /** After so long what was deleted is gone for good. */
  deleteGraceMs: number;
  /** Null: a key of its own, in `home`. */
  webhookKey: Uint8Array | null;
  /** Where webhook messages may go. */
  webhookNetworks: readonly TargetNetwork[];
  logLevel: string;
}

/** Throws an Error that names each variable that is missing or wrong. */
export const readConfig = (environment: NodeJS.ProcessEnv): Config => {
  const parsed = configSchema.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(
      ({ path, message }) => `${path.join(".")}: ${message}`,
    );
    throw new Error(`the environment is not complete: ${problems.join("; ")}`);
  }
  const values = parsed.data;
  return {
    databaseUrl: values.DATABASE_URL,
    redisUrl: values.REDIS_URL ?? null,
    host: values.PCLAB_HOST,
    port: values.PCLAB_PORT,
    home: resolve(values.PCLAB_HOME),
    datasetsOverride: values.PCLAB_DATASETS,
    leaseMs: values.PCLAB_LEASE_MS,
    dispatchMs: values.PCLAB_DISPATCH_MS,
    reconcileMs: values.PCLAB_RECONCILE_MS,
    requestsPerMinute: values.PCLAB_REQUESTS_PER_MINUTE,
    deleteGraceMs: values.PCLAB_DELETE_GRACE_DAYS * 86_400_000,
    webhookKey:
      values.PCLAB_WEBHOOK_KEY === undefined
        ? null
        : parseSecretKey(values.PCLAB_WEBHOOK_KEY, "PCLAB_WEBHOOK_KEY"),
    webhookNetworks: values.PCLAB_WEBHOOK_NETWORKS ?? usualNetworks(values.PCLAB_HOST),
    logLevel: values.PCLAB_LOG_LEVEL,
  };
};

/** Whoever reaches a server that listens on loopback alone is on its machine already; others have no business there. */
const usualNetworks = (host: string): TargetNetwork[] =>
  host === "localhost" || host === "::1" || host.startsWith("127.")
    ? ["public", "private", "loopback"]
    : ["public", "private"];
