/** What a list of runs can be asked for. */
import { pageQuerySchema } from "@pclab/contracts";
import { ALGORITHMS, RUN_STATES, tagSchema } from "@pclab/core";
import { RUN_SORT_KEYS, type Reach, type RunSort } from "@pclab/storage";
import { z } from "zod";
import { parseCursor } from "../views/cursor.js";
import { commaSeparated } from "./commaSeparated.js";

const sortWords = RUN_SORT_KEYS.flatMap((key) => [key, `-${key}`]) as [string, ...string[]];

export const runListQuery = pageQuerySchema.extend({
  state: commaSeparated(z.enum(RUN_STATES)).meta({ description: "states, comma-separated" }),
  tag: commaSeparated(tagSchema).meta({ description: "tags, comma-separated; all of them" }),
  algorithm: commaSeparated(z.enum(ALGORITHMS)).meta({ description: "comma-separated" }),
  name: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .optional()
    .meta({ description: "such as pc_256_8_rc2" }),
  sort: z
    .enum(sortWords)
    .default("created_at")
    .meta({ description: "with - downwards; what has no value comes last" }),
});

export const sortOf = (word: string): RunSort => ({
  by: word.replace(/^-/, "") as RunSort["by"],
  descending: word.startsWith("-"),
});

/** The query of a list of runs as storage wants it, one row more than the page has. */
export const runListOf = ({
  limit,
  cursor,
  sort,
  state,
  tag,
  algorithm,
  name,
}: z.output<typeof runListQuery>) => ({
  limit: limit + 1,
  sort: sortOf(sort),
  after: cursor === undefined ? null : parseCursor(cursor),
  ...(state === undefined ? {} : { states: state }),
  ...(tag === undefined ? {} : { tags: tag }),
  ...(algorithm === undefined ? {} : { algorithms: algorithm }),
  ...(name === undefined ? {} : { name }),
});

/** Whose: `me`, `all` of what one may read, or somebody's name. */
export const ownerQuery = z
  .string()
  .regex(/^[\w.-]{1,40}$/)
  .default("me")
  .meta({ description: "me, all, or a name" });

/** One's own are found by an index that what others share would not let be used. */
export const ownersOf = (
  user: string,
  reader: { userId: string; reach: Reach },
): { userId: string; reach: Reach; owners?: readonly string[] } => {
  if (user === "me") return { userId: reader.userId, reach: "own" };
  return user === "all" ? reader : { ...reader, owners: [user] };
};
