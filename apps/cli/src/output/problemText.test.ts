import { expect, test } from "vitest";
import { ProblemError, usageError } from "../cliError.js";
import { exitCodeOf } from "../exitCodes.js";
import { errorText } from "./problemText.js";
import { styleOf } from "./style.js";

const plain = styleOf(false);
const problem = {
  type: "/problems/x",
  title: "Request is invalid",
  status: 422,
  code: "validation",
  request_id: "req_1",
};

test("every problem of a body stands with its pointer, what was there and what is allowed", () => {
  const errors = [
    {
      pointer: "#/base/width",
      code: "minimum" as const,
      detail: "width must be >= 1",
      got: -3,
      allowed: ">= 1",
    },
    {
      pointer: "#/base/engine",
      code: "not_allowed" as const,
      detail: "no such engine",
      got: "x",
      allowed: "auto, native",
    },
  ];
  expect(errorText(new ProblemError({ ...problem, errors }, null), plain)).toBe(
    "error: Request is invalid\n" +
      "  #/base/width  width must be >= 1 (got -3)\n" +
      '  #/base/engine  no such engine (got "x"; allowed: auto, native)\n',
  );
});

test("a refusal says the way out: what is allowed, when to come again", () => {
  const conflict = new ProblemError(
    {
      ...problem,
      title: "No",
      status: 409,
      code: "state_conflict",
      state: "failed",
      allowed_actions: ["retry"],
    },
    null,
  );
  expect(errorText(conflict, plain)).toBe(
    "error: No\n  it is failed\n  → it can be asked to: retry\n",
  );
  const limit = new ProblemError(
    { ...problem, title: "No", status: 429, code: "rate_limited" },
    60,
  );
  expect(errorText(limit, plain)).toBe("error: No\n  → try again in 60 s\n");
});

test("a fault of the server names its request, which the log has", () => {
  const fault = new ProblemError({ ...problem, title: "No", status: 500, code: "internal" }, null);
  expect(errorText(fault, plain)).toContain("request req_1");
});

test("a usage error has its way out below it", () => {
  expect(errorText(usageError("which file?", "pclab submit FILE"), plain)).toBe(
    "error: which file?\n  → pclab submit FILE\n",
  );
});

test.each([
  [400, 6],
  [401, 4],
  [403, 4],
  [404, 5],
  [409, 7],
  [412, 7],
  [413, 6],
  [415, 6],
  [422, 6],
  [429, 8],
  [500, 9],
  [502, 9],
  [503, 3],
  [507, 8],
])("an HTTP status %d ends with %d", (status, exitCode) => {
  expect(exitCodeOf(status)).toBe(exitCode);
});
