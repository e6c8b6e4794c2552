/** The HTTP application: a function of what it depends on, without a process or a port of its own. */
import { randomUUID } from "node:crypto";
import etag from "@fastify/etag";
import helmet from "@fastify/helmet";
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from "fastify";
import { serializerCompiler } from "fastify-type-provider-zod";
import type { AppContext } from "./context.js";
import { ApiError } from "./errors/apiError.js";
import { handleError } from "./errors/errorHandler.js";
import { auditChanges } from "./http/audit.js";
import { authenticate } from "./http/authentication.js";
import { BODY_LIMIT_BYTES, acceptYaml } from "./http/bodies.js";
import { endPollsOnClose } from "./http/longPoll.js";
import { limitRequests } from "./http/rateLimit.js";
import { answerText } from "./http/textTables.js";
import { compileValidator } from "./http/validation.js";
import { describeApi, serveDocument } from "./openapi.js";
import { actionRoutes } from "./routes/actions.js";
import { analysisRoutes } from "./routes/analyses.js";
import { auditRoutes } from "./routes/audit.js";
import { checkpointRoutes } from "./routes/checkpoints.js";
import { compareRoutes } from "./routes/compare.js";
import { eventRoutes } from "./routes/events.js";
import { exportRoutes } from "./routes/exports.js";
import { healthRoutes } from "./routes/health.js";
import { presetRoutes } from "./routes/presets.js";
import { queueRoutes } from "./routes/queue.js";
import { reportRoutes } from "./routes/reports.js";
import { runDetailRoutes } from "./routes/runDetails.js";
import { runRoutes } from "./routes/runs.js";
import { submissionRoutes } from "./routes/submissions.js";
import { sweepRoutes } from "./routes/sweeps.js";
import { tokenRoutes } from "./routes/tokens.js";
import { userRoutes } from "./routes/users.js";
import { webhookDeliveryRoutes } from "./routes/webhookDeliveries.js";
import { webhookRoutes } from "./routes/webhooks.js";
import { workerRoutes } from "./routes/workers.js";

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
  // What the line still reads goes through the connections that the caller closes next.
  app.addHook("onClose", () => context.line.settled());
  authenticate(app, context.database);
  await limitRequests(app, context.requestsPerMinute);
  await app.register(etag, { replyWith304: true });
  answerText(app);
  auditChanges(app, context.database);
  await describeApi(app, context.version);
  await app.register(healthRoutes(context));
  await app.register(submissionRoutes(context));
  await app.register(sweepRoutes(context));
  await app.register(presetRoutes());
  await app.register(runRoutes(context));
  await app.register(runDetailRoutes(context));
  await app.register(actionRoutes(context));
  await app.register(compareRoutes(context));
  await app.register(eventRoutes(context));
  await app.register(exportRoutes(context));
  await app.register(analysisRoutes(context));
  await app.register(reportRoutes(context));
  await app.register(checkpointRoutes(context));
  await app.register(queueRoutes(context));
  await app.register(workerRoutes(context));
  await app.register(tokenRoutes(context));
  await app.register(userRoutes(context));
  await app.register(webhookRoutes(context));
  await app.register(webhookDeliveryRoutes(context));
  await app.register(auditRoutes(context));
  await serveDocument(app);
  await app.ready();
  return app;
};
