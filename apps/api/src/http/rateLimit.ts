/** Requests a minute, counted by user, so that one program's loop does not slow everybody's. */
import rateLimit from "@fastify/rate-limit";
import type { Caller } from "@pclab/storage";
import type { FastifyInstance } from "fastify";
import { ApiError } from "../errors/apiError.js";

export const requestLimitOf = (user: Caller["user"], lab: number): number =>
  user.requestsPerMinute ?? lab;

/** @param requestsPerMinute of a user without a limit of their own */
export const limitRequests = async (
  app: FastifyInstance,
  requestsPerMinute: number,
): Promise<void> => {
  await app.register(rateLimit, {
    timeWindow: 60_000,
    max: ({ caller }) =>
      caller === null ? requestsPerMinute : requestLimitOf(caller.user, requestsPerMinute),
    // Health checks and the document, which have no user, are counted together by address.
    keyGenerator: ({ caller, ip }) => caller?.user.id ?? ip,
    errorResponseBuilder: (_request, { max, ttl }) =>
      new ApiError("rate_limited", {
        detail: `you may send ${max} requests a minute; wait, or poll with ?wait=60 or the event stream`,
        headers: { "retry-after": String(Math.ceil(ttl / 1000)) },
      }),
  });
};
