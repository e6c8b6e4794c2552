/**
 * The one suite that every engine passes: what engines.md promises of all of them, held against the oracle in
 * ./conformance, which shares no code with any engine. Cases are returned, not registered, so that this package needs
 * no test runner: `for (const { name, run } of conformanceCases(factory, tolerances)) test(name, run);`
 */
import type { ConformanceCase, ConformanceTolerances } from "./conformance/case.js";
import { determinismCases } from "./conformance/determinismCases.js";
import { equationCases } from "./conformance/equationCases.js";
import { failureCases } from "./conformance/failureCases.js";
import { gaussNewtonCases } from "./conformance/gaussNewtonCases.js";
import { trainingCases } from "./conformance/trainingCases.js";
import type { EngineFactory } from "./engine.js";

export type { ConformanceCase, ConformanceTolerances } from "./conformance/case.js";
/** For an engine's own tests. */
export { expectClose, expectSameState } from "./conformance/compare.js";
export { type Problem, createProblem, settingsOf } from "./conformance/problems.js";
export { minibatchOf } from "./conformance/withEngine.js";

/** What every engine does. */
export const conformanceCases = (
  factory: EngineFactory,
  tolerances: ConformanceTolerances,
): ConformanceCase[] => [
  ...equationCases(factory, tolerances),
  ...trainingCases(factory, tolerances),
  ...determinismCases(factory),
  ...failureCases(factory),
];

/** What an engine with `inference.method: gauss_newton` does besides. */
export const gaussNewtonConformanceCases = (
  factory: EngineFactory,
  tolerances: ConformanceTolerances,
): ConformanceCase[] => gaussNewtonCases(factory, tolerances);
