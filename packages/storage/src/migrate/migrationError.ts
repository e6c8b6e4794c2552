export type MigrationErrorCode =
  | "migration_unknown"
  | "migration_unfinished"
  | "migration_changed"
  | "migration_failed";

/** The database's schema cannot be brought up to date without a person's decision. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
