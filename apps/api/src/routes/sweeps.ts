import { createHash } from "node:crypto";
import {
  pageOf,
  pageQuerySchema,
  planSchema,
  runSchema,
  sweepBodySchema,
  waitQuerySchema,
} from "@pclab/contracts";
import { expandSweep, sweepSchema } from "@pclab/core";
import {
  type SweepRow,
  cancelSweep,
  findSweep,
  listRuns,
  listSweeps,
  storeSweep,
} from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { datasetProblems } from "../datasetCheck.js";
import { ApiError } from "../errors/apiError.js";
import { forecastSweep } from "../forecast.js";
import { userOf } from "../http/authentication.js";
import { canonicalJson } from "../http/canonicalJson.js";
import { pollUntil } from "../http/longPoll.js";
import { planSweep } from "../views/planView.js";
import { viewPage } from "../views/pageView.js";
import { viewRuns } from "../views/runView.js";
import { viewSweep } from "../views/sweepView.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

const MAX_KEY_LENGTH = 255;

export const sweepRoutes =
  (context: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database, inspectDataset } = context;
    app.post(
      "/v1/sweeps",
      {
        schema: {
          summary: "Submit a sweep",
          description:
            "JSON or YAML. `dry_run=true` answers with the plan and stores nothing. With an `Idempotency-Key` a repeated " +
            "request is answered with the first answer (`Idempotency-Replayed: true`) and stores nothing.",
          tags: ["sweeps"],
          headers: z.object({
            "idempotency-key": z.string().min(1).max(MAX_KEY_LENGTH).optional(),
          }),
          querystring: z.strictObject({ dry_run: z.enum(["true", "false"]).default("false") }),
          body: sweepSchema,
          response: {
            200: planSchema,
            201: sweepBodySchema,
            ...errorResponses(400, 401, 409, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const expanded = expandSweep(request.body);
        if (!expanded.ok) throw new ApiError("validation", { problems: expanded.problems });
        const sweep = expanded.value;
        const missing = await datasetProblems(inspectDataset, sweep.runs);
        if (missing.length > 0) throw new ApiError("validation", { problems: missing });
        const forecast = await forecastSweep(database, sweep);
        if (request.query.dry_run === "true")
          return reply.code(200).send(await planSweep(context, sweep, forecast));

        const userId = userOf(request).id;
        const key = request.headers["idempotency-key"];
        const outcome = await storeSweep(
          database,
          {
            userId,
            name: sweep.name,
            request: request.body,
            runs: sweep.runs,
            analyses: forecast.analyses,
          },
          key === undefined
            ? null
            : {
                claim: {
                  userId,
                  key,
                  bodySha256: new Uint8Array(
                    createHash("sha256").update(canonicalJson(request.body)).digest(),
                  ),
                },
                answer: viewSweep,
              },
        );
        if ("replayed" in outcome) {
          const body = sweepBodySchema.parse(outcome.replayed.response);
          return reply
            .code(201)
            .headers({ "idempotency-replayed": "true", location: `/v1/sweeps/${body.id}` })
            .send(body);
        }
        const body = viewSweep(outcome.stored);
        return reply.code(201).header("location", `/v1/sweeps/${body.id}`).send(body);
      },
    );

    app.get(
      "/v1/sweeps",
      {
        schema: {
          summary: "Your sweeps, newest first",
          tags: ["sweeps"],
          querystring: pageQuerySchema,
          response: { 200: pageOf(sweepBodySchema), ...errorResponses(401, 422, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor } = request.query;
        const rows = await listSweeps(database, {
          userId: userOf(request).id,
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage({ request, reply }, rows, limit, rows.map(viewSweep));
      },
    );

    const findOr404 = async (userId: string, id: string): Promise<SweepRow> => {
      const sweep = await findSweep(database, { userId, id });
      if (sweep === null)
        throw new ApiError("not_found", { detail: `there is no sweep ${id} of yours` });
      return sweep;
    };

    app.get(
      "/v1/sweeps/:id",
      {
        schema: {
          summary:
            "A sweep with its counts per state; with `wait`, once its runs and their analyses have ended",
          tags: ["sweeps"],
          params: idParams,
          querystring: waitQuerySchema,
          response: { 200: sweepBodySchema, ...errorResponses(401, 404, 422, 503) },
        },
      },
      async (request) =>
        pollUntil(
          request,
          request.query.wait,
          async () => viewSweep(await findOr404(userOf(request).id, request.params.id)),
          ({ poll_after_ms }) => poll_after_ms === null,
        ),
    );

    app.get(
      "/v1/sweeps/:id/runs",
      {
        schema: {
          summary: "The runs of a sweep, in the order of its expansion",
          tags: ["sweeps"],
          params: idParams,
          querystring: pageQuerySchema,
          response: { 200: pageOf(runSchema), ...errorResponses(401, 404, 422, 503) },
        },
      },
      async (request, reply) => {
        const userId = userOf(request).id;
        const { limit, cursor } = request.query;
        const { id } = await findOr404(userId, request.params.id);
        const rows = await listRuns(database, {
          userId,
          sweepId: id,
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

    app.post(
      "/v1/sweeps/:id/cancel",
      {
        schema: {
          summary: "Cancel every run of the sweep that has not ended",
          description: "202 when it changed something, 200 when there was nothing left to cancel.",
          tags: ["sweeps"],
          params: idParams,
          response: {
            200: sweepBodySchema,
            202: sweepBodySchema,
            ...errorResponses(401, 404, 503),
          },
        },
      },
      async (request, reply) => {
        const userId = userOf(request).id;
        const outcome = await cancelSweep(database, { userId, id: request.params.id });
        const sweep = await findOr404(userId, request.params.id);
        return reply.code(outcome?.changed === true ? 202 : 200).send(viewSweep(sweep));
      },
    );
  };
