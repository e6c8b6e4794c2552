import type { ConformanceTolerances } from "@pclab/core/conformance";

/** In float32; Adam divides rounding noise by rounding noise where a gradient is tiny. */
export const TOLERANCES: ConformanceTolerances = { phase: 1e-4, trained: 1e-4, trainedAdam: 3e-3 };
