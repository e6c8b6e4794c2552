import { databaseIsReady } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { errorResponses } from "./errorResponses.js";

export const healthRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/healthz",
      {
        config: { public: true },
        schema: {
          summary: "The process is alive",
          tags: ["health"],
          security: [],
          response: { 200: z.object({ status: z.literal("ok") }) },
        },
      },
      async () => ({ status: "ok" as const }),
    );

    app.get(
      "/readyz",
      {
        config: { public: true },
        schema: {
          summary: "Requests can be served: the database answers",
          tags: ["health"],
          security: [],
          response: { 200: z.object({ status: z.literal("ready") }), ...errorResponses(503) },
        },
      },
      async () => {
        if (!(await databaseIsReady(database))) {
          throw new ApiError("database_away", { headers: { "retry-after": "2" } });
        }
        return { status: "ready" as const };
      },
    );
  };
