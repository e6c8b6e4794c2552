/** What was sent to a webhook, how often it was tried, and sending it again. */
import { deliverySchema, deliveryWithBodySchema, pageOf, pageQuerySchema } from "@pclab/contracts";
import {
  DELIVERY_STATES,
  findDelivery,
  findWebhook,
  listDeliveries,
  pingWebhook,
  redeliver,
} from "@pclab/storage";
import type { FastifyRequest } from "fastify";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { notFound } from "../findOr404.js";
import { userOf } from "../http/authentication.js";
import type { Columns } from "../http/textTables.js";
import { idsOf, viewPage } from "../views/pageView.js";
import { viewDelivery, viewDeliveryWithBody } from "../views/webhookView.js";
import { commaSeparated } from "./commaSeparated.js";
import { errorResponses } from "./errorResponses.js";
import { idParams } from "./idParams.js";

type DeliveryBody = z.output<typeof deliverySchema>;

const COLUMNS: Columns = [
  ["id", ({ id }: DeliveryBody) => id],
  ["type", ({ type }: DeliveryBody) => type],
  ["state", ({ state }: DeliveryBody) => state],
  ["tries", ({ attempts }: DeliveryBody) => attempts],
  ["status", ({ response_status }: DeliveryBody) => response_status],
  ["next try", ({ next_attempt_at }: DeliveryBody) => next_attempt_at],
  ["error", ({ error }: DeliveryBody) => error?.slice(0, 60)],
];

const deliveryParams = idParams.extend({ delivery: idParams.shape.id });

export const webhookDeliveryRoutes =
  ({ database }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    const config = { scope: "submit" } as const;

    const webhookOr404 = async (request: FastifyRequest, id: string): Promise<void> => {
      const webhook = await findWebhook(database, { userId: userOf(request).id, id });
      if (webhook === null) throw notFound("webhook", id);
    };

    app.post(
      "/v1/webhooks/:id/ping",
      {
        config,
        schema: {
          summary: "Send the webhook a message that tells of nothing, to try it",
          description: "It goes the way of all messages; `GET` of the delivery says how it went.",
          tags: ["webhooks"],
          params: idParams,
          response: { 202: deliverySchema, ...errorResponses(401, 403, 404, 429, 503, 507) },
        },
      },
      async (request, reply) => {
        const { id } = request.params;
        const delivery = await pingWebhook(database, { userId: userOf(request).id, id });
        if (delivery === null) throw notFound("webhook", id);
        return reply
          .code(202)
          .header("location", `/v1/webhooks/${id}/deliveries/${delivery.id}`)
          .send(viewDelivery(delivery));
      },
    );

    app.get(
      "/v1/webhooks/:id/deliveries",
      {
        config: { ...config, columns: COLUMNS },
        schema: {
          summary: "The messages to a webhook, newest first; kept for 30 days",
          tags: ["webhooks"],
          params: idParams,
          querystring: pageQuerySchema.extend({
            state: commaSeparated(z.enum(DELIVERY_STATES)).meta({
              description: "states, comma-separated; all without it",
            }),
          }),
          response: {
            200: pageOf(deliverySchema),
            ...errorResponses(401, 403, 404, 422, 429, 503),
          },
        },
      },
      async (request, reply) => {
        const { limit, cursor, state } = request.query;
        await webhookOr404(request, request.params.id);
        const rows = await listDeliveries(database, {
          webhookId: request.params.id,
          states: state,
          limit: limit + 1,
          after: cursor ?? null,
        });
        return viewPage({ request, reply }, idsOf(rows), limit, rows.map(viewDelivery));
      },
    );

    app.get(
      "/v1/webhooks/:id/deliveries/:delivery",
      {
        config,
        schema: {
          summary: "A message to a webhook, with the text that is sent",
          tags: ["webhooks"],
          params: deliveryParams,
          response: { 200: deliveryWithBodySchema, ...errorResponses(401, 403, 404, 429, 503) },
        },
      },
      async (request) => {
        const { id: webhookId, delivery: id } = request.params;
        await webhookOr404(request, webhookId);
        const delivery = await findDelivery(database, { webhookId, id });
        if (delivery === null) throw notFound("delivery", id);
        return viewDeliveryWithBody(delivery);
      },
    );

    app.post(
      "/v1/webhooks/:id/deliveries/:delivery/redeliver",
      {
        config,
        schema: {
          summary: "Send a message again, with the same webhook-id, at once",
          tags: ["webhooks"],
          params: deliveryParams,
          response: { 202: deliverySchema, ...errorResponses(401, 403, 404, 429, 503, 507) },
        },
      },
      async (request, reply) => {
        const { id: webhookId, delivery: id } = request.params;
        await webhookOr404(request, webhookId);
        const delivery = await redeliver(database, { webhookId, id });
        if (delivery === null) throw notFound("delivery", id);
        return reply.code(202).send(viewDelivery(delivery));
      },
    );
  };
