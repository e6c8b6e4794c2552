/** JSON comes with Fastify; YAML 1.2 is read here, without tags of its own and with a bound on aliases. */
import type { FastifyInstance } from "fastify";
import { parseDocument } from "yaml";
import { ApiError } from "../errors/apiError.js";

/** Bytes of a body. */
export const BODY_LIMIT_BYTES = 1024 * 1024;

/** Alias expansions allowed: a handful serves a sweep, a bomb needs thousands. */
const MAX_ALIASES = 100;

/** Levels a body may nest: a spec has four; the parser recurses. */
const MAX_DEPTH = 64;

export const acceptYaml = (app: FastifyInstance): void => {
  app.addContentTypeParser(
    ["application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"],
    { parseAs: "string", bodyLimit: BODY_LIMIT_BYTES },
    async (_request: unknown, text: string | Buffer) => parseYaml(text.toString()),
  );
};

export const parseYaml = (text: string): unknown => {
  refuseDeepNesting(text);
  let value: unknown;
  try {
    const document = parseDocument(text, { schema: "core", uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    throw new ApiError("malformed_body", { detail: `not valid YAML: ${(error as Error).message}` });
  }
  return value;
};

/** Columns that may stand before a line's first word: more than any person indents. */
const MAX_INDENT_COLUMNS = 256;

/** A bound on what the recursive parser is given, linear in the text: open flow brackets, and indentation of any kind. */
const refuseDeepNesting = (text: string): void => {
  let open = 0;
  let indentColumns = 0;
  let isIndent = true;
  for (const character of text) {
    if (character === "\n") {
      indentColumns = 0;
      isIndent = true;
      continue;
    }
    if (character === "[" || character === "{") open += 1;
    else if (character === "]" || character === "}") open -= 1;
    isIndent &&= " \t-?:".includes(character);
    if (isIndent) indentColumns += 1;
    if (open > MAX_DEPTH || indentColumns > MAX_INDENT_COLUMNS) {
      throw new ApiError("malformed_body", {
        detail: `the YAML nests deeper than ${MAX_DEPTH} levels or indents by more than ${MAX_INDENT_COLUMNS} columns`,
      });
    }
  }
};
