/** Webhooks: one's own, which nobody else sees. A URL may be a secret itself, so a token that only reads does not open them. */
import {
  madeWebhookSchema,
  newWebhookSchema,
  pageOf,
  pageQuerySchema,
  secretRotationSchema,
  webhookChangesSchema,
  webhookSchema,
} from "@pclab/contracts";
import { type Problem, WEBHOOK_EVENTS } from "@pclab/core";
import {
  createWebhook,
  deleteWebhook,
  findSweep,
  findWebhook,
  listWebhooks,
  rotateWebhookSecret,
  updateWebhook,
} from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { ApiError } from "../errors/apiError.js";
import { notFound } from "../findOr404.js";
import { userOf } from "../http/authentication.js";
import { definedOnly } from "../http/definedOnly.js";
import { readBody } from "../http/readBody.js";
import type { Columns } from "../http/textTables.js";
import { stale, tagVersion, versionWanted } from "../http/versionTag.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { viewMadeWebhook, viewWebhook } from "../views/webhookView.js";
import { newSecret } from "../webhooks/secretBox.js";
import { refusedLiteral } from "../webhooks/targets.js";
import { BODY_EXAMPLES } from "./bodyExamples.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

type WebhookBody = z.output<typeof webhookSchema>;

const COLUMNS: Columns = [
  ["id", ({ id }: WebhookBody) => id],
  ["url", ({ url }: WebhookBody) => url.slice(0, 60)],
  [
    "events",
    ({ events }: WebhookBody) => (events.length === WEBHOOK_EVENTS.length ? "all" : events),
  ],
  ["sweep", ({ sweep_id }: WebhookBody) => sweep_id],
  ["tag", ({ tag }: WebhookBody) => tag],
  ["enabled", ({ enabled }: WebhookBody) => enabled],
  ["failing since", ({ failing_since }: WebhookBody) => failing_since],
];

