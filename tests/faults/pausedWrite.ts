/** Holds one write to a table inside its transaction, so that a test can strike in the middle of it. */
import type { Database } from "@pclab/storage";

/** Longer than it takes to see the pause and strike. The transaction, and its locks, end with it. */
const PAUSE_SECONDS = 1.5;

/** The `nth` row that is inserted into the table from now on takes its time; the others do not. */
export const pauseInsert = async (
  { prisma }: Database,
  { table, nth }: { table: string; nth: number },
): Promise<void> => {
  await prisma.$executeRawUnsafe(`CREATE SEQUENCE fault_${table}`);
  await prisma.$executeRawUnsafe(`
    CREATE FUNCTION fault_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF nextval('fault_${table}') = ${nth} THEN PERFORM pg_sleep(${PAUSE_SECONDS}); END IF;
      RETURN NEW;
    END $$`);
  await prisma.$executeRawUnsafe(`
    CREATE TRIGGER fault BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION fault_${table}()`);
};

/** Whether a write of this database is being held right now. */
export const writeIsPaused = async ({ prisma }: Database): Promise<boolean> => {
  const [row] = await prisma.$queryRaw<{ paused: number }[]>`
    SELECT count(*)::int AS paused FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'`;
  return row.paused > 0;
};
