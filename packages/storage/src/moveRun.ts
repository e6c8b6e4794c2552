/** The one place where a run's state is written: by the state table of core, under the row's lock. */
import {
  type RunEvent,
  type RunReason,
  type RunState,
  allowedActions,
  isTerminal,
  transition,
} from "@pclab/core";
import type { Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";

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
export const moveRun = async (
  transaction: Transaction,
  runId: string,
  event: RunEvent,
  { reason = null, reasonDetail = null }: MoveDetails = {},
): Promise<RunState> => {
  const [run] = await transaction.$queryRaw<{ state: RunState }[]>`
    SELECT state FROM runs WHERE id = ${runId} FOR NO KEY UPDATE`;
  if (run === undefined) throw new Error(`moveRun: no run ${runId}`);
  const to = transition(run.state, event);
  if (to === null) throw new StateConflictError(run.state, event);
  const keepsLease =
    to === "running" || to === "pausing" || to === "canceling" || to === "starting";
  await transaction.$executeRaw`
    UPDATE runs SET
      state = ${to},
      reason = ${reason},
      reason_detail = ${reasonDetail},
      version = version + 1,
      dispatched_at = NULL,
      epoch = epoch + ${keepsLease ? 0 : 1}::int,
      ${keepsLease ? Prisma.empty : Prisma.sql`lease_until = NULL, worker_id = NULL, seconds_left = NULL,`}
      finished_at = ${isTerminal(to) ? Prisma.sql`now()` : Prisma.sql`NULL`}
    WHERE id = ${runId}`;
  return to;
};
