import { queueSchema } from "@pclab/contracts";
import { capacity, countQueue, listQueued, queuePositions } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { AppContext } from "../context.js";
import { userOf } from "../http/authentication.js";
import { errorResponses } from "./errorResponses.js";

const SHOWN_RUNS = 100;

export const queueRoutes =
  ({ database, leaseMs }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/queue",
      {
        schema: {
          summary: "How full the lab is, and where your runs stand in line",
          tags: ["queue"],
          response: { 200: queueSchema, ...errorResponses(401, 503) },
        },
      },
      async (request) => {
        const [{ queued, running }, { workers, slots, busySlots }, own] = await Promise.all([
          countQueue(database),
          capacity(database, leaseMs),
          listQueued(database, { userId: userOf(request).id, limit: SHOWN_RUNS }),
        ]);
        const positions = await queuePositions(
          database,
          own.map(({ id }) => id),
        );
        return {
          queued,
          running,
          workers,
          slots: { total: slots, busy: busySlots },
          next: own.flatMap((run) => {
            const position = positions.get(run.id);
            // A run claimed between the two queries is no longer in line.
            if (position === undefined) return [];
            return [
              {
                position,
                run_id: run.id,
                name: run.name,
                sweep_id: run.sweepId,
                queued_at: run.queuedAt.toISOString(),
              },
            ];
          }),
        };
      },
    );
  };
