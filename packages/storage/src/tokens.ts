/** Users and their bearer tokens. A token is shown once, when it is made; the database keeps its SHA-256 alone. */
import { createHash, randomBytes } from "node:crypto";
import type { Database } from "./database.js";
import { newId } from "./ids.js";

export interface User {
  id: string;
  name: string;
}

const hashOf = (token: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(token).digest());

export const findOrCreateUser = async ({ prisma }: Database, name: string): Promise<User> =>
  prisma.user.upsert({
    where: { name },
    create: { id: newId("usr"), name },
    update: {},
    select: { id: true, name: true },
  });

/** A new token of 256 random bits for the user; the only time that its text exists on the server. */
export const createToken = async (
  { prisma }: Database,
  { userId, name }: { userId: string; name: string },
): Promise<string> => {
  const token = `pcl_${randomBytes(32).toString("base64url")}`;
  await prisma.token.create({ data: { id: newId("tok"), userId, name, sha256: hashOf(token) } });
  return token;
};

/** Null for a token that is unknown or revoked. */
export const findUserByToken = async (
  { prisma }: Database,
  token: string,
): Promise<User | null> => {
  const found = await prisma.token.findUnique({
    where: { sha256: hashOf(token) },
    select: { revokedAt: true, user: { select: { id: true, name: true } } },
  });
  return found === null || found.revokedAt !== null ? null : found.user;
};
