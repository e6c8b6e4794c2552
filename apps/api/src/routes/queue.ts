import { explanationSchema, queueSchema, usageSchema } from "@pclab/contracts";
import { explainPlace } from "@pclab/core";
import {
  MAX_QUEUED_RUNS_PER_USER,
  type RunRow,
  capacity,
  countQueue,
  findUser,
  listRuns,
  readUsage,
  usedSlotSeconds,
} from "@pclab/storage";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { z } from "zod";
import type { AppContext } from "../context.js";
import { runOr404 } from "../findOr404.js";
import { callerOf, readerOf, userOf } from "../http/authentication.js";
import { requestLimitOf } from "../http/rateLimit.js";
import { errorResponses } from "./errorResponses.js";

const SHOWN_RUNS = 100;

export const queueRoutes =
  ({ database, leaseMs, line, requestsPerMinute }: AppContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      "/v1/queue",
      {
        schema: {
          summary: "How full the lab is, and where your runs stand in line",
          tags: ["queue"],
          response: { 200: queueSchema, ...errorResponses(401, 403, 429, 503) },
        },
      },
      async (request) => {
        const [{ queued, running }, { workers, slots, busySlots }, own] = await Promise.all([
          countQueue(database),
          capacity(database, leaseMs),
          listRuns(database, {
            userId: userOf(request).id,
            states: ["queued"],
            limit: SHOWN_RUNS,
            after: null,
          }),
        ]);
        const places = await line.placesOf(own);
        return {
          queued,
          running,
          workers,
          slots: { total: slots, busy: busySlots },
          next: own
            .flatMap((run) => {
              const place = places.get(run.id);
              // A run claimed between the two queries is no longer in line.
              if (place === undefined) return [];
              return [
                {
                  position: place.position,
                  run_id: run.id,
                  name: run.name,
                  sweep_id: run.sweepId,
                  queued_at: run.queuedAt.toISOString(),
                  eta: place.eta?.toISOString() ?? null,
                },
              ];
            })
            .sort((a, b) => a.position - b.position),
        };
      },
    );

    app.get(
      "/v1/queue/explain",
      {
        schema: {
          summary: "Why a run waits, in one sentence, and when it should start",
          tags: ["queue"],
          querystring: z.strictObject({
            run: z
              .string()
              .regex(/^[\w-]{1,64}$/)
              .meta({ description: "the run's id" }),
          }),
          response: { 200: explanationSchema, ...errorResponses(401, 403, 404, 422, 429, 503) },
        },
      },
      async (request) => {
        const run = await runOr404(database, readerOf(request), request.query.run);
        const facts = run.state === "queued" ? await line.factsOf(run) : null;
        return {
          run_id: run.id,
          state: run.state,
          sentence: facts === null ? explainState(run) : explainPlace(facts),
          facts:
            facts === null
              ? null
              : {
                  position: facts.position,
                  priority_class: facts.priorityClass,
                  own_ahead: facts.ownAhead,
                  others_ahead: facts.othersAhead,
                  slots_total: facts.totalSlots,
                  slots_in_use: facts.slotsInUse,
                  slots_entitled: facts.entitlement,
                  seconds_to_start: facts.startSeconds,
                },
        };
      },
    );

    app.get(
      "/v1/me/usage",
      {
        schema: {
          summary: "What you have used of the lab, your part of it and your limits",
          tags: ["users"],
          response: { 200: usageSchema, ...errorResponses(401, 403, 429, 503) },
        },
      },
      async (request) => {
        const { user, token } = callerOf(request);
        const [row, usage, decayed] = await Promise.all([
          findUser(database, user.id),
          readUsage(database, user.id),
          usedSlotSeconds(database, user.id),
        ]);
        return {
          user: { id: user.id, name: user.name },
          scope: token.scope,
          weight: row?.weight ?? 1,
          soft_limit: row?.softLimit ?? null,
          hard_limit: row?.hardLimit ?? null,
          requests_per_minute: requestLimitOf(user, requestsPerMinute),
          queued_runs: usage.queuedRuns,
          queued_runs_limit: MAX_QUEUED_RUNS_PER_USER,
          slots_in_use: usage.slotsInUse,
          slot_seconds: {
            decayed,
            last_day: usage.lastDaySlotSeconds,
            last_week: usage.lastWeekSlotSeconds,
          },
        };
      },
    );
  };

const explainState = ({ state, stopAfterEpochs }: RunRow): string => {
  if (state === "waiting_search") {
    return `It waits at epoch ${stopAfterEpochs} for the other runs of its sweep; once all have come there or ended, the best go on.`;
  }
  if (state === "waiting_storage") {
    return "It waits for room on PostgreSQL's disk, and is tried again by itself from its last checkpoint.";
  }
  return `It does not wait: it is ${state}.`;
};
