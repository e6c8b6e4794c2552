/** Whose sweeps, runs and what hangs on them somebody may see. */
import type { Prisma } from "./generated/prisma/client.js";

/**
 * `own`: theirs alone; `shared`: also what its owner shares with the lab, to read; `all`: everybody's, for those who run
 * the lab.
 */
export type Reach = "own" | "shared" | "all";

export interface Viewer {
  userId: string;
  /** Without it, their own. */
  reach?: Reach;
}

export const runsInReach = ({ userId, reach = "own" }: Viewer): Prisma.RunWhereInput => {
  if (reach === "all") return {};
  return reach === "own" ? { userId } : { OR: [{ userId }, { sweep: { shared: true } }] };
};

export const sweepsInReach = ({ userId, reach = "own" }: Viewer): Prisma.SweepWhereInput => {
  if (reach === "all") return {};
  return reach === "own" ? { userId } : { OR: [{ userId }, { shared: true }] };
};
