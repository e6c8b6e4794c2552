/** A body checked against its schema: every problem at once, each with its JSON Pointer. */
import { checkAgainst } from "@pclab/core";
import type { z } from "zod";
import { ApiError } from "../errors/apiError.js";

/** @throws ApiError validation */
export const readBody = <T>(schema: z.ZodType<T>, body: unknown): T => {
  const checked = checkAgainst(schema, body ?? {});
  if (!checked.ok) throw new ApiError("validation", { problems: checked.problems });
  return checked.value;
};
