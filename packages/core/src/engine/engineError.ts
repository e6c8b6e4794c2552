export const ENGINE_ERROR_CODES = ["engine_state_mismatch", "engine_unsupported"] as const;
export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

/** An operating error of an engine: a state that does not fit the network, or a setting it does not implement. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
