/**
 * Searches go on: a rung that all have come to decides, and a search whose runs have all ended makes its next ones. The
 * dispatcher does it, one process at a time; should two do it, the rows' locks keep the second from doing it again.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type Halving,
  decideRung,
  generationFrom,
  generationOf,
  proposeGeneration,
  readSubmission,
  readSweepSearch,
} from "@pclab/core";
import {
  type Database,
  type NewRuns,
  type RungSnapshot,
  type SearchSnapshot,
  decideWaitingRung,
  isDatabaseAway,
  makeSearchedRuns,
  rungsToDecide,
  sweepsThatWantRuns,
} from "@pclab/storage";
import type { Logger } from "pino";
import { openRunForecast } from "../forecast.js";
import { definedOnly } from "../http/definedOnly.js";

export interface SearchOptions {
  database: Database;
  logger: Logger;
  /** Sweeps whose search could not go on and was told of: each is told of once. */
  told: Set<string>;
  /** Ends what is under way; it leaves nothing behind. */
  signal?: AbortSignal;
}

/** A search that cannot go on leaves the others be. It may take long. @throws when PostgreSQL is away */
export const advanceSearches = async (options: SearchOptions): Promise<void> => {
  const { database } = options;
  for (const { sweepId } of await rungsToDecide(database)) {
    await goOn(options, sweepId, () => decide(options, sweepId));
  }
  for (const sweepId of await sweepsThatWantRuns(database)) {
    await goOn(options, sweepId, () => make(options, sweepId));
  }
};

const goOn = async (
  { logger, told, signal }: SearchOptions,
  sweepId: string,
  work: () => Promise<void>,
): Promise<void> => {
  if (isAborted(signal)) return;
  try {
    await work();
    told.delete(sweepId);
  } catch (error) {
    if (isAborted(signal)) return;
    if (isDatabaseAway(error)) throw error;
    if (!told.has(sweepId)) logger.error({ err: error, sweep: sweepId }, "a search cannot go on");
    told.add(sweepId);
  }
};

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;

const decide = async ({ database, logger }: SearchOptions, sweepId: string): Promise<void> => {
  const decided = await decideWaitingRung(database, sweepId, {
    halvingOf,
    decide: ({ request, halving, entries }: RungSnapshot) => {
      const { tpe } = readSweepSearch(request);
      return decideRung(
        halving,
        entries.map((entry) => ({
          ...entry,
          // Runs that were all submitted are one generation.
          generation: tpe === null ? 0 : generationOf(entry.index, tpe),
        })),
      );
    },
  });
  if (decided === null) return;
  const { rung, promoted, pruned } = decided;
  logger.info(
    { sweep: sweepId, rung, promoted: promoted.length, pruned: pruned.length },
    "a rung decided",
  );
};

const halvingOf = (request: unknown): Halving => {
  const { halving } = readSweepSearch(request);
  if (halving === null) throw new Error("runs wait at a rung of a sweep that stops none early");
  return halving;
};

const make = async (options: SearchOptions, sweepId: string): Promise<void> => {
  const { database, logger } = options;
  const made = await makeSearchedRuns(database, sweepId, {
    sizeOf: ({ request, made: first }) => {
      const { tpe } = readSweepSearch(request);
      return tpe === null ? 0 : generationFrom(first, tpe).length;
    },
    propose: ({ request, ...history }) => newRuns(options, request, history),
  });
  if (made !== null) logger.info({ sweep: sweepId, runs: made }, "a search made its next runs");
};

const newRuns = async (
  { database, signal }: SearchOptions,
  request: unknown,
  history: Omit<SearchSnapshot, "request">,
): Promise<NewRuns | null> => {
  const steps = proposeGeneration(request, history);
  let step = steps.next();
  while (step.done !== true) {
    // Requests are answered between two proposals.
    await nextTurn(undefined, definedOnly({ signal }));
    step = steps.next();
  }
  const proposed = step.value;
  if (proposed === null) return null;
  const { halving } = readSweepSearch(request);
  const { on_duplicate } = readSubmission(request);
  const secondsOf = await openRunForecast(database);
  return {
    runs: proposed.map(({ spec }) => spec),
    points: proposed.map(({ point }) => point),
    runSeconds: proposed.map(({ spec }) => secondsOf(spec, halving)),
    stopAfterEpochs: halving?.minEpochs ?? null,
    ...definedOnly({ onDuplicate: on_duplicate }),
  };
};
