/** RFC 9457 problem details, as every error of the API is answered. */
import { PROBLEM_CODES } from "@pclab/core";
import { z } from "zod";

export const PROBLEM_MEDIA_TYPE = "application/problem+json";

export const fieldProblemSchema = z.object({
  pointer: z
    .string()
    .meta({ description: "JSON Pointer (RFC 6901) of the field; #/query/… for a query parameter" }),
  code: z.enum(PROBLEM_CODES),
  detail: z.string(),
  got: z.unknown().optional(),
  allowed: z.string().optional(),
});

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    request_id: z.string(),
    errors: z.array(fieldProblemSchema).optional(),
    state: z.string().optional(),
    allowed_actions: z.array(z.string()).optional(),
    duplicates: z.array(z.object({ index: z.int(), run_id: z.string() })).optional(),
  })
  .meta({ description: "RFC 9457 problem details; codes are listed in docs/ERRORS.md" });

export type ProblemBody = z.output<typeof problemSchema>;
