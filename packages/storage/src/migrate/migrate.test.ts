import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { defaultMigrationsFolder, migrate } from "./migrate.js";

const repository = fileURLToPath(new URL("../../../..", import.meta.url));
const run = promisify(execFile);

let client: pg.Client;
let databaseUrl: string;
let folder: string;
let databaseCount = 0;

const onServer = async (sql: string): Promise<void> => {
  const server = new pg.Client({
    connectionString: Object.assign(new URL(inject("templateDatabaseUrl")), {
      pathname: "/postgres",
    }).href,
  });
  await server.connect();
  await server.query(sql);
  await server.end();
};

beforeEach(async () => {
  // An empty database: a clone of the template would be migrated already.
  const name = `migrate_${process.pid}_${(databaseCount += 1)}`;
  await onServer(`CREATE DATABASE ${name}`);
  databaseUrl = Object.assign(new URL(inject("templateDatabaseUrl")), {
    pathname: `/${name}`,
  }).href;
  client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  folder = await mkdtemp(join(tmpdir(), "pclab-migrations-"));
});

afterEach(async () => {
  await client.end();
  await onServer(`DROP DATABASE ${new URL(databaseUrl).pathname.slice(1)}`);
  await rm(folder, { recursive: true });
});

const addMigration = async (name: string, sql: string): Promise<void> => {
  await mkdir(join(folder, name));
  await writeFile(join(folder, name, "migration.sql"), sql);
};

const tables = async (): Promise<string[]> => {
  const { rows } = await client.query<{ name: string }>(
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY name",
  );
  return rows.map((row) => row.name);
};

describe("migrate", () => {
  test("applies what is pending in the order of the names, once", async () => {
    await addMigration("2_second", "ALTER TABLE first ADD COLUMN two INT");
    await addMigration("1_first", "CREATE TABLE first (one INT)");
    expect(await migrate(databaseUrl, { migrationsFolder: folder })).toEqual([
      "1_first",
      "2_second",
    ]);
    expect(await migrate(databaseUrl, { migrationsFolder: folder })).toEqual([]);
    await addMigration("3_third", "CREATE TABLE third ()");
    expect(await migrate(databaseUrl, { migrationsFolder: folder })).toEqual(["3_third"]);
  });

  test("refuses a migration that was changed after it was applied, and names it", async () => {
    await addMigration("1_first", "CREATE TABLE first ()");
    await migrate(databaseUrl, { migrationsFolder: folder });
    await appendFile(join(folder, "1_first", "migration.sql"), "-- changed");
    await expect(migrate(databaseUrl, { migrationsFolder: folder })).rejects.toMatchObject({
      code: "migration_changed",
      message: expect.stringContaining("1_first"),
    });
  });

  test("refuses a database that a newer version migrated", async () => {
    await addMigration("1_first", "CREATE TABLE first ()");
    await migrate(databaseUrl, { migrationsFolder: folder });
    await rm(join(folder, "1_first"), { recursive: true });
    await expect(migrate(databaseUrl, { migrationsFolder: folder })).rejects.toMatchObject({
      code: "migration_unknown",
    });
  });

  test("leaves nothing of a migration that fails half way, and goes on from it once it is mended", async () => {
    await addMigration("1_first", "CREATE TABLE first ()");
    await addMigration("2_second", "CREATE TABLE second (); SELECT 1 / 0");
    await expect(migrate(databaseUrl, { migrationsFolder: folder })).rejects.toMatchObject({
      code: "migration_failed",
      message: expect.stringContaining("division by zero"),
    });
    expect(await tables()).toEqual(["_prisma_migrations", "first"]);
    await writeFile(join(folder, "2_second", "migration.sql"), "CREATE TABLE second ()");
    expect(await migrate(databaseUrl, { migrationsFolder: folder })).toEqual(["2_second"]);
  });

  test("called several times at once applies each migration once", async () => {
    await addMigration("1_first", "CREATE TABLE first (); SELECT pg_sleep(0.2)");
    const applied = await Promise.all(
      [1, 2, 3].map(() => migrate(databaseUrl, { migrationsFolder: folder })),
    );
    expect(applied.flat()).toEqual(["1_first"]);
  });

  test("leaves a history that Prisma's own CLI calls up to date, and a schema equal to schema.prisma", async () => {
    await migrate(databaseUrl);
    const prisma = (...words: string[]) =>
      run(process.execPath, [join(repository, "node_modules/prisma/build/index.js"), ...words], {
        cwd: repository,
        env: { ...process.env, DATABASE_URL: databaseUrl },
      });
    const status = await prisma("migrate", "status");
    expect(status.stdout).toContain("Database schema is up to date!");
    await expect(
      prisma(
        "migrate",
        "diff",
        "--from-config-datasource",
        "--to-schema=prisma/schema.prisma",
        "--exit-code",
      ),
    ).resolves.toMatchObject({ stdout: expect.stringContaining("No difference detected") });
  });

  test("reads the repository's migrations with Prisma's checksums", async () => {
    await cp(defaultMigrationsFolder, folder, { recursive: true });
    await migrate(databaseUrl);
    expect(await migrate(databaseUrl, { migrationsFolder: folder })).toEqual([]);
  });
});
