/** Places in streams, as readers hand them back: of a run a number, of a sweep `transaction.run.number`. */
import { SWEEP_START, type SweepCursor } from "@pclab/storage";
import { ApiError } from "../errors/apiError.js";

export const printSweepCursor = ({ transaction, runId, sequence }: SweepCursor): string =>
  `${transaction}.${runId}.${sequence}`;

/** @throws ApiError validation */
export const parseSweepCursor = (text: string | undefined): SweepCursor => {
  if (text === undefined || text === "") return SWEEP_START;
  const match = /^(\d{1,19})\.(\w{1,64})\.(\d{1,9})$/.exec(text);
  const [, transaction, runId, sequence] = match ?? [];
  if (transaction === undefined || runId === undefined) throw noPlace(text);
  return { transaction, runId, sequence: Number(sequence) };
};

/** @throws ApiError validation */
export const parseRunCursor = (text: string | undefined): number => {
  if (text === undefined || text === "") return 0;
  if (!/^\d{1,9}$/.test(text)) throw noPlace(text);
  return Number(text);
};

const noPlace = (text: string): ApiError =>
  new ApiError("validation", {
    problems: [
      {
        pointer: "#/query/after",
        code: "format",
        got: text,
        detail:
          "is no place in this stream; take the id of an event of it, or leave it out to begin anew",
      },
    ],
  });
