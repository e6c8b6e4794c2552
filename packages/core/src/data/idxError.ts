/** Everything that can be wrong with a data set, on disk or on its way there: one error type, told apart by its code. */

export const DATASET_ERROR_CODES = [
  // Where a data set should be, on disk.
  "dataset_missing",
  "dataset_unreadable",
  "dataset_unwritable",
  // The bytes of a file.
  "dataset_gzip_invalid",
  "dataset_too_large",
  "dataset_truncated",
  "dataset_trailing_bytes",
  "dataset_wrong_magic",
  "dataset_wrong_dimensions",
  "dataset_empty",
  "dataset_label_out_of_range",
  // Files that do not belong together.
  "dataset_count_mismatch",
  "dataset_mixed",
  // Valid files with fewer images than a spec asks for.
  "dataset_too_small",
  // A download.
  "dataset_http_status",
  "dataset_connection_lost",
  "dataset_stalled",
  "dataset_wrong_size",
  "dataset_checksum_mismatch",
  "dataset_download_failed",
  "dataset_download_aborted",
] as const;
export type DatasetErrorCode = (typeof DATASET_ERROR_CODES)[number];

export interface DatasetErrorDetails {
  code: DatasetErrorCode;
  /** The file or URL as the caller named it. */
  file: string;
  /** What was found, in words or as a number with its unit. */
  value: string;
  /** What should have been found. */
  expected: string;
  /** What the reader of the message can do. */
  wayOut: string;
  cause?: unknown;
}

/** An operating error: the data are at fault, or the disk or the network, never the calling code. */
export class DatasetError extends Error {
  readonly code: DatasetErrorCode;
  readonly file: string;
  readonly value: string;
  readonly expected: string;
  readonly wayOut: string;

  constructor({ code, file, value, expected, wayOut, cause }: DatasetErrorDetails) {
    super(`${file}: found ${value}, expected ${expected}. ${wayOut}`, { cause });
    this.name = "DatasetError";
    this.code = code;
    this.file = file;
    this.value = value;
    this.expected = expected;
    this.wayOut = wayOut;
  }
}
