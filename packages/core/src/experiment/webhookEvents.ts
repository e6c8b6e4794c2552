/** What a webhook can be told of: every end of a run, of a sweep and of an analysis. */
export const WEBHOOK_EVENTS = [
  "run.succeeded",
  "run.pruned",
  "run.failed",
  "run.canceled",
  "sweep.completed",
  "sweep.failed",
  "sweep.canceled",
  "analysis.succeeded",
  "analysis.failed",
  "analysis.canceled",
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** A test by its owner, which every webhook gets. */
export const WEBHOOK_PING = "webhook.ping";

export type WebhookMessageType = WebhookEvent | typeof WEBHOOK_PING;
