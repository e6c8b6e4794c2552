/**
 * Runs whose spec was submitted before: the same canonical spec, with its defaults, seed, data set and engine, by the
 * same user. They are told, refused, or given the results of the run that was trained.
 */
import { createHash } from "node:crypto";
import { type ExperimentSpec, type OnDuplicate, canonicalJson, printSpec } from "@pclab/core";
import type { Transaction } from "./database.js";

export interface Duplicate {
  /** The run that was there before; null for one of the same sweep, at `index`. */
  runId: string | null;
  index: number | null;
  /** The run is not trained: it has the results of the other. */
  isReused: boolean;
}

/** A sweep that asks not to repeat anything repeats something. */
export class DuplicateRunsError extends Error {
  readonly duplicates: { index: number; runId: string }[];

  constructor(duplicates: { index: number; runId: string }[]) {
    super(
      `${duplicates.length} of the sweep's runs were submitted before, the first as ${duplicates[0]?.runId}`,
    );
    this.name = "DuplicateRunsError";
    this.duplicates = duplicates;
  }
}

export const specSha256 = (spec: ExperimentSpec): Uint8Array<ArrayBuffer> =>
  new Uint8Array(
    createHash("sha256")
      .update(canonicalJson(printSpec(spec)))
      .digest(),
  );

interface Earlier {
  id: string;
  spec_sha256: Uint8Array;
  succeeded: boolean;
}

/** For each run of the sweep what it repeats, or null. @throws DuplicateRunsError */
export const findDuplicates = async (
  transaction: Transaction,
  sweep: { userId: string; runs: readonly ExperimentSpec[]; onDuplicate?: OnDuplicate },
): Promise<(Duplicate | null)[]> => {
  const { userId, runs, onDuplicate = "run" } = sweep;
  const keys = runs.map((spec) => Buffer.from(specSha256(spec)).toString("hex"));
  const earlier = new Map(
    (await findEarlier(transaction, userId, runs)).map((run) => [
      Buffer.from(run.spec_sha256).toString("hex"),
      run,
    ]),
  );
  const duplicates = keys.map((key, index): Duplicate | null => {
    const before = earlier.get(key);
    if (before !== undefined) {
      const isReused = onDuplicate === "reuse" && before.succeeded;
      return { runId: before.id, index: null, isReused };
    }
    const first = keys.indexOf(key);
    return first === index ? null : { runId: null, index: first, isReused: false };
  });
  if (onDuplicate === "error") {
    const repeated = duplicates.flatMap((one, index) =>
      one?.runId == null ? [] : [{ index, runId: one.runId }],
    );
    if (repeated.length > 0) throw new DuplicateRunsError(repeated);
  }
  return duplicates;
};

/** Of several, one that has results comes first, then the oldest; one that ended without them is no original. */
const findEarlier = (
  transaction: Transaction,
  userId: string,
  runs: readonly ExperimentSpec[],
): Promise<Earlier[]> =>
  transaction.$queryRaw<Earlier[]>`
    SELECT DISTINCT ON (spec_sha256) COALESCE(results_of, id) AS id, spec_sha256, state = 'succeeded' AS succeeded
    FROM runs
    WHERE user_id = ${userId} AND spec_sha256 = ANY(${runs.map(specSha256)}::bytea[])
      AND deleted_at IS NULL AND state NOT IN ('failed', 'canceled', 'pruned')
    ORDER BY spec_sha256, (state = 'succeeded') DESC, id`;

/** The id of what a run repeats: of an earlier sweep, or of its own. */
export const originalOf = (duplicate: Duplicate | null, ids: readonly string[]): string | null =>
  duplicate === null
    ? null
    : (duplicate.runId ?? (duplicate.index === null ? null : (ids[duplicate.index] ?? null)));

/** What the originals measured is copied; their checkpoints, which are large, are looked up there. */
export const takeResultsOver = async (
  transaction: Transaction,
  runIds: readonly string[],
): Promise<void> => {
  await transaction.$executeRaw`
    UPDATE runs SET state = 'succeeded', results_of = runs.duplicate_of,
      started_at = original.started_at, finished_at = original.finished_at,
      engine = original.engine, manifest = original.manifest,
      progress_epoch = original.progress_epoch, weight_updates = original.weight_updates,
      total_weight_updates = original.total_weight_updates,
      train_loss = original.train_loss, train_accuracy = original.train_accuracy,
      validation_loss = original.validation_loss, validation_accuracy = original.validation_accuracy,
      test_loss = original.test_loss, test_accuracy = original.test_accuracy, train_seconds = original.train_seconds
    FROM runs AS original WHERE runs.id = ANY(${[...runIds]}::text[]) AND original.id = runs.duplicate_of`;
  await transaction.$executeRaw`
    INSERT INTO metrics (run_id, weight_update, name, layer, value)
    SELECT runs.id, metrics.weight_update, metrics.name, metrics.layer, metrics.value
    FROM runs JOIN metrics ON metrics.run_id = runs.results_of WHERE runs.id = ANY(${[...runIds]}::text[])`;
};
