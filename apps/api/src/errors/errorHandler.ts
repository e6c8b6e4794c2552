/** Turns whatever a route threw into problem+json. A 5xx hides its message; the log has it under the request's id. */
import { PROBLEM_MEDIA_TYPE } from "@pclab/contracts";
import { allowedActions } from "@pclab/core";
import {
  IDEMPOTENCY_KEY_DAYS,
  IdempotencyKeyInFlightError,
  IdempotencyKeyReusedError,
  AnalysisEndedError,
  DuplicateRunsError,
  NotEndedError,
  QueuedAnalysesQuotaError,
  QueuedRunsQuotaError,
  StateConflictError,
  UserNameTakenError,
  WebhookLimitError,
  isDatabaseAway,
  isStorageFull,
} from "@pclab/storage";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { SecretKeyMissingError } from "../webhooks/secretBox.js";
import { ApiError } from "./apiError.js";

export const handleError = async (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const apiError = asApiError(error, request);
  const problem = apiError.toProblem(request.id);
  if (problem.status >= 500) request.log.error({ err: error }, "request failed");
  else request.log.info({ code: problem.code, detail: apiError.message }, "request refused");
  return (
    reply
      .code(problem.status)
      .headers(apiError.details.headers ?? {})
      .type(PROBLEM_MEDIA_TYPE)
      // Serialised here: a route's response schema has no say in how its errors look.
      .serializer((payload: unknown) => JSON.stringify(payload))
      .send(problem)
  );
};

const asApiError = (error: unknown, request: FastifyRequest): ApiError => {
  if (error instanceof ApiError) return error;
  if (error instanceof StateConflictError) {
    return new ApiError("state_conflict", {
      detail: error.message,
      members: { state: error.state, allowed_actions: allowedActions(error.state) },
    });
  }
  if (error instanceof IdempotencyKeyInFlightError) {
    return new ApiError("idempotency_in_flight", {
      detail: "repeat the request in a moment",
      headers: { "retry-after": "1" },
    });
  }
  if (error instanceof IdempotencyKeyReusedError) {
    return new ApiError("idempotency_key_reused", {
      detail: `this Idempotency-Key came with another body within ${IDEMPOTENCY_KEY_DAYS} days; use a new key`,
    });
  }
  if (error instanceof AnalysisEndedError || error instanceof NotEndedError) {
    return new ApiError("state_conflict", { detail: error.message });
  }
  if (error instanceof DuplicateRunsError) {
    return new ApiError("duplicate_runs", {
      detail: `${error.message}; leave them out, or submit with on_duplicate: reuse or run`,
      members: {
        duplicates: error.duplicates.map(({ index, runId }) => ({ index, run_id: runId })),
      },
    });
  }
  if (error instanceof UserNameTakenError) {
    return new ApiError("name_taken", { detail: error.message });
  }
  if (error instanceof SecretKeyMissingError) {
    return new ApiError("webhook_key_missing", { detail: error.message });
  }
  if (error instanceof WebhookLimitError) {
    return new ApiError("webhook_limit", { detail: error.message });
  }
  if (error instanceof QueuedRunsQuotaError || error instanceof QueuedAnalysesQuotaError) {
    return new ApiError("quota_exceeded", {
      detail: error.message,
      headers: { "retry-after": "60" },
    });
  }
  if (isStorageFull(error)) {
    return new ApiError("storage_full", {
      detail: "nothing was stored; make room on PostgreSQL's disk, then repeat the request",
    });
  }
  if (isDatabaseAway(error)) {
    return new ApiError("database_away", {
      detail: "nothing was stored; repeat the request",
      headers: { "retry-after": "2" },
    });
  }
  return fromFastify(error, request);
};

const fromFastify = (error: unknown, request: FastifyRequest): ApiError => {
  const { code, statusCode, message } = error as Partial<FastifyError>;
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE") {
    return new ApiError("payload_too_large", {
      detail: `the body may have ${request.server.initialConfig.bodyLimit} bytes; split the sweep`,
    });
  }
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") {
    return new ApiError("unsupported_media_type", {
      detail:
        `'${request.headers["content-type"] ?? ""}' is not read here; ` +
        "send Content-Type: application/json or application/yaml",
    });
  }
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500) {
    return new ApiError("malformed_body", { detail: message ?? "the request cannot be read" });
  }
  return new ApiError("internal", {
    detail: `the log has the cause under request id ${request.id}`,
  });
};
