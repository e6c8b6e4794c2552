/** The people of the lab and their part of it: an admin's. */
import {
  newUserSchema,
  pageOf,
  pageQuerySchema,
  userChangesSchema,
  userSchema,
} from "@pclab/contracts";
import { createUser, findUser, listUsers, updateUser } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import type { z } from "zod";
import type { AppContext } from "../context.js";
import { notFound } from "../findOr404.js";
import { definedOnly } from "../http/definedOnly.js";
import { readBody } from "../http/readBody.js";
import type { Columns } from "../http/textTables.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { viewUser } from "../views/tokenView.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

type UserBody = z.output<typeof userSchema>;

const COLUMNS: Columns = [
  ["id", ({ id }: UserBody) => id],
  ["name", ({ name }: UserBody) => name],
  ["weight", ({ weight }: UserBody) => weight],
  ["soft limit", ({ soft_limit }: UserBody) => soft_limit],
  ["hard limit", ({ hard_limit }: UserBody) => hard_limit],
  ["disabled", ({ disabled }: UserBody) => (disabled ? "yes" : "no")],
];

export const userRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/users",
      {
        config: { scope: "admin", columns: COLUMNS },
        schema: {
          summary: "Everybody in the lab",
          tags: ["users"],
          querystring: pageQuerySchema,
          response: { 200: pageOf(userSchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor } = request.query;
        const rows = await listUsers(database, { limit: limit + 1, after: cursor ?? null });
        return viewPage({ request, reply }, idsOf(rows), limit, rows.map(viewUser));
      },
    );

    app.post(
      "/v1/users",
      {
        config: { scope: "admin" },
        schema: {
          summary: "Add a user; then make a token with `user_id`",
          tags: ["users"],
          body: newUserSchema.meta({ examples: BODY_EXAMPLES.user }),
          response: {
            201: userSchema,
            ...errorResponses(400, 401, 403, 409, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { name, ...share } = readBody(newUserSchema, request.body);
        const user = await createUser(database, { name, ...columnsOf(share) });
        return reply.code(201).header("location", `/v1/users/${user.id}`).send(viewUser(user));
      },
    );

    app.get(
      "/v1/users/:id",
      {
        config: { scope: "admin" },
        schema: {
          summary: "A user",
          tags: ["users"],
          params: idParams,
          response: { 200: userSchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request) => {
        const { id } = request.params;
        const user = await findUser(database, id);
        if (user === null) throw notFound("user", id);
        return viewUser(user);
      },
    );

    app.patch(
      "/v1/users/:id",
      {
        config: { scope: "admin" },
        schema: {
          summary: "Change a user's part of the lab, limits, or whether their tokens open",
          tags: ["users"],
          params: idParams,
          body: userChangesSchema.meta({ examples: BODY_EXAMPLES.userChanges }),
          response: {
            200: userSchema,
            ...errorResponses(400, 401, 403, 404, 413, 415, 422, 429, 503),
          },
        },
      },
      async (request) => {
        const { id } = request.params;
        const { disabled, ...share } = readBody(userChangesSchema, request.body);
        const changes = { ...columnsOf(share), ...definedOnly({ disabled }) };
        const user = await updateUser(database, id, changes);
        if (user === null) throw notFound("user", id);
        return viewUser(user);
      },
    );
  };

const columnsOf = (share: Omit<z.output<typeof userChangesSchema>, "disabled">) =>
  definedOnly({
    weight: share.weight,
    softLimit: share.soft_limit,
    hardLimit: share.hard_limit,
    requestsPerMinute: share.requests_per_minute,
  });
