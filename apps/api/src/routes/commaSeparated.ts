import { z } from "zod";

/** `a,b` as a list of what `item` takes. */
export const commaSeparated = <Item extends z.ZodType<string, string>>(item: Item) =>
  z
    .string()
    .max(2000)
    .transform((text) => text.split(","))
    .pipe(z.array(item))
    .optional();
