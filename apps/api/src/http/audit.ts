/** One entry in the audit log for every request that changed something, written before it is answered. */
import { type Database, recordAudit } from "@pclab/storage";
import type { FastifyInstance } from "fastify";

const READS = ["GET", "HEAD", "OPTIONS"];

export const auditChanges = (app: FastifyInstance, database: Database): void => {
  app.addHook("onSend", async (request, reply) => {
    const { caller, method, routeOptions } = request;
    if (caller === null || READS.includes(method) || reply.statusCode >= 400) return;
    // A dry run, and an action that was done already, changed nothing.
    if (method === "POST" && reply.statusCode === 200) return;
    try {
      await recordAudit(database, {
        userId: caller.user.id,
        tokenId: caller.token.id,
        method,
        route: routeOptions.url ?? "",
        path: request.url.split("?")[0] ?? "",
        status: reply.statusCode,
        requestId: request.id,
      });
    } catch (error) {
      // What was asked for has been done: saying otherwise would be the worse lie.
      request.log.error({ err: error }, "no audit entry could be written");
    }
  });
};
