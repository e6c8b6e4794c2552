/** Where the queue lives: Redis, or BullMQ's own tables in PostgreSQL. The rest of this package does not know which. */
import {
  type BackendFactory,
  type ConnectionOptions,
  type PostgresConnectionOptions,
  createPostgresBackend,
  createRedisBackend,
} from "bullmq";

/** `redisUrl`: `redis://`, `rediss://`, `unix:///path/to.sock` or the socket's bare path. */
export type QueueConnection = { redisUrl: string } | { databaseUrl: string };

/** Redis is tried again after at most a second, so that dispatch goes on within five of its return. */
const reconnectDelayMs = (attempt: number): number => Math.min(50 * 2 ** attempt, 1_000);

interface BackendOptions {
  connection: ConnectionOptions;
  factory: BackendFactory;
}

/**
 * @param failFast commands fail at once while Redis is away, rather than wait for it: for the one who adds. The consumer
 *   waits.
 */
export const backendOf = (
  connection: QueueConnection,
  { failFast }: { failFast: boolean },
): BackendOptions => {
  if ("databaseUrl" in connection) {
    const postgres: PostgresConnectionOptions = {
      connectionString: connection.databaseUrl,
      migrate: true,
      max: 4,
      connectionTimeoutMillis: 5_000,
    };
    // BullMQ's classes are typed by their backend; this package uses none of what tells the two apart.
    return {
      connection: postgres,
      factory: createPostgresBackend as unknown as BackendFactory,
    };
  }
  return {
    connection: {
      ...redisAddress(connection.redisUrl),
      retryStrategy: reconnectDelayMs,
      enableOfflineQueue: !failFast,
      ...(failFast ? {} : { maxRetriesPerRequest: null }),
    },
    factory: createRedisBackend,
  };
};

const redisAddress = (redisUrl: string): { path: string } | { url: string } =>
  redisUrl.startsWith("unix:") ? { path: new URL(redisUrl).pathname } : { url: redisUrl };
