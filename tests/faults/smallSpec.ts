import { type ExperimentSpec, parseSpec } from "@pclab/core";

/** A small network on the generated images, on an engine slow enough for a fault to find it at work; `wire` overrides. */
export const smallSpec = (wire: Record<string, unknown>): ExperimentSpec => {
  const parsed = parseSpec({
    width: 8,
    depth: 2,
    train_size: 256,
    validation_size: 32,
    test_size: 32,
    batch_size: 8,
    evaluate_every: 5,
    learning_rate: 1e-3,
    engine: "reference",
    ...wire,
    ...(wire["algorithm"] === "bp"
      ? {}
      : { inference: { steps: 16, ...(wire["inference"] as object) } }),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value;
};
