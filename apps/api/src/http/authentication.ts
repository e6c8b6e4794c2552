/**
 * Bearer tokens (RFC 6750) and their scopes: every route asks for a token but those that say `config: { public: true }`,
 * and for a scope: `read` to look, `submit` to change, or what the route names.
 */
import {
  type Caller,
  type Database,
  type Reach,
  type TokenScope,
  findCaller,
  noteTokenUse,
  scopeIncludes,
} from "@pclab/storage";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError } from "../errors/apiError.js";

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    public?: boolean;
    scope?: TokenScope;
  }
}

/** Where the OpenAPI document is read, and tried, in a browser. */
export const PUBLIC_PAGES = "/docs";

export const authenticate = (app: FastifyInstance, database: Database): void => {
  app.decorateRequest("caller", null);
  app.addHook("onRequest", async (request) => {
    const { config, url = "" } = request.routeOptions;
    // The pages of the document come from a library, which does not mark its routes.
    if (config.public === true || request.is404 || url.startsWith(PUBLIC_PAGES)) return;
    const [scheme, token] = (request.headers.authorization ?? "").split(" ");
    const caller =
      scheme?.toLowerCase() === "bearer" && token !== undefined
        ? await findCaller(database, token)
        : null;
    if (caller === null) {
      throw new ApiError("unauthorized", {
        detail:
          "send Authorization: Bearer <token>; the owner's token stands in <PCLAB_HOME>/token",
        headers: { "www-authenticate": 'Bearer realm="pclab"' },
      });
    }
    requireScope(caller, scopeOf(config, request.method));
    request.caller = caller;
    await noteTokenUse(database, caller.token.id);
  });
};

/** What a route's token has to be good for. */
export const scopeOf = (config: { scope?: TokenScope } | undefined, method: string): TokenScope =>
  config?.scope ?? (/^(GET|HEAD)$/.test(method) ? "read" : "submit");

/** @throws ApiError forbidden */
export const requireScope = ({ token }: Caller, wanted: TokenScope, what = "this"): void => {
  if (scopeIncludes(token.scope, wanted)) return;
  throw new ApiError("forbidden", {
    detail: `${what} needs a token with scope ${wanted}; yours has ${token.scope}`,
    headers: {
      "www-authenticate": `Bearer realm="pclab", error="insufficient_scope", scope="${wanted}"`,
    },
  });
};

/** Who asks, on an authenticated route. */
export const callerOf = (request: FastifyRequest): Caller => {
  if (request.caller === null) throw new Error("callerOf: the route is public");
  return request.caller;
};

export const userOf = (request: FastifyRequest): Caller["user"] => callerOf(request).user;

/** What they may look at: their own and what is shared; whoever runs the lab, everything. */
export const readerOf = (request: FastifyRequest): { userId: string; reach: Reach } =>
  viewerOf(request, "shared");

/** What they may act on: their own; whoever runs the lab, everything. */
export const actorOf = (request: FastifyRequest): { userId: string; reach: Reach } =>
  viewerOf(request, "own");

const viewerOf = (request: FastifyRequest, reach: Reach): { userId: string; reach: Reach } => {
  const { user, token } = callerOf(request);
  return { userId: user.id, reach: scopeIncludes(token.scope, "operate") ? "all" : reach };
};
