/** Claims 13 and 14: whether inference converges, and whether PC's update is then BP's. */
import {
  type ClaimAnswer,
  type ClaimPart,
  type NetworkModels,
  type Quantity,
  meanPart,
  answerOf,
} from "./claimAnswer.js";
import { cosineWithBp, excessEnergy } from "./quantities.js";

/** Per cent of Q above the equilibrium's at the end of the phase. */
const CONVERGED = 1;
/** Of the whole update: 18 degrees. */
const ALIGNED = 0.95;

export const claim13 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(13, "256 steps are enough to converge.", {
    missing: NO_ANALYSIS,
    statistic: `Q at the end of the run's own inference phase on a probe batch, above that of the equilibrium: below ${CONVERGED} %.`,
    parts: ofEveryModel(networks, excessEnergy, { is: "below", margin: CONVERGED }),
  });

export const claim14 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(14, "Where conditions 1 to 3 hold, PC's update is BP's.", {
    missing: NO_ANALYSIS,
    statistic: `Cosine of PC's update after a full phase with BP's at the same weights and minibatch, at the end of training: above ${ALIGNED}.`,
    parts: ofEveryModel(networks, cosineWithBp, { is: "above", margin: ALIGNED }),
  });

const NO_ANALYSIS = "the sweep has no analysis of its inference";

const ofEveryModel = (
  networks: readonly NetworkModels[],
  quantity: Quantity,
  rule: { is: "above" | "below"; margin: number },
): ClaimPart[] =>
  networks.flatMap(({ name, models }) =>
    [...models.values()]
      .filter(({ succeeded }) => succeeded.some((run) => quantity.of(run) !== null))
      .map((model) => meanPart(`${name}: ${model.spec.algorithm}`, quantity, model, rule)),
  );
