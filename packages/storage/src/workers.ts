/** Workers: who is there, with how many slots, on what engines. Slots in use are counted from rows, never kept. */
import type { Database } from "./database.js";

export interface NewWorker {
  id: string;
  host: string;
  pid: number;
  slots: number;
  /** Engine names this worker can start, best first. */
  engines: string[];
  version: string;
}

export const registerWorker = async ({ prisma }: Database, worker: NewWorker): Promise<void> => {
  await prisma.worker.create({ data: worker });
};

export const beatWorker = async (
  { prisma }: Database,
  id: string,
  { draining }: { draining: boolean },
): Promise<void> => {
  await prisma.$executeRaw`
    UPDATE workers SET heartbeat_at = now(), draining = ${draining} WHERE id = ${id}`;
};

export const retireWorker = async ({ prisma }: Database, id: string): Promise<void> => {
  await prisma.$executeRaw`UPDATE workers SET stopped_at = now(), draining = true WHERE id = ${id}`;
};

export interface Capacity {
  workers: number;
  slots: number;
  busySlots: number;
}

/** Workers heard of within `leaseMs` that take runs, their slots, and those of them that live runs and analyses hold. */
export const capacity = async ({ prisma }: Database, leaseMs: number): Promise<Capacity> => {
  const [row] = await prisma.$queryRaw<{ workers: number; slots: number; busy: number }[]>`
    WITH present AS (
      SELECT id, slots FROM workers
      WHERE stopped_at IS NULL AND NOT draining
        AND heartbeat_at > now() - ${leaseMs}::float8 * interval '1 millisecond')
    SELECT count(*)::int AS workers, COALESCE(sum(slots), 0)::int AS slots,
      (SELECT COALESCE(sum(runs.slots), 0)::int FROM runs JOIN present ON present.id = runs.worker_id
       WHERE runs.lease_until IS NOT NULL)
      + (SELECT count(*)::int FROM analyses JOIN present ON present.id = analyses.worker_id
         WHERE analyses.lease_until IS NOT NULL) AS busy
    FROM present`;
  return { workers: row?.workers ?? 0, slots: row?.slots ?? 0, busySlots: row?.busy ?? 0 };
};
