/** What a user asks of runs and sweeps: cancel, pause, resume, retry. */
import { runSchema, sweepBodySchema } from "@pclab/contracts";
import { USER_ACTIONS, type UserAction } from "@pclab/core";
import { actOnRun, actOnSweep } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { AppContext } from "../context.js";
import { notFound, sweepOr404 } from "../findOr404.js";
import { actorOf } from "../http/authentication.js";
import { viewOneRun } from "../views/runView.js";
import { viewSweep } from "../views/sweepView.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

const OF_A_RUN: Record<UserAction, string> = {
  cancel: "Cancel a run: a waiting one ends at once, a running one is stopped",
  pause: "Pause a run: a running one first writes a checkpoint",
  resume: "Resume a paused run from its checkpoint, at its place in line",
  retry: "Try a failed or canceled run again, from its last checkpoint, at the end of the line",
};

const OF_A_SWEEP: Record<UserAction, string> = {
  cancel: "Cancel every run of the sweep that has not ended, every analysis, and its search",
  pause: "Pause every run of the sweep that has not ended, and its search",
  resume: "Resume every paused run of the sweep, and its search",
  retry: "Try the failed runs of the sweep again",
};

const DESCRIPTION = "202; asking again is a 200 that changes nothing";

export const actionRoutes =
  ({ database, line }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    for (const action of USER_ACTIONS) {
      app.post(
        `/v1/runs/:id/${action}`,
        {
          schema: {
            summary: OF_A_RUN[action],
            description: `${DESCRIPTION}; 409 where the run's state does not allow it.`,
            tags: ["runs"],
            params: idParams,
            response: {
              200: runSchema,
              202: runSchema,
              ...errorResponses(401, 403, 404, 409, 429, 503),
            },
          },
        },
        async (request, reply) => {
          const { id } = request.params;
          const outcome = await actOnRun(database, { ...actorOf(request), id }, action);
          if (outcome === null) throw notFound("run", id);
          return reply.code(outcome.changed ? 202 : 200).send(await viewOneRun(line, outcome.run));
        },
      );

      app.post(
        `/v1/sweeps/:id/${action}`,
        {
          schema: {
            summary: OF_A_SWEEP[action],
            description: `${DESCRIPTION}, or when there is no run left that would.`,
            tags: ["sweeps"],
            params: idParams,
            response: {
              200: sweepBodySchema,
              202: sweepBodySchema,
              ...errorResponses(401, 403, 404, 429, 503),
            },
          },
        },
        async (request, reply) => {
          const { id } = request.params;
          const actor = actorOf(request);
          const outcome = await actOnSweep(database, { ...actor, id }, action);
          if (outcome === null) throw notFound("sweep", id);
          const sweep = await sweepOr404(database, actor, id);
          return reply.code(outcome.changed ? 202 : 200).send(viewSweep(sweep));
        },
      );
    }
  };
