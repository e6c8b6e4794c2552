import type { madeTokenSchema, tokenSchema, userSchema } from "@pclab/contracts";
import type { TokenRow, UserRow } from "@pclab/storage";
import type { z } from "zod";

export const viewToken = (row: TokenRow): z.output<typeof tokenSchema> => ({
  id: row.id,
  user_id: row.userId,
  name: row.name,
  scope: row.scope,
  created_at: row.createdAt.toISOString(),
  expires_at: row.expiresAt?.toISOString() ?? null,
  revoked_at: row.revokedAt?.toISOString() ?? null,
  last_used_at: row.lastUsedAt?.toISOString() ?? null,
});

export const viewMadeToken = ({
  text,
  row,
}: {
  text: string;
  row: TokenRow;
}): z.output<typeof madeTokenSchema> => ({ ...viewToken(row), token: text });

export const viewUser = (row: UserRow): z.output<typeof userSchema> => ({
  id: row.id,
  name: row.name,
  weight: row.weight,
  soft_limit: row.softLimit,
  hard_limit: row.hardLimit,
  requests_per_minute: row.requestsPerMinute,
  disabled: row.disabledAt !== null,
  created_at: row.createdAt.toISOString(),
});
