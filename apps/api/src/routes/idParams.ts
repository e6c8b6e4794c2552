import { z } from "zod";

/** Ids as the server makes them; a path with anything else names nothing. */
export const idParams = z.object({ id: z.string().regex(/^[\w-]{1,64}$/) });
