/** The one place where a run's state is written: by the state table of core, under the row's lock. */
import {
  type RunEvent,
  type RunReason,
  type RunState,
  allowedActions,
  isTerminal,
  statesThatAllow,
  transition,
} from "@pclab/core";
import type { Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { appendRunEvents, appendStateEvents } from "./runEvents.js";
import { tellOfRuns, tellOfSweep } from "./webhookMessages.js";

/** The state table has no such row; nothing was changed. */
export class StateConflictError extends Error {
  readonly state: RunState;
  readonly event: RunEvent;

  constructor(state: RunState, event: RunEvent) {
    const allowed = allowedActions(state);
    super(
      `a run that is ${state} cannot ${event.replaceAll("_", " ")}; ` +
        (allowed.length > 0 ? `allowed: ${allowed.join(", ")}` : "no action is allowed"),
    );
    this.name = "StateConflictError";
    this.state = state;
    this.event = event;
  }
}

export interface MoveDetails {
  reason?: RunReason | null;
  reasonDetail?: string | null;
}

/** Leaving the live states gives up the lease and raises the epoch, so that nothing the old holder writes can land. */
const changesTo = (
  to: RunState,
  { reason = null, reasonDetail = null }: MoveDetails,
): Prisma.Sql => {
  const keepsLease =
    to === "running" || to === "pausing" || to === "canceling" || to === "starting";
  return Prisma.sql`
    state = ${to},
    reason = ${reason},
    reason_detail = ${reasonDetail},
    version = version + 1,
    dispatched_at = NULL,
    preempt_requested_at = NULL,
    epoch = epoch + ${keepsLease ? 0 : 1}::int,
    ${keepsLease ? Prisma.empty : Prisma.sql`lease_until = NULL, worker_id = NULL, seconds_left = NULL,`}
    finished_at = ${isTerminal(to) ? Prisma.sql`now()` : Prisma.sql`NULL`}`;
};

export const moveRun = async (
  transaction: Transaction,
  runId: string,
  event: RunEvent,
  details: MoveDetails = {},
): Promise<RunState> => {
  const [run] = await transaction.$queryRaw<
    { state: RunState; attempt: number; sweepId: string }[]
  >`
    SELECT state, attempt, sweep_id AS "sweepId" FROM runs WHERE id = ${runId} FOR NO KEY UPDATE`;
  if (run === undefined) throw new Error(`moveRun: no run ${runId}`);
  const to = transition(run.state, event);
  if (to === null) throw new StateConflictError(run.state, event);
  await transaction.$executeRaw`UPDATE runs SET ${changesTo(to, details)} WHERE id = ${runId}`;
  const { reason = null, reasonDetail = null } = details;
  await appendRunEvents(transaction, runId, [
    {
      type: "state",
      data: { state: to, reason, reason_detail: reasonDetail, attempt: run.attempt },
    },
  ]);
  if (isTerminal(to)) {
    await tellOfRuns(transaction, [runId]);
    await tellOfSweep(transaction, run.sweepId);
  }
  return to;
};

/**
 * Moves every run of a sweep that can go, or those of them that are named, in a few statements however many they are;
 * answers which went. Whether the sweep has ended is for the caller to tell, who may change more of it.
 */
export const moveRunsOfSweep = async (
  transaction: Transaction,
  sweepId: string,
  event: RunEvent,
  {
    from,
    ids: named,
    ...details
  }: MoveDetails & { from?: readonly RunState[]; ids?: string[] } = {},
): Promise<string[]> => {
  const states = statesThatAllow(event).filter((state) => from?.includes(state) ?? true);
  // In the order of their ids, as the heartbeats of workers lock them: neither can deadlock the other.
  const locked = await transaction.$queryRaw<{ id: string; state: RunState }[]>`
    SELECT id, state FROM runs WHERE sweep_id = ${sweepId} AND state IN (${Prisma.join(states)})
      AND ${named === undefined ? Prisma.sql`true` : Prisma.sql`id = ANY(${named}::text[])`}
    ORDER BY id FOR NO KEY UPDATE`;
  for (const to of new Set(states.map((state) => transition(state, event)))) {
    if (to === null) continue;
    const ids = locked.filter(({ state }) => transition(state, event) === to).map(({ id }) => id);
    if (ids.length === 0) continue;
    await transaction.$executeRaw`
      UPDATE runs SET ${changesTo(to, details)} WHERE id = ANY(${ids}::text[])`;
    await appendStateEvents(transaction, ids, to);
    if (isTerminal(to)) await tellOfRuns(transaction, ids);
  }
  return locked.map(({ id }) => id);
};
