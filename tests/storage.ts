/** A database of the test's own with one user, and the few steps that every test of a repository begins with. */
import { type ExperimentSpec, parseSpec } from "@pclab/core";
import {
  type ClaimedRun,
  type QueuedWork,
  type Database,
  type RunRow,
  type SweepRow,
  claimRun,
  firstOfGroup,
  findOrCreateUser,
  findRun,
  openDatabase,
  readLine,
  recordFirstStep,
  storeSweep,
} from "@pclab/storage";
import { type TestDatabase, createTestDatabase } from "./database.js";

export const LEASE_MS = 60_000;

export const anySpec = (wire: Record<string, unknown> = {}): ExperimentSpec => {
  const parsed = parseSpec({ algorithm: "bp", width: 4, depth: 1, ...wire });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};

export class TestStorage {
  readonly database: Database;
  readonly userId: string;
  readonly url: string;
  readonly #testDatabase: TestDatabase;

  private constructor(testDatabase: TestDatabase, database: Database, userId: string) {
    this.#testDatabase = testDatabase;
    this.url = testDatabase.url;
    this.database = database;
    this.userId = userId;
  }

  static async open(): Promise<TestStorage> {
    const testDatabase = await createTestDatabase();
    // Twenty claims at once are to be twenty connections.
    const database = openDatabase({ url: testDatabase.url, poolSize: 20 });
    const { id } = await findOrCreateUser(database, "ada");
    return new TestStorage(testDatabase, database, id);
  }

  async submit(specs: readonly ExperimentSpec[]): Promise<{ sweep: SweepRow; runIds: string[] }> {
    const sweep = { userId: this.userId, name: "a sweep", request: { runs: [] }, runs: specs };
    const result = await storeSweep(this.database, sweep, null);
    if (!("stored" in result)) throw new Error("a sweep without a key was replayed");
    const runs = await this.database.prisma.run.findMany({
      where: { sweepId: result.stored.id },
      orderBy: { indexInSweep: "asc" },
    });
    return { sweep: result.stored, runIds: runs.map(({ id }) => id) };
  }

  async queued(): Promise<string> {
    const { runIds } = await this.submit([anySpec()]);
    return runIds[0];
  }

  /** Claims a queued run under its present epoch. */
  async claim(
    runId: string,
    options: { leaseMs?: number; slots?: number } = {},
  ): Promise<ClaimedRun> {
    const { epoch } = await this.run(runId);
    const claimed = await claimRun(this.database, {
      runId,
      epoch,
      workerId: "wrk_test",
      host: "here",
      slots: 1,
      leaseMs: LEASE_MS,
      ...options,
    });
    if (claimed === null) throw new Error(`${runId} could not be claimed`);
    return claimed;
  }

  async starting(): Promise<ClaimedRun> {
    return this.claim(await this.queued());
  }

  async running(): Promise<ClaimedRun> {
    const claimed = await this.starting();
    await recordFirstStep(this.database, fenceOf(claimed), {
      engine: "reference",
      manifest: {},
      numericsChanged: false,
    });
    return claimed;
  }

  async run(id: string): Promise<RunRow> {
    const run = await findRun(this.database, { userId: this.userId, id });
    if (run === null) throw new Error(`no run ${id}`);
    return run;
  }

  /** Lets the leases of every live run run out, by the database's clock. */
  async endLeases(): Promise<void> {
    await this.database.prisma.$executeRaw`
      UPDATE runs SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL`;
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.#testDatabase.drop();
  }
}

/** What waits and may be handed out, group by group in the order of their age. */
export const waitingWork = async (database: Database): Promise<QueuedWork[]> => {
  const { groups } = await readLine(database, { largestWorker: 1 });
  const byAge = [...groups].sort((a, b) => a.queuedAt - b.queuedAt || (a.id < b.id ? -1 : 1));
  const works = await Promise.all(byAge.map((group) => firstOfGroup(database, group, 100)));
  return works.flat();
};

export const fenceOf = ({ id, epoch }: ClaimedRun): { runId: string; epoch: number } => ({
  runId: id,
  epoch,
});
