import type { ProblemBody } from "@pclab/contracts";
import type { Problem } from "@pclab/core";
import { ERRORS, type ErrorCode } from "./catalogue.js";

export interface ApiErrorDetails {
  detail?: string;
  problems?: readonly Problem[];
  /** Further members of the problem body. */
  members?: Partial<Pick<ProblemBody, "state" | "allowed_actions" | "duplicates">>;
  headers?: Record<string, string>;
}

/** Thrown by routes; the error handler turns it into problem+json. */
export class ApiError extends Error {
  readonly code: ErrorCode;
  readonly details: ApiErrorDetails;

  constructor(code: ErrorCode, details: ApiErrorDetails = {}) {
    super(details.detail ?? ERRORS[code].title);
    this.name = "ApiError";
    this.code = code;
    this.details = details;
  }

  toProblem(requestId: string): ProblemBody {
    const { detail, problems, members } = this.details;
    const { status, title } = ERRORS[this.code];
    return {
      type: `/problems/${this.code}`,
      title,
      status,
      code: this.code,
      ...(detail === undefined ? {} : { detail }),
      request_id: requestId,
      ...(problems === undefined ? {} : { errors: problems.map((problem) => ({ ...problem })) }),
      ...members,
    };
  }
}
