/** The machine lacks something, or the spec is not of this version: its row says why, and the others are measured. */
export class UnavailableError extends Error {
  override name = "UnavailableError";
}
