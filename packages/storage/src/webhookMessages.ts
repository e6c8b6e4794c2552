/**
 * The outbox of webhooks: messages are rows, written in the transaction of what they tell of. It commits and they are
 * there, once; it is rolled back and they never were. Sending them is another matter (webhookDeliveries.ts).
 */
import {
  type AnalysisState,
  type RunReason,
  type RunState,
  type WebhookEvent,
  type WebhookMessageType,
  countRuns,
  isTerminalSweep,
  sweepStateOf,
} from "@pclab/core";
import type { Transaction } from "./database.js";
import { Prisma } from "./generated/prisma/client.js";
import { newId } from "./ids.js";
import { SHOWN_METRICS, type ShownMetric } from "./metrics.js";

interface NewMessage {
  webhookId: string;
  type: WebhookMessageType;
  /** When what it tells of happened. */
  at: Date;
  data: object;
}

/**
 * Answers the messages' ids, in their order. A webhook whose deletion is under way is waited for and gets none: the foreign
 * key would let the whole transaction fail, and with it what is told of. Whoever deletes a webhook holds nothing else that
 * is waited for here.
 */
export const storeMessages = async (
  transaction: Transaction,
  messages: readonly NewMessage[],
): Promise<string[]> => {
  const ids = messages.map(() => newId("msg"));
  if (messages.length === 0) return ids;
  const bodies = messages.map(({ type, at, data }) =>
    JSON.stringify({ type, timestamp: at.toISOString(), data }),
  );
  await transaction.$executeRaw`
    INSERT INTO webhook_deliveries (id, webhook_id, type, body)
    SELECT message.id, webhooks.id, message.type, message.body
    FROM unnest(${ids}::text[], ${messages.map(({ webhookId }) => webhookId)}::text[],
      ${messages.map(({ type }) => type)}::text[], ${bodies}::text[]) AS message (id, webhook_id, type, body)
    JOIN webhooks ON webhooks.id = message.webhook_id FOR KEY SHARE OF webhooks`;
  return ids;
};

/** Webhooks of an owner that want an event type of something with these tags, in this sweep. */
const wants = (type: Prisma.Sql, sweepId: Prisma.Sql, tags: Prisma.Sql): Prisma.Sql => Prisma.sql`
  webhooks.enabled AND ${type} = ANY(webhooks.events)
  AND (webhooks.sweep_id IS NULL OR webhooks.sweep_id = ${sweepId})
  AND (webhooks.tag IS NULL OR webhooks.tag = ANY(${tags}))`;

type EndedRun = {
  webhookId: string;
  id: string;
  sweepId: string;
  name: string;
  state: RunState;
  reason: RunReason | null;
  reasonDetail: string | null;
  attempt: number;
  tags: string[];
  startedAt: Date | null;
  finishedAt: Date;
} & Record<ShownMetric, number | null>;

/** Of runs that have ended in this transaction. */
export const tellOfRuns = async (
  transaction: Transaction,
  runIds: readonly string[],
): Promise<void> => {
  const rows = await transaction.$queryRaw<EndedRun[]>`
    SELECT webhooks.id AS "webhookId", runs.id, runs.sweep_id AS "sweepId", runs.name, runs.state, runs.reason,
      runs.reason_detail AS "reasonDetail", runs.attempt, runs.tags, runs.started_at AS "startedAt",
      runs.finished_at AS "finishedAt", ${Prisma.join(SHOWN_METRICS.map((name) => Prisma.raw(`runs.${name}`)))}
    FROM runs JOIN webhooks ON webhooks.user_id = runs.user_id
      AND ${wants(Prisma.sql`'run.' || runs.state`, Prisma.sql`runs.sweep_id`, Prisma.sql`runs.tags`)}
    WHERE runs.id = ANY(${[...runIds]}::text[]) ORDER BY runs.id`;
  await storeMessages(
    transaction,
    rows.map((run) => ({
      webhookId: run.webhookId,
      type: `run.${run.state}` as WebhookEvent,
      at: run.finishedAt,
      data: {
        id: run.id,
        sweep_id: run.sweepId,
        name: run.name,
        state: run.state,
        reason: run.reason,
        reason_detail: run.reasonDetail,
        attempt: run.attempt,
        tags: run.tags,
        metrics: Object.fromEntries(
          SHOWN_METRICS.flatMap((name) => (run[name] === null ? [] : [[name, run[name]]])),
        ),
        started_at: run.startedAt?.toISOString() ?? null,
        finished_at: run.finishedAt.toISOString(),
      },
    })),
  );
};

