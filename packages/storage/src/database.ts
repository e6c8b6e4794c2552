/** The connection to PostgreSQL that every repository is given. */
import { PrismaPg } from "@prisma/adapter-pg";
import { Prisma, PrismaClient } from "./generated/prisma/client.js";

export interface Database {
  prisma: PrismaClient;
  close(): Promise<void>;
}

/** What a repository needs inside a transaction. */
export type Transaction = Prisma.TransactionClient;

export interface DatabaseOptions {
  url: string;
  /** Connections at most. */
  poolSize?: number;
  /** How long a query may wait for a connection, or a transaction for its statements. */
  timeoutMs?: number;
  /**
   * How long a transaction may stand still before the server ends it. A process that is frozen or cut off in the middle
   * of one would keep its row locks, and no other could take its runs over.
   */
  idleInTransactionMs?: number;
}

export const openDatabase = ({
  url,
  poolSize = 10,
  timeoutMs = 60_000,
  idleInTransactionMs = 15_000,
}: DatabaseOptions): Database => {
  const adapter = new PrismaPg({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    // Prisma's adapter reads a timestamp's digits and drops its offset: every session speaks UTC.
    options: "-c TimeZone=UTC",
    idle_in_transaction_session_timeout: idleInTransactionMs,
  });
  const prisma = new PrismaClient({
    adapter,
    transactionOptions: { maxWait: 10_000, timeout: timeoutMs },
  });
  return { prisma, close: () => prisma.$disconnect() };
};

/** Codes with which Prisma and node-postgres say that nothing was stored and a repetition may be, as against a refused statement. */
const CONNECTION_CODES = new Set([
  "P1001",
  "P1002",
  "P1008",
  "P1017",
  "P2024",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ENOENT",
  "ETIMEDOUT",
  "25P03",
  // A deadlock or a serialisation failure: the server rolled one side back, and a repetition goes through.
  "40P01",
  "40001",
  "57P01",
  "57P02",
  "57P03",
  "08000",
  "08001",
  "08003",
  "08006",
]);

const CONNECTION_MESSAGES =
  /Can't reach database server|Connection terminated|connection timeout|Server has closed the connection|the database system is (starting up|shutting down|in recovery)|terminating connection|ConnectionClosed|DatabaseNotReachable|Unable to start a transaction|deadlock detected|could not serialize access/i;

/** `disk_full` and its kin (SQLSTATE 53100): the server is there, its disk has no room. */
export const isStorageFull = (error: unknown): boolean =>
  causesOf(error).some(
    ({ code, message }) =>
      code === "53100" || (typeof message === "string" && /No space left on device/i.test(message)),
  );

/** Whether an error means that PostgreSQL is away: worth a 503 or a retry, and no fault of the statement. */
export const isDatabaseAway = (error: unknown): boolean =>
  causesOf(error).some(
    ({ code, message }) =>
      (typeof code === "string" && CONNECTION_CODES.has(code)) ||
      (typeof message === "string" && CONNECTION_MESSAGES.test(message)),
  );

interface Cause {
  code?: unknown;
  message?: unknown;
}

/**
 * The error and what it wraps: Prisma keeps its adapter's error in `meta`, and that has in `cause` what the server said,
 * as an object which is no Error.
 */
const causesOf = (error: unknown): Cause[] => {
  const causes: Cause[] = [];
  let current = error;
  while (typeof current === "object" && current !== null && causes.length < 5) {
    causes.push(current);
    const { meta, cause } = current as {
      meta?: { driverAdapterError?: unknown };
      cause?: unknown;
    };
    current = meta?.driverAdapterError ?? cause;
  }
  return causes;
};

/** Whether a query is answered now. */
export const databaseIsReady = async (database: Database): Promise<boolean> => {
  try {
    await database.prisma.$queryRaw`SELECT 1`;
    return true;
  } catch (error) {
    if (isDatabaseAway(error)) return false;
    throw error;
  }
};
