/** Who changed what, and when: one entry a request that changed something. */
import type { Database } from "./database.js";
import type { AuditEntry } from "./generated/prisma/client.js";
import { newId } from "./ids.js";

export type AuditRow = AuditEntry;

export const recordAudit = async (
  { prisma }: Database,
  entry: Omit<AuditEntry, "id" | "at">,
): Promise<void> => {
  await prisma.auditEntry.create({ data: { id: newId("aud"), ...entry } });
};

/** Newest first. */
export const listAudit = async (
  { prisma }: Database,
  { userId, limit, after }: { userId?: string; limit: number; after: string | null },
): Promise<AuditRow[]> =>
  prisma.auditEntry.findMany({
    where: {
      ...(userId === undefined ? {} : { userId }),
      ...(after === null ? {} : { id: { lt: after } }),
    },
    orderBy: { id: "desc" },
    take: limit,
  });
