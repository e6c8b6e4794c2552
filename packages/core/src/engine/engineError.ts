export const ENGINE_ERROR_CODES = [
  "engine_state_mismatch",
  "engine_unsupported",
  "engine_out_of_memory",
  "engine_device_lost",
] as const;
export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

/**
 * An operating error of an engine: a state that does not fit the network, a setting it does not implement, a device
 * whose memory does not suffice or that is gone.
 */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
