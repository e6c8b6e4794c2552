/** The OpenAPI 3.1 document, made from the routes' own schemas. */
import swagger from "@fastify/swagger";
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance, RouteOptions } from "fastify";
import { jsonSchemaTransform } from "fastify-type-provider-zod";
import { PUBLIC_PAGES, scopeOf } from "./http/authentication.js";

export const describeApi = async (app: FastifyInstance, version: string): Promise<void> => {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "pclab",
        version,
        description:
          "A lab server for experiments that compare backpropagation with predictive coding.",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      components: { securitySchemes: { token: { type: "http", scheme: "bearer" } } },
      security: [{ token: [] }],
    },
    transform: (options) => {
      const { schema, url } = jsonSchemaTransform(options);
      return { schema: { ...schema, ...neededScope(options.route) }, url };
    },
  });
};

/** OpenAPI 3.1 lets a bearer token's requirement name what the token has to be good for. */
const neededScope = ({
  config,
  method,
}: RouteOptions): { security?: readonly Record<string, string[]>[] } =>
  config?.public === true ? {} : { security: [{ token: [scopeOf(config, String(method))] }] };

export const serveDocument = async (app: FastifyInstance): Promise<void> => {
  await app.register(swaggerUi, {
    routePrefix: PUBLIC_PAGES,
    staticCSP: true,
    uiConfig: { persistAuthorization: true, docExpansion: "list" },
  });
  app.get("/v1/openapi.json", { config: { public: true }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
};
