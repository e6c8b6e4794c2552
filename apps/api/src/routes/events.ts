/** What happened, as it happens: Server-Sent Events, or a page of JSON for whoever asks for that. */
import { type RunEventBody, runEventSchema } from "@pclab/contracts";
import { isTerminal } from "@pclab/core";
import {
  type RunEventRow,
  type RunRow,
  hasSweepEventsAfter,
  listRunEvents,
  listSweepEvents,
} from "@pclab/storage";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { parseRunCursor, parseSweepCursor, printSweepCursor } from "../events/cursors.js";
import { type StreamEvent, type StreamSource, sendEvents } from "../events/eventStream.js";
import { runOr404, sweepOr404 } from "../findOr404.js";
import { readerOf } from "../http/authentication.js";
import { viewProgress } from "../views/runView.js";
import { viewSweep } from "../views/sweepView.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

const query = z.strictObject({
  after: z
    .string()
    .max(120)
    .optional()
    .meta({ description: "the id of the last event that was read; `Last-Event-ID` says the same" }),
  limit: z.coerce.number().int().min(1).max(1000).default(200).meta({ description: "of a page" }),
});

/** Events read at once for a stream. */
const BATCH = 500;

const DESCRIPTION =
  "Server-Sent Events `state`, `metric`, `log`, `checkpoint`, each with an id; `progress` without; and `end`. With " +
  "`Accept: application/json` a page of those that are stored.";

const response = {
  200: z.object({ data: z.array(runEventSchema) }),
  ...errorResponses(401, 403, 404, 422, 429, 503),
};

export const eventRoutes =
  ({ database, news }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/runs/:id/events",
      {
        schema: {
          summary: "What happened to a run, as it happens",
          description: DESCRIPTION,
          tags: ["events"],
          params: idParams,
          querystring: query,
          response,
        },
      },
      async (request, reply) => {
        const reader = readerOf(request);
        const run = await runOr404(database, reader, request.params.id);
        const after = parseRunCursor(placeOf(request, request.query.after));
        if (wantsJson(request)) {
          const { limit } = request.query;
          const rows = await listRunEvents(database, run.id, { after, limit });
          return { data: rows.map((row) => viewEvent(row, String(row.sequence))) };
        }
        let last = after;
        const tellProgress = progressTeller();
        const source: StreamSource = {
          id: run.id,
          read: async () => {
            // The run is read first: once it is terminal, its last event is stored.
            const now = await runOr404(database, reader, run.id);
            const rows = await listRunEvents(database, run.id, { after: last, limit: BATCH });
            last = rows.at(-1)?.sequence ?? last;
            return {
              events: [...rows.map(streamed), ...tellProgress(now)],
              isOver: isTerminal(now.state) && rows.length < BATCH,
            };
          },
        };
        return sendEvents(request, reply, news, source);
      },
    );

    app.get(
      "/v1/sweeps/:id/events",
      {
        schema: {
          summary: "What happened to the runs of a sweep, as it happens",
          description: DESCRIPTION,
          tags: ["events"],
          params: idParams,
          querystring: query,
          response,
        },
      },
      async (request, reply) => {
        const reader = readerOf(request);
        const { id } = await sweepOr404(database, reader, request.params.id);
        const after = parseSweepCursor(placeOf(request, request.query.after));
        if (wantsJson(request)) {
          const { limit } = request.query;
          const rows = await listSweepEvents(database, id, { after, limit });
          return { data: rows.map((row) => viewEvent(row, printSweepCursor(row.cursor))) };
        }
        let last = after;
        let told = "";
        const source: StreamSource = {
          id,
          read: async () => {
            const body = viewSweep(await sweepOr404(database, reader, id));
            const rows = await listSweepEvents(database, id, { after: last, limit: BATCH });
            last = rows.at(-1)?.cursor ?? last;
            const { state, counts, analyses } = body;
            const progress = { sweep_id: id, state, counts, analyses };
            const isNew = JSON.stringify(progress) !== told;
            told = JSON.stringify(progress);
            return {
              events: [
                ...rows.map((row) => ({ ...streamed(row), id: printSweepCursor(row.cursor) })),
                ...(isNew ? [{ id: null, type: "progress", data: progress }] : []),
              ],
              // The last may wait for a transaction that has nothing to do with it.
              isOver:
                body.poll_after_ms === null &&
                rows.length === 0 &&
                !(await hasSweepEventsAfter(database, id, last)),
            };
          },
        };
        return sendEvents(request, reply, news, source);
      },
    );
  };

const wantsJson = ({ headers }: FastifyRequest): boolean =>
  /^(application\/json|text\/plain)\b/.test(headers.accept?.trim() ?? "");

/** A reader that comes back sends the header of the standard; it knows better than its first request's query. */
const placeOf = ({ headers }: FastifyRequest, after: string | undefined): string | undefined => {
  const last = headers["last-event-id"];
  return typeof last === "string" && last !== "" ? last : after;
};

const viewEvent = (row: RunEventRow, id: string): RunEventBody => ({
  id,
  run_id: row.runId,
  type: row.type,
  data: row.data,
  created_at: row.createdAt.toISOString(),
});

const streamed = (row: RunEventRow): StreamEvent => ({
  id: String(row.sequence),
  type: row.type,
  data: { run_id: row.runId, at: row.createdAt.toISOString(), ...row.data },
});

/** Progress is told where it has moved. */
const progressTeller = (): ((run: RunRow) => StreamEvent[]) => {
  let told = -1;
  return (run) => {
    if (run.weightUpdates === told) return [];
    told = run.weightUpdates;
    return [{ id: null, type: "progress", data: { run_id: run.id, ...viewProgress(run) } }];
  };
};
