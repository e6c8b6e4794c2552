/** From a body to a stored sweep: expanded, checked against the data sets, forecast, and stored whole or not at all. */
import { createHash } from "node:crypto";
import {
  type Problem,
  type Submission,
  type Sweep,
  canonicalJson,
  expandSweep,
  readSubmission,
} from "@pclab/core";
import { type Caller, type Replay, type SweepRow, storeSweep } from "@pclab/storage";
import type { SweepBody } from "@pclab/contracts";
import type { AppContext } from "./context.js";
import { datasetProblems } from "./datasetCheck.js";
import { ApiError } from "./errors/apiError.js";
import { type Forecast, forecastSweep } from "./forecast.js";
import { requireScope } from "./http/authentication.js";
import { definedOnly } from "./http/definedOnly.js";

export interface CheckedSweep {
  sweep: Sweep;
  submission: Submission;
  forecast: Forecast;
}

/** @throws ApiError validation, forbidden */
export const checkSweep = async (
  { database, inspectDataset }: Pick<AppContext, "database" | "inspectDataset">,
  caller: Caller,
  body: unknown,
): Promise<CheckedSweep> => {
  const expanded = expandSweep(body);
  if (!expanded.ok) throw refused(expanded.problems);
  const sweep = expanded.value;
  const submission = readSubmission(body);
  if (submission.priority_class === "urgent") requireScope(caller, "operate", "urgent work");
  const missing = await datasetProblems(inspectDataset, [
    ...sweep.runs,
    ...(sweep.tpe?.probes ?? []),
  ]);
  if (missing.length > 0) throw refused(missing);
  return { sweep, submission, forecast: await forecastSweep(database, sweep) };
};

const refused = (problems: readonly Problem[]): ApiError =>
  new ApiError("validation", { problems });

export interface SubmitOptions {
  caller: Caller;
  /** As it came: what an Idempotency-Key stands for. */
  body: unknown;
  checked: CheckedSweep;
  idempotencyKey: string | undefined;
  answer: (row: SweepRow) => SweepBody;
}

export const submitSweep = async (
  { database }: Pick<AppContext, "database">,
  { caller, body, checked, idempotencyKey, answer }: SubmitOptions,
): Promise<{ stored: SweepRow } | { replayed: Replay }> => {
  const { sweep, submission, forecast } = checked;
  const userId = caller.user.id;
  const { on_duplicate, priority_class, ...labels } = submission;
  return storeSweep(
    database,
    {
      userId,
      name: sweep.name,
      request: body,
      runs: sweep.runs,
      runSeconds: forecast.runSeconds,
      analyses: forecast.analyses,
      stopAfterEpochs: sweep.halving?.minEpochs ?? null,
      ...(sweep.tpe === undefined ? {} : searchOf(sweep.tpe)),
      ...definedOnly({ ...labels, priorityClass: priority_class, onDuplicate: on_duplicate }),
    },
    idempotencyKey === undefined
      ? null
      : { claim: { userId, key: idempotencyKey, bodySha256: sha256Of(body) }, answer },
  );
};

/** A search that made all its runs at once makes no further ones. */
const searchOf = (tpe: NonNullable<Sweep["tpe"]>) => ({
  points: tpe.points,
  plannedRuns: tpe.samples > tpe.points.length ? tpe.samples : null,
});

const sha256Of = (body: unknown): Uint8Array<ArrayBuffer> =>
  new Uint8Array(createHash("sha256").update(canonicalJson(body)).digest());
