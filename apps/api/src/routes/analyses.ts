import { analysisBodySchema, analysisPointsSchema, waitQuerySchema } from "@pclab/contracts";
import { type AnalysisSettings, analysisSchema, landscapeCoordinates } from "@pclab/core";
import {
  type AnalysisRow,
  cancelAnalysis,
  findAnalysis,
  findCheckpoint,
  listAnalyses,
  listAnalysisPoints,
} from "@pclab/storage";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { runOr404 } from "../findOr404.js";
import { readerOf, userOf } from "../http/authentication.js";
import { pollUntil } from "../http/longPoll.js";
import { submitAnalysis } from "../submitAnalysis.js";
import { viewAnalysis } from "../views/analysisView.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

export const analysisRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    /** To look at is what is shared; to add an analysis to, or to cancel, what is one's own. */
    const findRunOr404 = (request: FastifyRequest, id: string) =>
      runOr404(
        database,
        request.method === "GET" ? readerOf(request) : { userId: userOf(request).id },
        id,
      );
    const findOr404 = async (request: FastifyRequest, id: string): Promise<AnalysisRow> => {
      const analysis = await findAnalysis(database, { ...readerOf(request), id });
      if (analysis === null)
        throw new ApiError("not_found", { detail: `there is no analysis ${id} of yours` });
      return analysis;
    };

    app.post(
      "/v1/runs/:id/analyses",
      {
        schema: {
          summary: "Look at a run's trained network: loss landscape, weights, convergence, ...",
          description:
            "Waits until the run has succeeded, then takes a slot of a worker. A run that ended otherwise has nothing to " +
            "look at: 409.",
          tags: ["analyses"],
          params: idParams,
          body: analysisSchema.meta({ examples: BODY_EXAMPLES.analysis }),
          response: {
            201: analysisBodySchema,
            ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const run = await findRunOr404(request, request.params.id);
        const row = await submitAnalysis(database, { run, checkpointId: null }, request.body);
        return reply.code(201).header("location", `/v1/analyses/${row.id}`).send(viewAnalysis(row));
      },
    );

    app.post(
      "/v1/checkpoints/:id/analyses",
      {
        schema: {
          summary: "The same of a checkpoint",
          description: "The checkpoint then stays, whatever its run keeps.",
          tags: ["analyses"],
          params: idParams,
          body: analysisSchema.meta({ examples: BODY_EXAMPLES.analysis }),
          response: {
            201: analysisBodySchema,
            ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const checkpoint = await findCheckpoint(database, { userId: userOf(request).id, id });
        if (checkpoint === null)
          throw new ApiError("not_found", { detail: `there is no checkpoint ${id} of yours` });
        const run = await findRunOr404(request, checkpoint.runId);
        const row = await submitAnalysis(database, { run, checkpointId: id }, request.body);
        return reply.code(201).header("location", `/v1/analyses/${row.id}`).send(viewAnalysis(row));
      },
    );

    app.get(
      "/v1/runs/:id/analyses",
      {
        schema: {
          summary: "The analyses of a run, in the order of submission",
          tags: ["analyses"],
          params: idParams,
          response: {
            200: z.object({ data: z.array(analysisBodySchema) }),
            ...errorResponses(401, 403, 404, 429, 503),
          },
        },
      },
      async (request) => {
        const run = await findRunOr404(request, request.params.id);
        return { data: (await listAnalyses(database, { runId: run.id })).map(viewAnalysis) };
      },
    );

    app.get(
      "/v1/analyses/:id",
      {
        schema: {
          summary: "An analysis; with `wait`, once it is terminal",
          tags: ["analyses"],
          params: idParams,
          querystring: waitQuerySchema,
          response: { 200: analysisBodySchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request) =>
        viewAnalysis(
          await pollUntil(
            request,
            request.query.wait,
            () => findOr404(request, request.params.id),
            ({ finishedAt }) => finishedAt !== null,
          ),
        ),
    );

    app.get(
      "/v1/analyses/:id/points",
      {
        schema: {
          summary: "The points of a landscape, as far as they have come",
          tags: ["analyses"],
          params: idParams,
          response: { 200: analysisPointsSchema, ...errorResponses(401, 403, 404, 409, 429, 503) },
        },
      },
      async (request) => {
        const analysis = await findOr404(request, request.params.id);
        const settings = analysis.settings as AnalysisSettings;
        if (settings.kind !== "landscape") {
          throw new ApiError("state_conflict", {
            detail: `analysis ${analysis.id} is of kind ${analysis.kind}; a landscape has points`,
          });
        }
        const points = await listAnalysisPoints(database, analysis.id);
        const value: (number | null)[] = Array(analysis.total).fill(null);
        const accuracy = [...value];
        for (const point of points) {
          value[point.index] = point.value;
          accuracy[point.index] = point.accuracy;
        }
        return { coordinates: landscapeCoordinates(settings), value, accuracy };
      },
    );

    app.post(
      "/v1/analyses/:id/cancel",
      {
        schema: {
          summary: "Cancel an analysis: a waiting one ends at once, a running one is stopped",
          description:
            "202; repeating it is a 200 that changes nothing; 409 for one that has ended.",
          tags: ["analyses"],
          params: idParams,
          response: {
            200: analysisBodySchema,
            202: analysisBodySchema,
            ...errorResponses(401, 403, 404, 409, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const outcome = await cancelAnalysis(database, { userId: userOf(request).id, id });
        if (outcome === null)
          throw new ApiError("not_found", { detail: `there is no analysis ${id} of yours` });
        return reply.code(outcome.changed ? 202 : 200).send(viewAnalysis(outcome.analysis));
      },
    );
  };
