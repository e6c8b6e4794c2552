import { checkpointSchema } from "@pclab/contracts";
import { findCheckpoint } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { readerOf } from "../http/authentication.js";
import { sendCheckpoint, sendNpz } from "../http/sendCheckpoint.js";
import { viewCheckpoint } from "../views/checkpointView.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

export const checkpointRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/checkpoints/:id",
      {
        schema: {
          summary:
            "A checkpoint: its description, with `format=safetensors` its bytes, with `format=npz` its tensors for NumPy",
          description:
            "The bytes come with `ETag` (their sha256) and honour `Range`, `If-Range` and `If-None-Match`, so that a cut " +
            "download goes on where it stopped. `npz` has the tensors alone, and comes whole.",
          tags: ["checkpoints"],
          params: idParams,
          querystring: z.strictObject({ format: z.enum(["safetensors", "npz"]).optional() }),
          response: {
            200: checkpointSchema,
            ...errorResponses(401, 403, 404, 416, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const checkpoint = await findCheckpoint(database, { ...readerOf(request), id });
        if (checkpoint === null) {
          throw new ApiError("not_found", {
            detail: `there is no checkpoint ${id} of yours; a run keeps its newest alone`,
          });
        }
        if (request.query.format === undefined) return viewCheckpoint(checkpoint);

        if (request.query.format === "npz") return sendNpz(database, checkpoint, request, reply);
        return sendCheckpoint(database, checkpoint, request, reply);
      },
    );
  };
