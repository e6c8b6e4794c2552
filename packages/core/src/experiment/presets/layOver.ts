/** A researcher's fields laid over a preset's run. */
import { fieldsOf, setField } from "../fields.js";
import type { PartialSpecWire } from "../sweepSchema.js";

/** Fields of which a run has one: the researcher's takes the place of the preset's, and is no conflict with it. */
const ALTERNATIVES = [
  ["epochs", "weight_updates"],
  ["weight_updates", "epochs"],
] as const;

/** Group by group (`inference`, `variance`), field by field; the inputs are left as they are. */
export const layOver = (run: PartialSpecWire, overrides: PartialSpecWire): PartialSpecWire => {
  const laid: Record<string, unknown> = {};
  for (const { path, value } of [...fieldsOf(run), ...fieldsOf(overrides)]) {
    setField(laid, path, value);
  }
  for (const [given, other] of ALTERNATIVES) {
    const isGiven = typeof overrides[given] === "number";
    if (isGiven && typeof overrides[other] !== "number") delete laid[other];
  }
  return laid;
};