export const webhookRoutes =
  ({ database, webhooks }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const config = { scope: "submit" } as const;

    /** What the body's schema cannot know: where this lab's messages may go, and which sweeps there are. */
    const refuseElsewhere = async (
      userId: string,
      {
        url,
        sweep_id: sweepId,
      }: { url?: string | undefined; sweep_id?: string | null | undefined },
    ): Promise<void> => {
      const problems: Problem[] = [];
      const refused = url === undefined ? null : refusedLiteral(new URL(url), webhooks.networks);
      if (refused !== null)
        problems.push({ pointer: "#/url", code: "not_allowed", detail: refused.message });
      if (sweepId != null && (await findSweep(database, { userId, id: sweepId })) === null) {
        problems.push({
          pointer: "#/sweep_id",
          code: "not_available",
          got: sweepId,
          detail: `there is no sweep ${sweepId} of yours`,
        });
      }
      if (problems.length > 0) throw new ApiError("validation", { problems });
    };

    app.get(
      "/v1/webhooks",
      {
        config: { ...config, columns: COLUMNS },
        schema: {
          summary: "Your webhooks",
          tags: ["webhooks"],
          querystring: pageQuerySchema,
          response: { 200: pageOf(webhookSchema), ...errorResponses(401, 403, 422, 429, 503) },
        },
      },
      async (request, reply) => {
        const { limit, cursor } = request.query;
        const rows = await listWebhooks(database, {
          userId: userOf(request).id,
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage({ request, reply }, idsOf(rows), limit, rows.map(viewWebhook));
      },
    );

    app.post(
      "/v1/webhooks",
      {
        config,
        schema: {
          summary: "Be told of what ends: a signed POST to your address",
          description:
            "Messages are signed as Standard Webhooks has it (docs/WEBHOOKS.md). The secret is in this answer and nowhere else.",
          tags: ["webhooks"],
          body: newWebhookSchema.meta({ examples: BODY_EXAMPLES.webhook }),
          response: {
            201: madeWebhookSchema,
            ...errorResponses(400, 401, 403, 409, 413, 415, 422, 429, 503, 507),
          },
        },
      },
      async (request, reply) => {
        const userId = userOf(request).id;
        const body = readBody(newWebhookSchema, request.body);
        await refuseElsewhere(userId, body);
        const secret = newSecret();
        const row = await createWebhook(
          database,
          {
            userId,
            url: body.url,
            description: body.description ?? "",
            events: body.events ?? WEBHOOK_EVENTS,
            sweepId: body.sweep_id ?? null,
            tag: body.tag ?? null,
          },
          (id) => webhooks.secrets.seal(secret, id),
        );
        return reply
          .code(201)
          .header("location", `/v1/webhooks/${row.id}`)
          .header("cache-control", "no-store")
          .send(viewMadeWebhook(row, secret));
      },
    );

    app.get(
      "/v1/webhooks/:id",
      {
        config,
        schema: {
          summary: "A webhook, without its secret",
          tags: ["webhooks"],
          params: idParams,
          response: { 200: webhookSchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const row = await findWebhook(database, { userId: userOf(request).id, id });
        if (row === null) throw notFound("webhook", id);
        const body = viewWebhook(row);
        tagVersion(reply, row.version, body);
        return body;
      },
    );

    app.patch(
      "/v1/webhooks/:id",
      {
        config,
        schema: {
          summary: "Change a webhook, or enable it again",
          description:
            "`If-Match` with the webhook's ETag refuses to change what has changed meanwhile.",
          tags: ["webhooks"],
          params: idParams,
          body: webhookChangesSchema.meta({ examples: BODY_EXAMPLES.webhookChanges }),
          response: {
            200: webhookSchema,
            ...errorResponses(400, 401, 403, 404, 412, 413, 415, 422, 429, 503, 507),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const userId = userOf(request).id;
        if ((await findWebhook(database, { userId, id })) === null) throw notFound("webhook", id);
        const body = readBody(webhookChangesSchema, request.body);
        await refuseElsewhere(userId, body);
        const { sweep_id: sweepId, ...others } = body;
        const row = await updateWebhook(
          database,
          { userId, id },
          definedOnly({ ...others, sweepId }),
          versionWanted(request),
        );
        if (row === null) throw notFound("webhook", id);
        if (row === "stale") throw stale(request.headers["if-match"]);
        const changed = viewWebhook(row);
        tagVersion(reply, row.version, changed);
        return changed;
      },
    );

    app.post(
      "/v1/webhooks/:id/rotate",
      {
        config,
        schema: {
          summary: "A new secret; for a while messages are signed with the old one too",
          tags: ["webhooks"],
          params: idParams,
          body: secretRotationSchema.optional().meta({ examples: BODY_EXAMPLES.rotation }),
          response: {
            201: madeWebhookSchema,
            ...errorResponses(400, 401, 403, 404, 409, 413, 415, 422, 429, 503, 507),
          },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const { overlap_seconds: overlapSeconds } = readBody(secretRotationSchema, request.body);
        const secret = newSecret();
        const sealed = webhooks.secrets.seal(secret, id);
        const key = { userId: userOf(request).id, id };
        const row = await rotateWebhookSecret(database, key, { sealed, overlapSeconds });
        if (row === null) throw notFound("webhook", id);
        return reply
          .code(201)
          .header("location", `/v1/webhooks/${id}`)
          .header("cache-control", "no-store")
          .send(viewMadeWebhook(row, secret));
      },
    );

    app.delete(
      "/v1/webhooks/:id",
      {
        config,
        schema: {
          summary: "Delete a webhook, with its deliveries",
          tags: ["webhooks"],
          params: idParams,
          response: { 204: z.null(), ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        if (!(await deleteWebhook(database, { userId: userOf(request).id, id })))
          throw notFound("webhook", id);
        return reply.code(204).send(null);
      },
    );
  };
