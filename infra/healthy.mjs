/**
 * The images' health check: ends with status 0 when the service works.
 *
 *   node infra/healthy.mjs api      the API answers and reaches its database
 *   node infra/healthy.mjs worker   this host's worker sent a heartbeat within a lease
 */
import { hostname } from "node:os";

/** The lease of docs/ARCHITECTURE.md: a worker silent for longer has lost its runs. */
const leaseMs = Number(process.env.PCLAB_LEASE_MS ?? 15_000);

async function apiIsHealthy() {
  const url = `http://127.0.0.1:${process.env.PCLAB_PORT ?? 8080}/readyz`;
  return (await fetch(url, { signal: AbortSignal.timeout(4_000) })).ok;
}

async function workerIsHealthy() {
  const { default: pg } = await import("pg");
  const client = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    connectionTimeoutMillis: 4_000,
  });
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `SELECT 1 FROM workers WHERE host = $1 AND stopped_at IS NULL
         AND heartbeat_at > now() - $2::float8 * interval '1 millisecond'`,
      [hostname(), leaseMs],
    );
    return rowCount > 0;
  } finally {
    await client.end();
  }
}

const checks = { api: apiIsHealthy, worker: workerIsHealthy };
const check = checks[process.argv[2]];
if (check === undefined) {
  process.stderr.write(`usage: healthy.mjs ${Object.keys(checks).join("|")}\n`);
  process.exitCode = 2;
} else {
  try {
    process.exitCode = (await check()) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
