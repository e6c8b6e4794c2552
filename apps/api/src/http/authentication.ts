/** Bearer tokens (RFC 6750): every route under /v1 asks for one, but for those that say `config: { public: true }`. */
import { type Database, type User, findUserByToken } from "@pclab/storage";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError } from "../errors/apiError.js";

declare module "fastify" {
  interface FastifyRequest {
    user: User | null;
  }
  interface FastifyContextConfig {
    public?: boolean;
  }
}

export const authenticate = (app: FastifyInstance, database: Database): void => {
  app.decorateRequest("user", null);
  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.public === true || request.is404) return;
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    const user =
      scheme?.toLowerCase() === "bearer" && token !== undefined
        ? await findUserByToken(database, token)
        : null;
    if (user === null) {
      throw new ApiError("unauthorized", {
        detail:
          "send Authorization: Bearer <token>; the owner's token stands in <PCLAB_HOME>/token",
        headers: { "www-authenticate": 'Bearer realm="pclab"' },
      });
    }
    request.user = user;
  });
};

/** The user of an authenticated route. */
export const userOf = (request: FastifyRequest): User => {
  if (request.user === null) throw new Error("userOf: the route is public");
  return request.user;
};
