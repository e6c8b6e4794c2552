/**
 * Searches go on: a rung that all have come to decides, and a search whose runs have all ended makes its next ones. The
 * dispatcher does it, one process at a time; should two do it, the rows' locks keep the second from doing it again.
 */
import {
  type Halving,
  decideRung,
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
}

/** A search that cannot go on leaves the others be. @throws when PostgreSQL is away */
export const advanceSearches = async (options: SearchOptions): Promise<void> => {
  const { database } = options;
  for (const { sweepId } of await rungsToDecide(database)) {
    await goOn(options, sweepId, () => decide(options, sweepId));
  }
  const wanting = await sweepsThatWantRuns(database);
  if (wanting.length === 0) return;
  const secondsOf = await openRunForecast(database);
  for (const sweepId of wanting) {
    await goOn(options, sweepId, () => make(options, sweepId, secondsOf));
  }
};

const goOn = async (
  { logger, told }: SearchOptions,
  sweepId: string,
  work: () => Promise<void>,
): Promise<void> => {
  try {
    await work();
    told.delete(sweepId);
  } catch (error) {
    if (isDatabaseAway(error)) throw error;
    if (!told.has(sweepId)) logger.error({ err: error, sweep: sweepId }, "a search cannot go on");
    told.add(sweepId);
  }
};

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

const make = async (
  { database, logger }: SearchOptions,
  sweepId: string,
  secondsOf: Awaited<ReturnType<typeof openRunForecast>>,
): Promise<void> => {
  const made = await makeSearchedRuns(database, sweepId, ({ request, ...history }) =>
    newRuns(request, history, secondsOf),
  );
  if (made !== null) logger.info({ sweep: sweepId, runs: made }, "a search made its next runs");
};

const newRuns = (
  request: unknown,
  history: Omit<SearchSnapshot, "request">,
  secondsOf: Awaited<ReturnType<typeof openRunForecast>>,
): NewRuns | null => {
  const proposed = proposeGeneration(request, history);
  if (proposed === null) return null;
  const { halving } = readSweepSearch(request);
  const { on_duplicate } = readSubmission(request);
  return {
    runs: proposed.map(({ spec }) => spec),
    points: proposed.map(({ point }) => point),
    runSeconds: proposed.map(({ spec }) => secondsOf(spec, halving)),
    stopAfterEpochs: halving?.minEpochs ?? null,
    ...definedOnly({ onDuplicate: on_duplicate }),
  };
};
