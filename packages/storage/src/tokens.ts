/** Bearer tokens. A token is shown once, when it is made; the database keeps its SHA-256 alone. */
import { createHash, randomBytes } from "node:crypto";
import type { Database } from "./database.js";
import type { Token } from "./generated/prisma/client.js";
import { newId } from "./ids.js";
import type { User } from "./users.js";

/** What a token may do; each includes those before it. */
export const TOKEN_SCOPES = ["read", "submit", "operate", "admin"] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

export const scopeIncludes = (scope: TokenScope, wanted: TokenScope): boolean =>
  TOKEN_SCOPES.indexOf(scope) >= TOKEN_SCOPES.indexOf(wanted);

/** All but the hash. */
export type TokenRow = Omit<Token, "sha256" | "scope"> & { scope: TokenScope };

/** Who asks, and with what. */
export interface Caller {
  user: User & { requestsPerMinute: number | null };
  token: { id: string; scope: TokenScope };
}

const hashOf = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(token).digest());

const newText = (): string => `pcl_${randomBytes(32).toString("base64url")}`;

const withoutHash = { omit: { sha256: true } } as const;

const asTokenRow = (row: Omit<Token, "sha256">): TokenRow => row as TokenRow;

export interface NewToken {
  userId: string;
  name: string;
  scope: TokenScope;
  expiresAt?: Date | null;
}

/** A new token of 256 random bits; the only time that its text exists on the server. */
export const createToken = async (
  { prisma }: Database,
  { userId, name, scope, expiresAt = null }: NewToken,
): Promise<{ text: string; row: TokenRow }> => {
  const text = newText();
  const row = await prisma.token.create({
    data: { id: newId("tok"), userId, name, scope, expiresAt, sha256: hashOf(text) },
    ...withoutHash,
  });
  return { text, row: asTokenRow(row) };
};

/** Null for a token that is unknown, revoked or expired, and for one of a user that is disabled. */
export const findCaller = async ({ prisma }: Database, text: string): Promise<Caller | null> => {
  const found = await prisma.token.findUnique({
    where: { sha256: hashOf(text) },
    select: {
      id: true,
      scope: true,
      revokedAt: true,
      expiresAt: true,
      user: { select: { id: true, name: true, requestsPerMinute: true, disabledAt: true } },
    },
  });
  if (found === null || found.revokedAt !== null || found.user.disabledAt !== null) return null;
  if (found.expiresAt !== null && found.expiresAt.getTime() <= Date.now()) return null;
  const { disabledAt: _, ...user } = found.user;
  return { user, token: { id: found.id, scope: found.scope as TokenScope } };
};

/** To the minute: a token that is used all the time costs one write a minute. */
export const noteTokenUse = async ({ prisma }: Database, id: string): Promise<void> => {
  await prisma.$executeRaw`
    UPDATE tokens SET last_used_at = now()
    WHERE id = ${id} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')`;
};

/** Of one user, or of all: newest last, revoked ones too. */
export const listTokens = async (
  { prisma }: Database,
  { userId, limit, after }: { userId?: string; limit: number; after: string | null },
): Promise<TokenRow[]> => {
  const rows = await prisma.token.findMany({
    where: {
      ...(userId === undefined ? {} : { userId }),
      ...(after === null ? {} : { id: { gt: after } }),
    },
    orderBy: { id: "asc" },
    take: limit,
    ...withoutHash,
  });
  return rows.map(asTokenRow);
};

export const findToken = async (
  { prisma }: Database,
  { userId, id }: { userId?: string; id: string },
): Promise<TokenRow | null> => {
  const row = await prisma.token.findFirst({
    where: { id, ...(userId === undefined ? {} : { userId }) },
    ...withoutHash,
  });
  return row === null ? null : asTokenRow(row);
};

/** Revoking what is revoked changes nothing. */
export const revokeToken = async ({ prisma }: Database, id: string): Promise<TokenRow> => {
  await prisma.token.updateMany({
    where: { id, revokedAt: null },
    data: { revokedAt: new Date() },
  });
  return asTokenRow(await prisma.token.findUniqueOrThrow({ where: { id }, ...withoutHash }));
};

/** A new token like the old one, which opens nothing from `overlapSeconds` on. */
export const rotateToken = async (
  { prisma }: Database,
  id: string,
  overlapSeconds: number,
): Promise<{ text: string; row: TokenRow }> =>
  prisma.$transaction(async (transaction) => {
    const old = await transaction.token.findUniqueOrThrow({ where: { id } });
    const ends = new Date(Date.now() + overlapSeconds * 1000);
    const end = old.expiresAt !== null && old.expiresAt < ends ? old.expiresAt : ends;
    await transaction.token.update({ where: { id }, data: { expiresAt: end } });
    const text = newText();
    const row = await transaction.token.create({
      data: {
        id: newId("tok"),
        userId: old.userId,
        name: old.name,
        scope: old.scope,
        // The same life again, from now on.
        expiresAt:
          old.expiresAt === null
            ? null
            : new Date(Date.now() + (old.expiresAt.getTime() - old.createdAt.getTime())),
        sha256: hashOf(text),
      },
      ...withoutHash,
    });
    return { text, row: asTokenRow(row) };
  });
