/** The engine of a pack could not be made, or failed in a step that all members share: whose fault it was is not known. */
export class PackError extends Error {
  override name = "PackError";

  constructor(cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`the engine that the pack shares failed: ${reason}`, { cause });
  }
}

/** The member has left the pack, at its supervisor's wish or by itself: its training ends here, and says nothing more. */
export class PackLeftError extends Error {
  override name = "PackLeftError";

  constructor() {
    super("the member has left its pack");
  }
}
