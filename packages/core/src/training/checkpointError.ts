export const CHECKPOINT_ERROR_CODES = [
  // The container.
  "checkpoint_truncated",
  "checkpoint_header_invalid",
  "checkpoint_dtype",
  "checkpoint_offsets",
  // What it holds.
  "checkpoint_tensors",
  "checkpoint_metadata",
  "checkpoint_other_spec",
] as const;
export type CheckpointErrorCode = (typeof CHECKPOINT_ERROR_CODES)[number];

/** An operating error: the bytes are no checkpoint, or not one of this run. */
export class CheckpointError extends Error {
  readonly code: CheckpointErrorCode;

  constructor(code: CheckpointErrorCode, message: string) {
    super(`Not a usable checkpoint: ${message}`);
    this.name = "CheckpointError";
    this.code = code;
  }
}
