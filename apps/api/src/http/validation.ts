/** Parameters and headers are validated by their route's schema; a body by its route, with pointers of its own. */
import { checkAgainst } from "@pclab/core";
import type { FastifySchemaCompiler } from "fastify";
import type { z } from "zod";
import { ApiError } from "../errors/apiError.js";

const POINTER_OF_PART: Record<string, string> = {
  querystring: "query",
  headers: "headers",
};

export const compileValidator: FastifySchemaCompiler<z.ZodType> = ({
  schema,
  httpPart = "body",
}) => {
  if (httpPart === "body") return (value: unknown) => ({ value });
  return (value: unknown) => {
    const checked = checkAgainst(schema, value, [POINTER_OF_PART[httpPart] ?? httpPart]);
    if (checked.ok) return { value: checked.value };
    // A path that cannot be an id is a resource that is not there.
    if (httpPart === "params")
      return { error: new ApiError("not_found", { detail: "there is nothing at this path" }) };
    return { error: new ApiError("validation", { problems: checked.problems }) };
  };
};
