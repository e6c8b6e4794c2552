/** What went wrong, for people: every problem with its pointer, and the way out. */
import type { ProblemBody } from "@pclab/contracts";
import { type CliError, ProblemError } from "../cliError.js";
import type { Style } from "./style.js";
import { printable } from "./text.js";

export const errorText = (error: CliError, style: Style): string => {
  const lines =
    error instanceof ProblemError ? problemLines(error, style) : [printable(error.message)];
  const ways = [...error.wayOut, ...(error instanceof ProblemError ? waysOut(error) : [])];
  return [
    `${style.bad("error:")} ${lines[0] ?? ""}`,
    ...lines.slice(1),
    ...ways.map((way) => `  ${style.dim("→")} ${way}`),
    "",
  ].join("\n");
};

const problemLines = ({ problem }: ProblemError, style: Style): string[] => {
  const { title, detail, errors = [], state, duplicates = [], request_id } = problem;
  return [
    printable(detail === undefined ? title : `${title}: ${detail}`),
    ...errors.map(
      ({ pointer, detail, got, allowed }) =>
        `  ${style.bold(printable(pointer))}  ${printable(detail)}${saidIn(detail, got, allowed)}`,
    ),
    ...(state === undefined || detail?.includes(state) === true
      ? []
      : [`  it is ${printable(state)}`]),
    ...duplicates.map(({ index, run_id }) => `  run ${index} was submitted before as ${run_id}`),
    ...(problem.status >= 500 ? [`  request ${request_id}`] : []),
  ];
};

/** What was there and what is allowed, unless the sentence says it already. */
const saidIn = (detail: string, got: unknown, allowed: string | undefined): string => {
  const parts = [
    ...(got === undefined ? [] : [`got ${JSON.stringify(got)}`]),
    ...(allowed === undefined || detail.includes(allowed) ? [] : [`allowed: ${allowed}`]),
  ];
  return parts.length === 0 ? "" : printable(` (${parts.join("; ")})`);
};

const waysOut = ({ problem, retryAfterSeconds }: ProblemError): string[] => {
  const { allowed_actions: allowed, detail = "" } = problem;
  return [
    ...(/^there is no (sweep|run) /.test(detail)
      ? ["`pclab ls` lists your sweeps, `pclab ls runs` your runs"]
      : []),
    ...(WAYS_OUT[problem.code as keyof typeof WAYS_OUT] ?? []),
    // With none, the sentence says so.
    ...(allowed === undefined || allowed.length === 0
      ? []
      : [`it can be asked to: ${allowed.join(", ")}`]),
    ...(retryAfterSeconds === null ? [] : [`try again in ${retryAfterSeconds} s`]),
  ];
};

/** What to type here; what the codes mean is in docs/ERRORS.md. */
const WAYS_OUT = {
  unauthorized: [
    "set LAB_TOKEN; of a lab of your own, the owner's token stands in .pclab/token",
    "`pclab doctor` says which token was sent",
  ],
  forbidden: ["an admin makes such a token: pclab tokens create NAME --scope SCOPE --user ID"],
  idempotency_key_reused: ["`--force` submits with a new key"],
  quota_exceeded: ["`pclab queue` shows what waits, `pclab cancel ID` ends some of it"],
} satisfies Partial<Record<ProblemBody["code"], string[]>>;
