import { auditSchema, pageOf, pageQuerySchema } from "@pclab/contracts";
import { listAudit } from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import type { Columns } from "../http/textTables.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { errorResponses } from "./errorResponses.js";

type AuditBody = z.output<typeof auditSchema>;

const COLUMNS: Columns = [
  ["at", ({ at }: AuditBody) => at],
  ["user", ({ user_id }: AuditBody) => user_id],
  ["what", ({ method, path }: AuditBody) => `${method} ${path}`],
  ["status", ({ status }: AuditBody) => status],
];

export const auditRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/audit",
      {
        config: { scope: "admin", columns: COLUMNS },
        schema: {
          summary: "Every request that changed something, newest first",
          tags: ["users"],
          querystring: pageQuerySchema.extend({
            user_id: z
              .string()
              .regex(/^\w{1,64}$/)
              .optional()
              .meta({ description: "of one user alone" }),
          }),
          response: { 200: pageOf(auditSchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor, user_id } = request.query;
        const rows = await listAudit(database, {
          ...(user_id === undefined ? {} : { userId: user_id }),
          limit: limit + 1,
          after: cursor ?? null,
        });
        const items = rows.map(({ userId, tokenId, requestId, at, ...row }) => ({
          ...row,
          at: at.toISOString(),
          user_id: userId,
          token_id: tokenId,
          request_id: requestId,
        }));
        return viewPage({ request, reply }, idsOf(rows), limit, items);
      },
    );
  };
