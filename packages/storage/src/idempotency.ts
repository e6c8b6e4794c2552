/** Idempotency keys (draft-ietf-httpapi-idempotency-key-header): one stored answer per user and key. */
import type { Transaction } from "./database.js";
import type { Prisma } from "./generated/prisma/client.js";

export interface IdempotencyClaim {
  userId: string;
  key: string;
  /** SHA-256 of the request's canonical body. */
  bodySha256: Uint8Array<ArrayBuffer>;
}

export interface Replay {
  status: number;
  response: unknown;
}

/** The same key came with another body: 422. */
export class IdempotencyKeyReusedError extends Error {
  override name = "IdempotencyKeyReusedError";
}

/** The first request with this key has not been answered yet: 409. */
export class IdempotencyKeyInFlightError extends Error {
  override name = "IdempotencyKeyInFlightError";
}

/** How long a key is remembered. */
export const IDEMPOTENCY_KEY_DAYS = 7;

/**
 * Takes the key for this transaction and stores the answer with it; or returns the answer stored before. An advisory
 * lock, which a crash releases, tells a request in flight from one that was answered.
 */
export const claimIdempotencyKey = async (
  transaction: Transaction,
  { userId, key, bodySha256 }: IdempotencyClaim,
  answer: () => Prisma.InputJsonValue,
): Promise<Replay | null> => {
  const [lock] = await transaction.$queryRaw<{ locked: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(hashtextextended(${`${userId} ${key}`}, 0)) AS locked`;
  if (lock?.locked !== true) throw new IdempotencyKeyInFlightError();
  await transaction.$executeRaw`
    DELETE FROM idempotency_keys
    WHERE user_id = ${userId} AND created_at < now() - make_interval(days => ${IDEMPOTENCY_KEY_DAYS}::int)`;
  const known = await transaction.idempotencyKey.findUnique({
    where: { userId_key: { userId, key } },
  });
  if (known !== null) {
    if (Buffer.compare(known.bodySha256, bodySha256) !== 0) throw new IdempotencyKeyReusedError();
    return { status: known.status, response: known.response };
  }
  await transaction.idempotencyKey.create({
    data: { userId, key, bodySha256, status: 201, response: answer() },
  });
  return null;
};
