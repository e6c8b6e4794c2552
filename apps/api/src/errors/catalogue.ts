/**
 * Every error that the API answers, in one place: its code, its status and its title. docs/ERRORS.md explains each, and
 * a test fails when it misses one.
 */
export const ERRORS = {
  malformed_body: { status: 400, title: "Body cannot be read" },
  unauthorized: { status: 401, title: "A valid bearer token is needed" },
  forbidden: { status: 403, title: "The token's scope does not allow this" },
  not_found: { status: 404, title: "No such resource" },
  route_not_found: { status: 404, title: "No such route" },
  state_conflict: { status: 409, title: "The state does not allow this" },
  idempotency_in_flight: {
    status: 409,
    title: "The first request with this key is still being answered",
  },
  duplicate_runs: { status: 409, title: "Runs of the sweep were submitted before" },
  name_taken: { status: 409, title: "The name is taken" },
  webhook_key_missing: { status: 409, title: "The server has no key for webhooks' secrets" },
  webhook_limit: { status: 409, title: "No further webhook can be made" },
  precondition_failed: { status: 412, title: "The resource has changed" },
  payload_too_large: { status: 413, title: "Body is too large" },
  unsupported_media_type: { status: 415, title: "Media type is not supported" },
  range_not_satisfiable: { status: 416, title: "Range lies outside the resource" },
  validation: { status: 422, title: "Request is invalid" },
  idempotency_key_reused: { status: 422, title: "Idempotency key was used with another body" },
  quota_exceeded: { status: 429, title: "Too much is queued" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal: { status: 500, title: "Something went wrong on the server" },
  database_away: { status: 503, title: "The database cannot be reached" },
  storage_full: { status: 507, title: "The database has no room left" },
} as const satisfies Record<string, { status: number; title: string }>;

export type ErrorCode = keyof typeof ERRORS;
