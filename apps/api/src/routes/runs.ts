import { pageOf, runChangesSchema, runSchema, waitQuerySchema } from "@pclab/contracts";
import { isTerminal } from "@pclab/core";
import { cursorOf, deleteRun, listRuns, updateRun } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { notFound, runOr404 } from "../findOr404.js";
import { readerOf, userOf } from "../http/authentication.js";
import { definedOnly } from "../http/definedOnly.js";
import { pollUntil } from "../http/longPoll.js";
import { readBody } from "../http/readBody.js";
import { stale, tagVersion, versionWanted } from "../http/versionTag.js";
import { RUN_COLUMNS } from "../views/columns.js";
import { printCursor } from "../views/cursor.js";
import { viewPage } from "../views/pageView.js";
import { viewOneRun, viewRuns } from "../views/runView.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";
import { ownerQuery, ownersOf, runListOf, runListQuery, sortOf } from "./runListQuery.js";

export const runRoutes =
  ({ database, line }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/runs",
      {
        config: { columns: RUN_COLUMNS },
        schema: {
          summary: "Runs, in the order of submission or sorted",
          description:
            "Yours; with `user=all` also those that others share with the lab, with `user=<name>` somebody's.",
          tags: ["runs"],
          querystring: runListQuery.extend({
            user: ownerQuery,
          }),
          response: { 200: pageOf(runSchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { user, ...query } = request.query;
        const rows = await listRuns(database, {
          ...ownersOf(user, readerOf(request)),
          ...runListOf(query),
        });
        const cursors = rows.map((row) => printCursor(cursorOf(row, sortOf(query.sort))));
        const page = await viewRuns(line, rows.slice(0, query.limit));
        return viewPage({ request, reply }, cursors, query.limit, page);
      },
    );

    app.get(
      "/v1/runs/:id",
      {
        schema: {
          summary: "A run; with `wait` the answer comes once it is terminal",
          tags: ["runs"],
          params: idParams,
          querystring: waitQuerySchema,
          response: { 200: runSchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const run = await pollUntil(
          request,
          request.query.wait,
          () => runOr404(database, readerOf(request), request.params.id),
          ({ state }) => isTerminal(state),
        );
        const body = await viewOneRun(line, run);
        tagVersion(reply, run.version, body);
        return body;
      },
    );

    app.patch(
      "/v1/runs/:id",
      {
        schema: {
          summary: "Change a run's tags and notes",
          description: "With `If-Match`, only if the run is still as it was read.",
          tags: ["runs"],
          params: idParams,
          body: runChangesSchema.meta({ examples: BODY_EXAMPLES.runChanges }),
          response: {
            200: runSchema,
            ...errorResponses(400, 401, 403, 404, 412, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const changes = definedOnly(readBody(runChangesSchema, request.body));
        const { id } = request.params;
        const key = { userId: userOf(request).id, id };
        const run = await updateRun(database, key, changes, versionWanted(request));
        if (run === null) throw notFound("run", id);
        if (run === "stale") throw stale();
        const body = await viewOneRun(line, run);
        tagVersion(reply, run.version, body);
        return body;
      },
    );

    app.delete(
      "/v1/runs/:id",
      {
        schema: {
          summary: "Delete a run that has ended, with its metrics and checkpoints",
          description: "It is gone from every list at once, and for good after the grace period.",
          tags: ["runs"],
          params: idParams,
          response: { 204: z.null(), ...errorResponses(401, 403, 404, 409, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!(await deleteRun(database, { userId: userOf(request).id, id })))
          throw notFound("run", id);
        return reply.code(204).send(null);
      },
    );
  };
