/** The HTTP application: a function of what it depends on, without a process or a port of its own. */
import { randomUUID } from "node:crypto";
import helmet from "@fastify/helmet";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { AppContext } from "./context.js";
import { ApiError } from "./errors/apiError.js";
import { handleError } from "./errors/errorHandler.js";
import { authenticate } from "./http/authentication.js";
import { BODY_LIMIT_BYTES, acceptYaml } from "./http/bodies.js";
import { endPollsOnClose } from "./http/longPoll.js";
import { compileValidator } from "./http/validation.js";
import { describeApi, serveDocument } from "./openapi.js";
import { analysisRoutes } from "./routes/analyses.js";
import { checkpointRoutes } from "./routes/checkpoints.js";
import { healthRoutes } from "./routes/health.js";
import { presetRoutes } from "./routes/presets.js";
import { queueRoutes } from "./routes/queue.js";
import { reportRoutes } from "./routes/reports.js";
import { runRoutes } from "./routes/runs.js";
import { sweepRoutes } from "./routes/sweeps.js";

export const buildApp = async (
  context: AppContext,
  logger: FastifyBaseLogger,
): Promise<FastifyInstance> => {
  const app = Fastify({
    loggerInstance: logger,
    bodyLimit: BODY_LIMIT_BYTES,
    genReqId: () => `req_${randomUUID().replaceAll("-", "")}`,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 100 },
    // Long polls end when the server closes; nobody is kept waiting for them.
    forceCloseConnections: "idle",
  });
  app.setValidatorCompiler(compileValidator);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request) => {
    throw new ApiError("route_not_found", {
      detail: `${request.method} ${request.url.split("?")[0] ?? ""} is no route; /v1/openapi.json lists them`,
    });
  });
  app.addHook("onSend", async (request, reply) => {
    reply.header("x-request-id", request.id);
  });
  await app.register(helmet);
  acceptYaml(app);
  endPollsOnClose(app);
  authenticate(app, context.database);
  await describeApi(app, context.version);
  await app.register(healthRoutes(context));
  await app.register(sweepRoutes(context));
  await app.register(presetRoutes());
  await app.register(runRoutes(context));
  await app.register(analysisRoutes(context));
  await app.register(reportRoutes(context));
  await app.register(checkpointRoutes(context));
  await app.register(queueRoutes(context));
  serveDocument(app);
  await app.ready();
  return app;
};
