/** Runs in a pack: what would let one of them be told from a run that trained alone. */
import type { Fault } from "../fault.js";

const PACKING = "packages/core/src/packing";

export const PACKING_FAULTS: readonly Fault[] = [
  {
    name: "a pack's step that does not wait for all members",
    file: `${PACKING}/sharedEngine.ts`,
    find: "present.some(({ submission }) => submission === null)",
    replace: "present.every(({ submission }) => submission === null)",
    tests: [`${PACKING}/pack.test.ts`],
  },
  {
    name: "a member of a pack evaluated by another's weights",
    file: `${PACKING}/replicaView.ts`,
    find: "engine.evaluate(seat, examples",
    replace: "engine.evaluate(0, examples",
    tests: [`${PACKING}/pack.test.ts`],
  },
  {
    name: "two calls at a time to a pack's engine",
    file: `${PACKING}/sharedEngine.ts`,
    find: "this.#last = mine.catch(() => undefined);",
    replace: "void mine.catch(() => undefined);",
    tests: [`${PACKING}/pack.test.ts`],
  },
  {
    name: "backpropagation packed with activity steps",
    file: `${PACKING}/packKey.ts`,
    find: "steps: stepsOf(spec),",
    replace: "steps: typeof stepsOf(spec),",
    tests: [`${PACKING}/packKey.test.ts`],
  },
];
