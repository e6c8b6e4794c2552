/** Bearer tokens: one's own, and for an admin everybody's. */
import {
  madeTokenSchema,
  newTokenSchema,
  pageOf,
  pageQuerySchema,
  rotationSchema,
  tokenSchema,
} from "@pclab/contracts";
import {
  type TokenRow,
  createToken,
  findToken,
  findUser,
  listTokens,
  revokeToken,
  rotateToken,
  scopeIncludes,
} from "@pclab/storage";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { notFound } from "../findOr404.js";
import { callerOf, requireScope, userOf } from "../http/authentication.js";
import { readBody } from "../http/readBody.js";
import type { Columns } from "../http/textTables.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { viewMadeToken, viewToken } from "../views/tokenView.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

type TokenBody = z.output<typeof tokenSchema>;

const COLUMNS: Columns = [
  ["id", ({ id }: TokenBody) => id],
  ["user", ({ user_id }: TokenBody) => user_id],
  ["name", ({ name }: TokenBody) => name],
  ["scope", ({ scope }: TokenBody) => scope],
  ["expires", ({ expires_at }: TokenBody) => expires_at],
  ["revoked", ({ revoked_at }: TokenBody) => revoked_at],
  ["last used", ({ last_used_at }: TokenBody) => last_used_at],
];

const DAY_MS = 86_400_000;

export const tokenRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    /** One's own, or for an admin anybody's. */
    const tokenOr404 = async (request: FastifyRequest, id: string): Promise<TokenRow> => {
      const { user, token } = callerOf(request);
      const isAdmin = scopeIncludes(token.scope, "admin");
      const row = await findToken(database, isAdmin ? { id } : { id, userId: user.id });
      if (row === null) throw notFound("token", id);
      return row;
    };

    app.get(
      "/v1/tokens",
      {
        config: { columns: COLUMNS },
        schema: {
          summary: "Your tokens; with `user=all`, for an admin, everybody's",
          tags: ["tokens"],
          querystring: pageQuerySchema.extend({ user: z.enum(["me", "all"]).default("me") }),
          response: { 200: pageOf(tokenSchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor, user } = request.query;
        if (user === "all") requireScope(callerOf(request), "admin", "everybody's tokens");
        const rows = await listTokens(database, {
          ...(user === "all" ? {} : { userId: userOf(request).id }),
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage({ request, reply }, idsOf(rows), limit, rows.map(viewToken));
      },
    );

    app.post(
      "/v1/tokens",
      {
        schema: {
          summary: "Make a token; its text is in this answer and nowhere else",
          description: "With no more than the scope of the token that asks.",
          tags: ["tokens"],
          body: newTokenSchema.meta({ examples: BODY_EXAMPLES.token }),
          response: {
            201: madeTokenSchema,
            ...errorResponses(400, 401, 403, 404, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request);
        const wanted = readBody(newTokenSchema, request.body);
        requireScope(caller, wanted.scope, `a token with scope ${wanted.scope}`);
        const userId = wanted.user_id ?? caller.user.id;
        if (userId !== caller.user.id) {
          requireScope(caller, "admin", "a token for another user");
          if ((await findUser(database, userId)) === null) throw notFound("user", userId);
        }
        const { expires_in_days: days } = wanted;
        const made = await createToken(database, {
          userId,
          name: wanted.name,
          scope: wanted.scope,
          expiresAt: days === undefined ? null : new Date(Date.now() + days * DAY_MS),
        });
        return reply
          .code(201)
          .header("location", `/v1/tokens/${made.row.id}`)
          .header("cache-control", "no-store")
          .send(viewMadeToken(made));
      },
    );

    app.get(
      "/v1/tokens/:id",
      {
        schema: {
          summary: "A token, without its text",
          tags: ["tokens"],
          params: idParams,
          response: { 200: tokenSchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request) => viewToken(await tokenOr404(request, request.params.id)),
    );

    app.post(
      "/v1/tokens/:id/rotate",
      {
        schema: {
          summary: "A new token like this one, which ends",
          description: "With `overlap_seconds` the old one opens for a while longer.",
          tags: ["tokens"],
          params: idParams,
          body: rotationSchema.optional().meta({ examples: BODY_EXAMPLES.rotation }),
          response: {
            201: madeTokenSchema,
            ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { overlap_seconds } = readBody(rotationSchema, request.body);
        const old = await tokenOr404(request, request.params.id);
        requireScope(callerOf(request), old.scope, `rotating a token with scope ${old.scope}`);
        if (old.revokedAt !== null) {
          throw new ApiError("state_conflict", {
            detail: "the token is revoked; make a new one with POST /v1/tokens",
          });
        }
        const made = await rotateToken(database, old.id, overlap_seconds);
        return reply
          .code(201)
          .header("location", `/v1/tokens/${made.row.id}`)
          .header("cache-control", "no-store")
          .send(viewMadeToken(made));
      },
    );

    app.delete(
      "/v1/tokens/:id",
      {
        schema: {
          summary: "Revoke a token: from now on it opens nothing",
          tags: ["tokens"],
          params: idParams,
          response: { 200: tokenSchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request) => {
        const { id } = await tokenOr404(request, request.params.id);
        return viewToken(await revokeToken(database, id));
      },
    );
  };
