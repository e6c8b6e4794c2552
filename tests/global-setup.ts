import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { migrate } from "../packages/storage/src/migrate/migrate.js";
import { type LocalPostgres, startPostgres } from "../scripts/src/local/postgres.js";
import { type LocalRedis, startRedis } from "../scripts/src/local/redis.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A migrated database that nothing else connects to: createTestDatabase clones it. */
    templateDatabaseUrl: string;
    /** Null where neither valkey-server nor redis-server is installed. */
    redisUrl: string | null;
  }
}

/**
 * One PostgreSQL and, where this machine has it, one Redis for the whole run, in a folder that goes with them. With
 * CI=true a missing Redis is an error: there, a suite that is skipped is one that nobody runs.
 */
export default async function startServices(project: TestProject): Promise<() => Promise<void>> {
  const home = await mkdtemp(join(tmpdir(), "pclab-test-"));
  // PostgreSQL may run as another user, which has to get through.
  await chmod(home, 0o711);
  let postgres: LocalPostgres | undefined;
  let redis: LocalRedis | null = null;
  const stop = async (): Promise<void> => {
    await Promise.all([postgres?.stop(), redis?.stop()]);
    await rm(home, { recursive: true, force: true });
  };
  try {
    postgres = await startPostgres({ home, durable: false });
    redis = await startRedis({ home });
    if (redis === null && process.env["CI"] === "true") {
      throw new Error("CI runs the queue's suite on Redis too: install redis-server");
    }
    await migrate(await createTemplate(postgres.url));
    project.provide("templateDatabaseUrl", templateUrl(postgres.url));
    project.provide("redisUrl", redis?.url ?? null);
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

const templateName = "pclab_template";

function templateUrl(url: string): string {
  return Object.assign(new URL(url), { pathname: `/${templateName}` }).href;
}

async function createTemplate(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`CREATE DATABASE ${templateName}`);
  await client.end();
  return templateUrl(url);
}
