/** The people of the lab: their part of it, and their limits. */
import type { Database, Transaction } from "./database.js";
import type { User as UserRow } from "./generated/prisma/client.js";
import { newId } from "./ids.js";

export type { UserRow };

export interface User {
  id: string;
  name: string;
}

/** The first name of a user that is taken already. */
export class UserNameTakenError extends Error {
  override name = "UserNameTakenError";
}

export const findOrCreateUser = async ({ prisma }: Database, name: string): Promise<User> =>
  prisma.user.upsert({
    where: { name },
    create: { id: newId("usr"), name },
    update: {},
    select: { id: true, name: true },
  });

export interface UserShare {
  weight: number;
  softLimit: number | null;
  hardLimit: number | null;
  requestsPerMinute: number | null;
}

/** @throws UserNameTakenError */
export const createUser = async (
  { prisma }: Database,
  user: { name: string } & Partial<UserShare>,
): Promise<UserRow> => {
  // A name is taken for good: whose runs are whose must stay clear.
  const created = await prisma.user.createMany({
    data: [{ id: newId("usr"), ...user }],
    skipDuplicates: true,
  });
  if (created.count === 0) throw new UserNameTakenError(`there is a user ${user.name} already`);
  return prisma.user.findUniqueOrThrow({ where: { name: user.name } });
};

export const listUsers = async (
  { prisma }: Database,
  { limit, after }: { limit: number; after: string | null },
): Promise<UserRow[]> =>
  prisma.user.findMany({
    ...(after === null ? {} : { where: { id: { gt: after } } }),
    orderBy: { id: "asc" },
    take: limit,
  });

export const findUser = async ({ prisma }: Database, id: string): Promise<UserRow | null> =>
  prisma.user.findUnique({ where: { id } });

/** `disabled` closes or opens all of the user's tokens at once; their work stays. Null when there is no such user. */
export const updateUser = async (
  { prisma }: Database,
  id: string,
  { disabled, ...share }: Partial<UserShare> & { disabled?: boolean },
): Promise<UserRow | null> => {
  const updated = await prisma.user.updateMany({
    where: { id },
    data: {
      ...share,
      ...(disabled === undefined ? {} : { disabledAt: disabled ? new Date() : null }),
    },
  });
  return updated.count === 0 ? null : prisma.user.findUnique({ where: { id } });
};

/** Called before work is stored: where none of the user's waits or runs, a time of work begins. */
export const noteActivity = async (transaction: Transaction, userId: string): Promise<void> => {
  await transaction.$executeRaw`
    UPDATE users SET active_since = now() WHERE id = ${userId} AND NOT EXISTS (
      SELECT 1 FROM runs WHERE user_id = ${userId} AND state IN ('queued', 'starting', 'running', 'recovering'))`;
};
