/** What hangs on a run: its metrics, attempts, manifest, checkpoints and log. */
import {
  attemptSchema,
  checkpointSchema,
  logLineSchema,
  manifestSchema,
  metricsSchema,
} from "@pclab/contracts";
import { METRICS, METRIC_NAMES, secondsTo90 } from "@pclab/core";
import { listAttempts, listCheckpoints, listMetrics, listRunEvents } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { runOr404 } from "../findOr404.js";
import { readerOf } from "../http/authentication.js";
import { viewCheckpoint } from "../views/checkpointView.js";
import { commaSeparated } from "./commaSeparated.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

export const runDetailRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/runs/:id/metrics",
      {
        schema: {
          summary: "Every measured value of a run",
          tags: ["runs"],
          params: idParams,
          querystring: z.strictObject({
            name: commaSeparated(z.enum(METRIC_NAMES as [string, ...string[]])).meta({
              description: "names, comma-separated; all without it",
            }),
          }),
          response: { 200: metricsSchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        const names = request.query.name as (keyof typeof METRICS)[] | undefined;
        const all = await listMetrics(database, { runId: run.id });
        const rows = names === undefined ? all : all.filter(({ name }) => names.includes(name));
        return {
          data: rows.map(({ weightUpdate, ...row }) => ({ weight_update: weightUpdate, ...row })),
          units: Object.fromEntries(
            (names ?? METRIC_NAMES).map((name) => [name, METRICS[name].unit]),
          ),
          derived: { seconds_to_90: secondsTo90(all) },
        };
      },
    );

    app.get(
      "/v1/runs/:id/attempts",
      {
        schema: {
          summary: "The attempts of a run: which worker, how each ended",
          tags: ["runs"],
          params: idParams,
          response: {
            200: z.object({ data: z.array(attemptSchema) }),
            ...errorResponses(401, 403, 404, 429, 503),
          },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        const attempts = await listAttempts(database, run.id);
        return {
          data: attempts.map((attempt) => ({
            number: attempt.number,
            worker_id: attempt.workerId,
            host: attempt.host,
            started_at: attempt.startedAt.toISOString(),
            ended_at: attempt.endedAt?.toISOString() ?? null,
            outcome: attempt.outcome,
            detail: attempt.detail,
            resumed_from_weight_update: attempt.resumedFrom,
            numerics_changed: attempt.numericsChanged,
          })),
        };
      },
    );

    app.get(
      "/v1/runs/:id/manifest",
      {
        schema: {
          summary:
            "What the run ran on: spec with defaults, seed, engine, versions, data set, host",
          tags: ["runs"],
          params: idParams,
          response: { 200: manifestSchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        if (run.manifest === null) {
          throw new ApiError("not_found", {
            detail: `run ${run.id} is ${run.state}; its manifest is written with its first training step`,
          });
        }
        return manifestSchema.parse({
          run_id: run.id,
          name: run.name,
          ...(run.manifest as object),
        });
      },
    );

    app.get(
      "/v1/runs/:id/checkpoints",
      {
        schema: {
          summary:
            "The checkpoints of a run: the newest, the best with keep_best, and those that are kept",
          tags: ["runs"],
          params: idParams,
          response: {
            200: z.object({ data: z.array(checkpointSchema) }),
            ...errorResponses(401, 403, 404, 429, 503),
          },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        return {
          data: (await listCheckpoints(database, run.resultsOf ?? run.id)).map(viewCheckpoint),
        };
      },
    );

    app.get(
      "/v1/runs/:id/logs",
      {
        config: {
          columns: [
            ["at", ({ at }: LogLine) => at],
            ["level", ({ level }: LogLine) => level],
            ["message", ({ message }: LogLine) => message],
          ],
        },
        schema: {
          summary: "The log of a run: what its workers said of it, oldest first",
          tags: ["runs"],
          params: idParams,
          querystring: z.strictObject({
            after: z.coerce
              .number()
              .int()
              .min(0)
              .default(0)
              .meta({ description: "the last sequence that was read" }),
            limit: z.coerce.number().int().min(1).max(1000).default(200),
          }),
          response: {
            200: z.object({ data: z.array(logLineSchema) }),
            ...errorResponses(401, 403, 404, 422, 429, 503),
          },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.params.id);
        const lines = await listRunEvents(database, run.id, { ...request.query, types: ["log"] });
        return {
          data: lines.map(({ sequence, createdAt, data }) =>
            logLineSchema.parse({ sequence, at: createdAt.toISOString(), ...data }),
          ),
        };
      },
    );
  };

type LogLine = z.output<typeof logLineSchema>;