/**
 * Of a sweep, if it has ended: called by whoever ends runs of it, once all that it changes of the sweep is changed. Of
 * transactions that end the last runs side by side each would see the other's still going, so they take turns from here
 * to their commit. No transaction locks a run after it has taken its turn, so none can wait in a circle.
 */
export const tellOfSweep = async (transaction: Transaction, sweepId: string): Promise<void> => {
  const wanted = await transaction.$queryRaw<unknown[]>`
    SELECT 1 FROM webhooks JOIN sweeps ON sweeps.user_id = webhooks.user_id
    WHERE sweeps.id = ${sweepId} AND webhooks.enabled AND (webhooks.sweep_id IS NULL OR webhooks.sweep_id = sweeps.id)
      AND webhooks.events && ARRAY['sweep.completed', 'sweep.failed', 'sweep.canceled'] LIMIT 1`;
  if (wanted.length === 0) return;
  await transaction.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${sweepId}, 0))`;
  const groups = await transaction.$queryRaw<{ state: RunState; count: number }[]>`
    SELECT state, count(*)::int AS count FROM runs WHERE sweep_id = ${sweepId} AND deleted_at IS NULL GROUP BY state`;
  const sweep = await transaction.sweep.findUniqueOrThrow({ where: { id: sweepId } });
  const counts = countRuns(groups);
  const state = sweepStateOf(counts, sweep.cancelRequestedAt !== null, {
    makesRuns: sweep.plannedRuns !== null,
    isPaused: sweep.pausedAt !== null,
  });
  if (!isTerminalSweep(state)) return;
  const type = `sweep.${state}` as WebhookEvent;
  const webhooks = await transaction.$queryRaw<{ id: string }[]>`
    SELECT id FROM webhooks WHERE user_id = ${sweep.userId}
      AND ${wants(Prisma.sql`${type}::text`, Prisma.sql`${sweepId}::text`, Prisma.sql`${sweep.tags}::text[]`)}
    ORDER BY id`;
  const { id, name, tags, createdAt } = sweep;
  const data = { id, name, state, tags, counts, created_at: createdAt.toISOString() };
  const at = new Date();
  await storeMessages(
    transaction,
    webhooks.map((webhook) => ({ webhookId: webhook.id, type, at, data })),
  );
};

/** Of analyses that have ended in this transaction. */
export const tellOfAnalyses = async (
  transaction: Transaction,
  analysisIds: readonly string[],
): Promise<void> => {
  if (analysisIds.length === 0) return;
  const rows = await transaction.$queryRaw<
    {
      webhookId: string;
      id: string;
      runId: string;
      sweepId: string;
      kind: string;
      state: AnalysisState;
      reason: RunReason | null;
      reasonDetail: string | null;
      finishedAt: Date;
    }[]
  >`
    SELECT webhooks.id AS "webhookId", analyses.id, analyses.run_id AS "runId", runs.sweep_id AS "sweepId",
      analyses.kind, analyses.state, analyses.reason, analyses.reason_detail AS "reasonDetail",
      analyses.finished_at AS "finishedAt"
    FROM analyses JOIN runs ON runs.id = analyses.run_id JOIN webhooks ON webhooks.user_id = analyses.user_id
      AND ${wants(Prisma.sql`'analysis.' || analyses.state`, Prisma.sql`runs.sweep_id`, Prisma.sql`runs.tags`)}
    WHERE analyses.id = ANY(${[...analysisIds]}::text[]) ORDER BY analyses.id`;
  await storeMessages(
    transaction,
    rows.map(({ webhookId, runId, sweepId, reasonDetail, finishedAt, ...analysis }) => ({
      webhookId,
      type: `analysis.${analysis.state}` as WebhookEvent,
      at: finishedAt,
      data: {
        ...analysis,
        run_id: runId,
        sweep_id: sweepId,
        reason_detail: reasonDetail,
        finished_at: finishedAt.toISOString(),
      },
    })),
  );
};
