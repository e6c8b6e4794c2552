import {
  attemptSchema,
  checkpointSchema,
  manifestSchema,
  metricsSchema,
  pageOf,
  pageQuerySchema,
  runSchema,
  waitQuerySchema,
} from "@pclab/contracts";
import { METRICS, METRIC_NAMES, RUN_STATES, isTerminal, secondsTo90 } from "@pclab/core";
import {
  type RunRow,
  cancelRun,
  findRun,
  listAttempts,
  listCheckpoints,
  listMetrics,
  listRuns,
} from "@pclab/storage";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { userOf } from "../http/authentication.js";
import { pollUntil } from "../http/longPoll.js";
import { viewCheckpoint } from "../views/checkpointView.js";
import { viewPage } from "../views/pageView.js";
import { viewRuns } from "../views/runView.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

/** `a,b` as a list of known words. */
const commaSeparated = <T extends readonly [string, ...string[]]>(words: T) =>
  z
    .string()
    .max(2000)
    .transform((text) => text.split(","))
    .pipe(z.array(z.enum(words)))
    .optional();

export const runRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const findOr404 = async (request: FastifyRequest, id: string): Promise<RunRow> => {
      const run = await findRun(database, { userId: userOf(request).id, id });
      if (run === null)
        throw new ApiError("not_found", { detail: `there is no run ${id} of yours` });
      return run;
    };
    const view = async (run: RunRow) => {
      const [body] = await viewRuns(database, [run]);
      if (body === undefined) throw new Error("viewRuns answered fewer runs than it was given");
      return body;
    };

    app.get(
      "/v1/runs",
      {
        schema: {
          summary: "Your runs, in the order of submission",
          tags: ["runs"],
          querystring: pageQuerySchema.extend({
            state: commaSeparated(RUN_STATES).meta({ description: "states, comma-separated" }),
          }),
          response: { 200: pageOf(runSchema), ...errorResponses(401, 422, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor, state } = request.query;
        const rows = await listRuns(database, {
          userId: userOf(request).id,
          ...(state === undefined ? {} : { states: state }),
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage(
          { request, reply },
          rows,
          limit,
          await viewRuns(database, rows.slice(0, limit)),
        );
      },
    );

    app.get(
      "/v1/runs/:id",
      {
        schema: {
          summary: "A run; with `wait`, once it is terminal",
          tags: ["runs"],
          params: idParams,
          querystring: waitQuerySchema,
          response: { 200: runSchema, ...errorResponses(401, 404, 422, 503) },
        },
      },
      async (request) =>
        view(
          await pollUntil(
            request,
            request.query.wait,
            () => findOr404(request, request.params.id),
            ({ state }) => isTerminal(state),
          ),
        ),
    );

    app.get(
      "/v1/runs/:id/metrics",
      {
        schema: {
          summary: "Every measured value of a run",
          tags: ["runs"],
          params: idParams,
          querystring: z.strictObject({
            name: commaSeparated(METRIC_NAMES as [string, ...string[]]).meta({
              description: "names, comma-separated; all without it",
            }),
          }),
          response: { 200: metricsSchema, ...errorResponses(401, 404, 422, 503) },
        },
      },
      async (request) => {
        const run = await findOr404(request, request.params.id);
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
            ...errorResponses(401, 404, 503),
          },
        },
      },
      async (request) => {
        const run = await findOr404(request, request.params.id);
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
          response: { 200: manifestSchema, ...errorResponses(401, 404, 503) },
        },
      },
      async (request) => {
        const run = await findOr404(request, request.params.id);
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
          summary: "The checkpoints of a run; the newest is kept",
          tags: ["runs"],
          params: idParams,
          response: {
            200: z.object({ data: z.array(checkpointSchema) }),
            ...errorResponses(401, 404, 503),
          },
        },
      },
      async (request) => {
        const run = await findOr404(request, request.params.id);
        return { data: (await listCheckpoints(database, run.id)).map(viewCheckpoint) };
      },
    );

    app.post(
      "/v1/runs/:id/cancel",
      {
        schema: {
          summary: "Cancel a run: a waiting one ends at once, a running one is stopped",
          description:
            "202; repeating it is a 200 that changes nothing; 409 for a run that has ended otherwise.",
          tags: ["runs"],
          params: idParams,
          response: { 200: runSchema, 202: runSchema, ...errorResponses(401, 404, 409, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const outcome = await cancelRun(database, { userId: userOf(request).id, id });
        if (outcome === null)
          throw new ApiError("not_found", { detail: `there is no run ${id} of yours` });
        return reply.code(outcome.changed ? 202 : 200).send(await view(outcome.run));
      },
    );
  };
