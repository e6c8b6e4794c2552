/**
 * A disk without room, as statements see it: PostgreSQL refuses rows of some tables with SQLSTATE 53100. Everything from
 * the server's answer on is what a disk that is full would cause.
 */
import type { Database } from "@pclab/storage";

/** All that an attempt, its heartbeat and its recovery write. */
export const WRITTEN_BY_RUNS = [
  "runs",
  "attempts",
  "run_events",
  "metrics",
  "checkpoints",
  "checkpoint_chunks",
  "workers",
];

export class FullDisk {
  readonly #prisma: Database["prisma"];

  private constructor({ prisma }: Database) {
    this.#prisma = prisma;
  }

  /** With room, until it is filled. Called once for a database. */
  static async in(database: Database, tables: readonly string[]): Promise<FullDisk> {
    const disk = new FullDisk(database);
    const { prisma } = database;
    await prisma.$executeRawUnsafe(`CREATE TABLE full_disk (is_full boolean NOT NULL)`);
    await prisma.$executeRawUnsafe(`INSERT INTO full_disk VALUES (false)`);
    await prisma.$executeRawUnsafe(`
      CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF (SELECT is_full FROM full_disk) THEN
          RAISE EXCEPTION 'could not extend file: wrote only 4096 of 8192 bytes' USING ERRCODE = '53100';
        END IF;
        RETURN NEW;
      END $$`);
    for (const table of tables) {
      await prisma.$executeRawUnsafe(`
        CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION full_disk()`);
    }
    return disk;
  }

  async fill(): Promise<void> {
    await this.#prisma.$executeRawUnsafe(`UPDATE full_disk SET is_full = true`);
  }

  async makeRoom(): Promise<void> {
    await this.#prisma.$executeRawUnsafe(`UPDATE full_disk SET is_full = false`);
  }
}
