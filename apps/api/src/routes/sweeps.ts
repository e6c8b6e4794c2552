import {
  pageOf,
  pageQuerySchema,
  runSchema,
  sweepBodySchema,
  sweepChangesSchema,
  waitQuerySchema,
} from "@pclab/contracts";
import { tagSchema } from "@pclab/core";
import {
  cursorOf,
  deleteSweep,
  listRuns,
  listSweeps,
  restoreSweep,
  updateSweep,
} from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { notFound, sweepOr404 } from "../findOr404.js";
import { callerOf, readerOf, requireScope, userOf } from "../http/authentication.js";
import { definedOnly } from "../http/definedOnly.js";
import { pollUntil } from "../http/longPoll.js";
import { readBody } from "../http/readBody.js";
import { stale, tagVersion, versionWanted } from "../http/versionTag.js";
import { RUN_COLUMNS, SWEEP_COLUMNS } from "../views/columns.js";
import { printCursor } from "../views/cursor.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { viewOneRun, viewRuns } from "../views/runView.js";
import { viewSweep } from "../views/sweepView.js";
import { commaSeparated } from "./commaSeparated.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";
import { ownerQuery, ownersOf, runListOf, runListQuery, sortOf } from "./runListQuery.js";

/** Selection is by validation metrics alone: which way each is better. */
const SELECTABLE = {
  validation_accuracy: "-metrics.validation_accuracy",
  validation_loss: "metrics.validation_loss",
} as const;

export const sweepRoutes =
  ({ database, line }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/sweeps",
      {
        config: { columns: SWEEP_COLUMNS },
        schema: {
          summary: "Sweeps, newest first",
          description:
            "Yours; with `user=all` also those that others share with the lab, with `user=<name>` somebody's.",
          tags: ["sweeps"],
          querystring: pageQuerySchema.extend({
            user: ownerQuery,
            tag: commaSeparated(tagSchema).meta({
              description: "tags, comma-separated; all of them",
            }),
            deleted: z
              .enum(["true", "false"])
              .default("false")
              .meta({ description: "those that were deleted and can still be restored" }),
          }),
          response: { 200: pageOf(sweepBodySchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor, user, tag, deleted } = request.query;
        const rows = await listSweeps(database, {
          ...ownersOf(user, readerOf(request)),
          ...(tag === undefined ? {} : { tags: tag }),
          deleted: deleted === "true",
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage({ request, reply }, idsOf(rows), limit, rows.map(viewSweep));
      },
    );

    app.get(
      "/v1/sweeps/:id",
      {
        schema: {
          summary:
            "A sweep with its counts per state; with `wait`, once its runs and their analyses have ended",
          tags: ["sweeps"],
          params: idParams,
          querystring: waitQuerySchema,
          response: { 200: sweepBodySchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { sweep, body } = await pollUntil(
          request,
          request.query.wait,
          async () => {
            const row = await sweepOr404(database, readerOf(request), request.params.id);
            return { sweep: row, body: viewSweep(row) };
          },
          (found) => found.body.poll_after_ms === null,
        );
        tagVersion(reply, sweep.version, body);
        return body;
      },
    );

    app.patch(
      "/v1/sweeps/:id",
      {
        schema: {
          summary: "Change a sweep's name, tags, notes, priority, or who may read it",
          description: "With `If-Match`, only if these are still as they were read.",
          tags: ["sweeps"],
          params: idParams,
          body: sweepChangesSchema.meta({ examples: BODY_EXAMPLES.sweepChanges }),
          response: {
            200: sweepBodySchema,
            ...errorResponses(400, 401, 403, 404, 412, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { priority_class, ...changes } = readBody(sweepChangesSchema, request.body);
        if (priority_class === "urgent") {
          requireScope(callerOf(request), "operate", "urgent work");
        }
        const key = { userId: userOf(request).id, id: request.params.id };
        const updated = await updateSweep(
          database,
          key,
          definedOnly({ ...changes, priorityClass: priority_class }),
          versionWanted(request),
        );
        if (updated === "stale") throw stale();
        if (!updated) throw notFound("sweep", key.id);
        const sweep = await sweepOr404(database, { userId: key.userId }, key.id);
        const body = viewSweep(sweep);
        tagVersion(reply, sweep.version, body);
        return body;
      },
    );

    app.delete(
      "/v1/sweeps/:id",
      {
        schema: {
          summary: "Delete a sweep that has ended, with its runs",
          description:
            "It is gone from every list at once and can be restored until the grace period ends; then it is gone for good.",
          tags: ["sweeps"],
          params: idParams,
          response: { 204: z.null(), ...errorResponses(401, 403, 404, 409, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!(await deleteSweep(database, { userId: userOf(request).id, id })))
          throw notFound("sweep", id);
        return reply.code(204).send(null);
      },
    );

    app.post(
      "/v1/sweeps/:id/restore",
      {
        schema: {
          summary: "Bring a deleted sweep back, within its grace period",
          tags: ["sweeps"],
          params: idParams,
          response: { 202: sweepBodySchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const viewer = { userId: userOf(request).id };
        if (!(await restoreSweep(database, { ...viewer, id }))) throw notFound("deleted sweep", id);
        return reply.code(202).send(viewSweep(await sweepOr404(database, viewer, id)));
      },
    );

    app.get(
      "/v1/sweeps/:id/runs",
      {
        config: { columns: RUN_COLUMNS },
        schema: {
          summary: "The runs of a sweep, in the order of its expansion or sorted",
          tags: ["sweeps"],
          params: idParams,
          querystring: runListQuery,
          response: { 200: pageOf(runSchema), ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const reader = readerOf(request);
        const { id } = await sweepOr404(database, reader, request.params.id);
        const { limit, sort } = request.query;
        const rows = await listRuns(database, {
          ...reader,
          // Whoever may read the sweep may read its runs.
          reach: "all",
          sweepId: id,
          ...runListOf(request.query),
        });
        const cursors = rows.map((row) => printCursor(cursorOf(row, sortOf(sort))));
        const page = await viewRuns(line, rows.slice(0, limit));
        return viewPage({ request, reply }, cursors, limit, page);
      },
    );

    app.get(
      "/v1/sweeps/:id/best",
      {
        schema: {
          summary: "The sweep's best run, by a validation metric",
          description:
            "Test metrics are reported, never selected on. 404 while no run has been evaluated.",
          tags: ["sweeps"],
          params: idParams,
          querystring: z.strictObject({
            metric: z
              .enum(Object.keys(SELECTABLE) as [keyof typeof SELECTABLE])
              .default("validation_accuracy"),
          }),
          response: { 200: runSchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request) => {
        const reader = readerOf(request);
        const { id } = await sweepOr404(database, reader, request.params.id);
        const [best] = await listRuns(database, {
          ...reader,
          sweepId: id,
          states: ["succeeded"],
          sort: sortOf(SELECTABLE[request.query.metric]),
          limit: 1,
          after: null,
        });
        if (best === undefined) {
          throw new ApiError("not_found", { detail: `no run of sweep ${id} has succeeded yet` });
        }
        return viewOneRun(line, best);
      },
    );
  };
