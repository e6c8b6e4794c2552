/** From an error that ended training to the reason that the run's owner reads. */
import {
  CheckpointError,
  DatasetError,
  DivergedError,
  EngineError,
  ValidationError,
} from "@pclab/core";
import { CheckpointCorruptError } from "@pclab/storage";
import type { Fault } from "./messages.js";

/** V8's words for memory that could not be had, where it throws rather than dies. */
const ALLOCATION_FAILED =
  /Array buffer allocation failed|Invalid (typed )?array (buffer )?length|out of memory/i;

export const faultOf = (error: unknown): Fault => {
  const detail = error instanceof Error ? error.message : String(error);
  if (error instanceof DivergedError) return { reason: "diverged", detail };
  if (error instanceof DatasetError || error instanceof CheckpointError) {
    return { reason: "user_error", detail };
  }
  // The spec names an engine that this worker cannot start, or asks of it what it does not implement.
  if (error instanceof EngineError && error.code === "engine_unsupported") {
    return { reason: "user_error", detail };
  }
  if (error instanceof EngineError && error.code === "engine_out_of_memory") {
    return { reason: "out_of_memory", detail };
  }
  if (error instanceof RangeError && ALLOCATION_FAILED.test(detail)) {
    return {
      reason: "out_of_memory",
      detail: `${detail}; lower width, depth or batch_size, or use a machine with more memory`,
    };
  }
  return { reason: "engine_error", detail };
};

/** A GPU that is lost is no fault of the run, which would train as well another time: the attempt ends as a crash does. */
export const endsAsCrash = (error: unknown): error is EngineError =>
  error instanceof EngineError && error.code === "engine_device_lost";

/** Before the child was started: a spec or a checkpoint that cannot be read any more. Null for what is no fault of the run. */
export const faultBeforeTraining = (error: unknown): Fault | null =>
  error instanceof ValidationError || error instanceof CheckpointCorruptError
    ? { reason: "user_error", detail: error.message }
    : null;
