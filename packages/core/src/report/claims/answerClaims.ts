/** The paper's fourteen claims (docs/EQUATIONS.md lists them), each answered from the runs alone. */
import type { RunResult } from "../runResult.js";
import { claim1, claim2, claim3, claim4, claim5 } from "./accuracyClaims.js";
import type { ClaimAnswer } from "./claimAnswer.js";
import { claim13, claim14 } from "./inferenceClaims.js";
import { claim6, claim7, claim8, claim9 } from "./landscapeClaims.js";
import { decayGroups, networksOf } from "./networks.js";
import { claim10, claim11, claim12 } from "./weightClaims.js";

/** In their order. Runs that have not succeeded count for nothing. */
export const answerClaims = (runs: readonly RunResult[]): ClaimAnswer[] => {
  const networks = networksOf(runs);
  const decays = decayGroups(runs);
  return [
    ...[claim1, claim2, claim3, claim4, claim5, claim6, claim7, claim8, claim9, claim10].map(
      (claim) => claim(networks),
    ),
    claim11(decays),
    claim12(decays),
    claim13(networks),
    claim14(networks),
  ];
};
