/** Runs as they are first stored: by a submission, or by the search of a sweep. */
import {
  type ExperimentSpec,
  type OnDuplicate,
  type Point,
  printRunName,
  printSpec,
  totalWeightUpdates,
} from "@pclab/core";
import type { Transaction } from "./database.js";
import { type Duplicate, originalOf, specSha256, takeResultsOver } from "./duplicates.js";
import type { Sweep } from "./generated/prisma/client.js";
import { newId } from "./ids.js";
import { tellOfRuns } from "./webhookMessages.js";

/** Runs a user may have in the queue. */
export const MAX_QUEUED_RUNS_PER_USER = 100_000;

export class QueuedRunsQuotaError extends Error {
  constructor(queued: number, added: number) {
    super(
      `${queued} of your runs are queued and the sweep has ${added}; ` +
        `at most ${MAX_QUEUED_RUNS_PER_USER} may be queued at once`,
    );
    this.name = "QueuedRunsQuotaError";
  }
}

/** @throws QueuedRunsQuotaError */
export const refuseOverQuota = async (
  transaction: Transaction,
  { userId, runs }: { userId: string; runs: { readonly length: number } },
): Promise<void> => {
  const queued = await transaction.run.count({ where: { userId, state: "queued" } });
  if (queued + runs.length > MAX_QUEUED_RUNS_PER_USER)
    throw new QueuedRunsQuotaError(queued, runs.length);
};

/** Runs for a sweep, in its order. */
export interface NewRuns {
  runs: readonly ExperimentSpec[];
  /** Of each run on one slot, to its end or its first rung; null where there is no forecast. */
  runSeconds?: readonly number[];
  /** What to do about runs whose spec was submitted before. */
  onDuplicate?: OnDuplicate;
  /** Of each run where its search found it. */
  points?: readonly Point[];
  /** Epochs of their first rung; null where none compares them. */
  stopAfterEpochs?: number | null;
}

/** One statement for all runs: 10,000 rows by createMany take seconds. Answers their ids, in their order. */
export const insertRuns = async (
  transaction: Transaction,
  { id, userId, tags }: Pick<Sweep, "id" | "userId" | "tags">,
  { runs, runSeconds = [], points = [], stopAfterEpochs = null }: NewRuns,
  { duplicates, firstIndex }: { duplicates: readonly (Duplicate | null)[]; firstIndex: number },
): Promise<string[]> => {
  const ids = runs.map(() => newId("run"));
  const names = runs.map(printRunName);
  const wires = runs.map((spec) => JSON.stringify(printSpec(spec)));
  const totals = runs.map(totalWeightUpdates);
  const originals = duplicates.map((one) => originalOf(one, ids));
  const places = runs.map((_, index) =>
    points[index] === undefined ? null : JSON.stringify(points[index]),
  );
  await transaction.$executeRaw`
    INSERT INTO runs (id, sweep_id, user_id, index_in_sweep, name, spec, total_weight_updates, exclusive,
      estimated_seconds, spec_sha256, duplicate_of, tags, stop_after_epochs, search_point)
    SELECT new.id, ${id}, ${userId}, (new.position - 1)::int + ${firstIndex}::int, new.name, new.spec::jsonb, new.total,
      new.exclusive, new.seconds, new.sha256, new.original, ${tags}::text[], ${stopAfterEpochs}::int, new.place::jsonb
    FROM unnest(${ids}::text[], ${names}::text[], ${wires}::text[], ${totals}::int[],
      ${runs.map(({ timing }) => timing === "exclusive")}::boolean[],
      ${runs.map((_, index) => runSeconds[index] ?? null)}::float8[],
      ${runs.map(specSha256)}::bytea[], ${originals}::text[], ${places}::text[])
      WITH ORDINALITY AS new(id, name, spec, total, exclusive, seconds, sha256, original, place, position)`;
  const reused = ids.filter((_, index) => duplicates[index]?.isReused === true);
  if (reused.length > 0) {
    await takeResultsOver(transaction, reused);
    await tellOfRuns(transaction, reused);
  }
  return ids;
};
