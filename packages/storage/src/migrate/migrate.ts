import { createHash, randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";
import { MigrationError } from "./migrationError.js";

/** prisma/migrations of the repository; the path is the same from src/ and from dist/. */
export const defaultMigrationsFolder = fileURLToPath(
  new URL("../../../../prisma/migrations", import.meta.url),
);

/** The lock that Prisma's own engine takes, so that the two never run at once. */
const advisoryLockId = 72707369;

/** As Prisma's engine creates it. */
const createMigrationsTable = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
    id                  VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum            VARCHAR(64) NOT NULL,
    finished_at         TIMESTAMPTZ,
    migration_name      VARCHAR(255) NOT NULL,
    logs                TEXT,
    rolled_back_at      TIMESTAMPTZ,
    started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  name: string;
  sql: string;
  /** sha256 of the file's bytes, in hexadecimal, as Prisma computes it. */
  checksum: string;
}

interface AppliedRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
}

export interface MigrateOptions {
  migrationsFolder?: string;
  log?: (line: string) => void;
}

/**
 * Brings the database's schema up to the newest migration and returns the names applied now. The history is Prisma's own
 * table, so `prisma migrate status` agrees afterwards; unlike the Prisma CLI it needs no engine, which is why production
 * images and the launcher use it. Two callers at once take turns on an advisory lock.
 *
 * Each migration runs in one transaction with its history row: after a failure nothing of it remains. A statement that
 * PostgreSQL refuses inside a transaction (CREATE INDEX CONCURRENTLY) cannot stand in a migration.
 *
 * Throws MigrationError when the history and the folder disagree, or when a migration fails.
 */
export async function migrate(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<string[]> {
  const { migrationsFolder = defaultMigrationsFolder, log = () => undefined } = options;
  const migrations = await readMigrations(migrationsFolder);
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [advisoryLockId]);
    await client.query(createMigrationsTable);
    const pending = await findPending(client, migrations);
    for (const migration of pending) {
      await apply(client, migration);
      log(`migration ${migration.name} applied`);
    }
    return pending.map((migration) => migration.name);
  } finally {
    // The advisory lock ends with the session.
    await client.end();
  }
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(`${folder}/${name}/migration.sql`, "utf8");
      return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function findPending(client: pg.Client, migrations: Migration[]): Promise<Migration[]> {
  const { rows } = await client.query<AppliedRow>(
    "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
  );
  const applied = new Map(rows.map((row) => [row.migration_name, row]));
  for (const row of rows) {
    const migration = migrations.find((candidate) => candidate.name === row.migration_name);
    if (migration === undefined) {
      throw new MigrationError(
        "migration_unknown",
        `The database holds the migration ${row.migration_name}, which this version of the lab does not know. ` +
          "It was written by a newer version: start that one.",
      );
    }
    if (row.finished_at === null) {
      throw new MigrationError(
        "migration_unfinished",
        `The migration ${row.migration_name} was begun by Prisma and did not finish. ` +
          "Settle it with `npx prisma migrate resolve` first.",
      );
    }
    if (row.checksum !== migration.checksum) {
      throw new MigrationError(
        "migration_changed",
        `The migration ${row.migration_name} was changed after it was applied ` +
          `(sha256 ${row.checksum} then, ${migration.checksum} now). ` +
          "Restore its file, and put the change into a new migration.",
      );
    }
  }
  return migrations.filter((migration) => !applied.has(migration.name));
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  await client.query("BEGIN");
  try {
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, clock_timestamp(), 1)`,
      [randomUUID(), migration.checksum, migration.name],
    );
    await client.query("COMMIT");
  } catch (error) {
    await client.query("ROLLBACK");
    throw new MigrationError(
      "migration_failed",
      `The migration ${migration.name} failed and was rolled back: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
