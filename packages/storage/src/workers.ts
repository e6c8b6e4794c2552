/** Workers: who is there, with how many slots, on what engines. Slots in use are counted from rows, never kept. */
import type { Database } from "./database.js";
import type { Worker } from "./generated/prisma/client.js";

/** A worker's GPU, as it is stored: `memoryBytes` and `index` are null where its driver does not tell them. */
export interface WorkerGpu {
  name: string;
  driver: string;
  memoryBytes: number | null;
  index: number | null;
}

export interface NewWorker {
  id: string;
  host: string;
  pid: number;
  slots: number;
  /** Engine names this worker can start, best first. */
  engines: string[];
  /** Left out without one. */
  gpu?: WorkerGpu;
  version: string;
}

export const registerWorker = async ({ prisma }: Database, worker: NewWorker): Promise<void> => {
  const { gpu, ...rest } = worker;
  await prisma.worker.create({ data: gpu === undefined ? rest : { ...rest, gpu: { ...gpu } } });
};

/** Answers whether an operator has asked the worker to take nothing further. */
export const beatWorker = async (
  { prisma }: Database,
  id: string,
  { draining }: { draining: boolean },
): Promise<{ drainRequested: boolean }> => {
  const [worker] = await prisma.$queryRaw<{ drainRequested: boolean }[]>`
    UPDATE workers SET heartbeat_at = now(), draining = ${draining} OR drain_requested_at IS NOT NULL
    WHERE id = ${id} RETURNING drain_requested_at IS NOT NULL AS "drainRequested"`;
  return worker ?? { drainRequested: false };
};

export const retireWorker = async ({ prisma }: Database, id: string): Promise<void> => {
  await prisma.$executeRaw`UPDATE workers SET stopped_at = now(), draining = true WHERE id = ${id}`;
};

export interface Capacity {
  workers: number;
  slots: number;
  /** Of the largest worker: what a run that wants one for itself takes. */
  largestWorker: number;
  busySlots: number;
}

/** Workers heard of within `leaseMs` that take runs, their slots, and those of them that live runs and analyses hold. */
export const capacity = async ({ prisma }: Database, leaseMs: number): Promise<Capacity> => {
  const [row] = await prisma.$queryRaw<
    { workers: number; slots: number; largest: number; busy: number }[]
  >`
    WITH present AS (
      SELECT id, slots FROM workers
      WHERE stopped_at IS NULL AND NOT draining
        AND heartbeat_at > now() - ${leaseMs}::float8 * interval '1 millisecond')
    SELECT count(*)::int AS workers, COALESCE(sum(slots), 0)::int AS slots, COALESCE(max(slots), 0)::int AS largest,
      (SELECT COALESCE(sum(runs.slots), 0)::int FROM runs JOIN present ON present.id = runs.worker_id
       WHERE runs.lease_until IS NOT NULL)
      + (SELECT count(*)::int FROM analyses JOIN present ON present.id = analyses.worker_id
         WHERE analyses.lease_until IS NOT NULL) AS busy
    FROM present`;
  const { workers = 0, slots = 0, largest = 0, busy = 0 } = row ?? {};
  return { workers, slots, largestWorker: largest, busySlots: busy };
};

export type WorkerRow = Omit<Worker, "gpu"> & { gpu: WorkerGpu | null; busySlots: number };

/** Of the last day, the latest heard of first, with the slots that live work holds. */
export const listWorkers = async ({ prisma }: Database): Promise<WorkerRow[]> => {
  const workers = await prisma.worker.findMany({
    where: { heartbeatAt: { gt: new Date(Date.now() - 24 * 3_600_000) } },
    orderBy: [{ heartbeatAt: "desc" }],
    take: 500,
  });
  const busy = await prisma.$queryRaw<{ id: string; slots: number }[]>`
    SELECT worker_id AS id, sum(slots)::int AS slots FROM (
      SELECT worker_id, slots FROM runs WHERE lease_until IS NOT NULL
      UNION ALL SELECT worker_id, 1 FROM analyses WHERE lease_until IS NOT NULL) AS held GROUP BY worker_id`;
  const slotsOf = new Map(busy.map(({ id, slots }) => [id, slots]));
  return workers.map(({ gpu, ...worker }) => ({
    ...worker,
    gpu: gpu as WorkerGpu | null,
    busySlots: slotsOf.get(worker.id) ?? 0,
  }));
};

/** Asks a worker to take nothing further, or to take work again. Null when there is none that runs. */
export const requestDrain = async (
  database: Database,
  id: string,
  wanted: boolean,
): Promise<{ worker: WorkerRow; changed: boolean } | null> => {
  const changed = await database.prisma.worker.updateMany({
    where: { id, stoppedAt: null, drainRequestedAt: wanted ? null : { not: null } },
    // The worker says so itself at its next beat.
    data: { drainRequestedAt: wanted ? new Date() : null, draining: wanted },
  });
  const worker = (await listWorkers(database)).find((one) => one.id === id);
  if (worker === undefined || worker.stoppedAt !== null) return null;
  return { worker, changed: changed.count > 0 };
};
