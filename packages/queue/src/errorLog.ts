/** Says once that the queue is away, not at each of the attempts to reach it again. */

/** The part of a pino logger that the queue needs. */
export interface QueueLogger {
  warn(fields: object, message: string): void;
}

/** The same error is logged again after so long. */
const REPEAT_MS = 60_000;

/** Only the message is logged: a Redis error carries the command with its arguments, the password of AUTH included. */
export const createErrorLog = (logger: QueueLogger): ((error: Error, what: string) => void) => {
  const loggedMs = new Map<string, number>();
  return (error, what) => {
    const nowMs = performance.now();
    const key = `${what}: ${error.message}`;
    const last = loggedMs.get(key);
    if (last !== undefined && nowMs - last < REPEAT_MS) return;
    // Messages that name a job would fill the map in a long life.
    if (loggedMs.size > 100) loggedMs.clear();
    loggedMs.set(key, nowMs);
    logger.warn({ error: error.message }, what);
  };
};
