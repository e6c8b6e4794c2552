/** Claims 6 to 9: the loss landscapes around the trained networks. */
import type { Algorithm } from "../../experiment/vocabulary.js";
import type { ModelGroup } from "../modelGroups.js";
import {
  type ClaimAnswer,
  type NetworkModels,
  comparePart,
  meanPart,
  openPart,
  type ClaimPart,
  answerOf,
} from "./claimAnswer.js";
import { accuracy, negativeCurvature, rise } from "./quantities.js";

/** Per cent of the grid's points with a direction of negative curvature: a few are the rounding of a flat rim. */
const MOSTLY_CONVEX = 5;
/** Either way, of the rise of the loss at distance 1: the models' rises lie up to a hundredfold apart. */
const LIKE = 3;
const STEEP = 10;
/** Points of accuracy. */
const CLEARLY_WORSE_POINTS = 5;

const NO_LANDSCAPE = "the sweep has no loss landscape";

const CONVEX: readonly Algorithm[] = ["bp", "pc", "pc_rc2", "pc_rc3"];

export const claim6 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(6, "Landscapes are mostly convex, but for rc23.", {
    missing: NO_LANDSCAPE,
    statistic: `Points of the grid with negative curvature: below ${MOSTLY_CONVEX} % for bp, pc, rc2 and rc3, above it for rc23.`,
    parts: withLandscapes(networks).flatMap(({ name, models }) => [
      ...CONVEX.map((algorithm) =>
        meanPart(`${name}: ${algorithm}`, negativeCurvature, models.get(algorithm), {
          is: "below",
          margin: MOSTLY_CONVEX,
        }),
      ),
      meanPart(`${name}: pc_rc23`, negativeCurvature, models.get("pc_rc23"), {
        is: "above",
        margin: MOSTLY_CONVEX,
      }),
    ]),
  });

export const claim7 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(7, "rc3's landscape is like bp's.", {
    missing: NO_LANDSCAPE,
    statistic: `The rise of the loss at distance 1, pc_rc3's over bp's, paired by seed: within a factor of ${LIKE}.`,
    parts: risesOverBp(networks, "pc_rc3", { is: "within", margin: LIKE }),
  });

export const claim8 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(8, "rc2's landscape is steep: the loss grows to excessive values.", {
    missing: NO_LANDSCAPE,
    statistic: `The rise of the loss at distance 1, pc_rc2's over bp's, paired by seed: above a factor of ${STEEP}.`,
    parts: risesOverBp(networks, "pc_rc2", { is: "above", margin: STEEP }),
  });

const risesOverBp = (
  networks: readonly NetworkModels[],
  algorithm: Algorithm,
  threshold: { is: "within" | "above"; margin: number },
): ClaimPart[] =>
  withLandscapes(networks).map(({ name, models }) =>
    comparePart(name, rise, [models.get(algorithm), models.get("bp")], {
      ...threshold,
      as: "ratio",
    }),
  );

export const claim9 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(9, "rc23's landscape is chaotic but near the minimum, and needs a rate of about 1e-5.", {
    missing: NO_LANDSCAPE,
    statistic:
      "Points of the grid with negative curvature, pc_rc23's less bp's, paired by seed: above 0; and runs at other rates, where the sweep has them, that end in fewer points of accuracy or not at all.",
    parts: [
      ...withLandscapes(networks).map(({ name, models }) =>
        comparePart(
          `${name}: chaos`,
          negativeCurvature,
          [models.get("pc_rc23"), models.get("bp")],
          {
            is: "above",
            margin: 0,
            as: "difference",
          },
        ),
      ),
      ...networks.flatMap(({ name, models, others }) =>
        others
          .filter(({ spec }) => spec.algorithm === "pc_rc23")
          .map((other) => ratePart(name, models.get("pc_rc23"), other)),
      ),
    ],
  });

/** Another rate than the best: it costs accuracy, or the runs diverge. */
const ratePart = (network: string, best: ModelGroup | undefined, other: ModelGroup): ClaimPart => {
  const subject = `${network}: rate ${other.spec.learningRate} against ${best?.spec.learningRate}`;
  const diverged = other.runs.filter(({ reason }) => reason === "diverged").length;
  if (other.succeeded.length > 0 || diverged < 2) {
    return comparePart(subject, accuracy, [best, other], {
      is: "above",
      margin: CLEARLY_WORSE_POINTS,
      as: "difference",
    });
  }
  return {
    ...openPart(subject, ""),
    values: `all of ${diverged} runs of ${other.label} diverged`,
    seeds: diverged,
    verdict: "holds",
    reason: null,
  };
};

/** Networks of which somebody has looked at a landscape. */
const withLandscapes = (networks: readonly NetworkModels[]): NetworkModels[] =>
  networks.filter(({ models }) => [...models.values()].some(hasLandscape));

const hasLandscape = ({ succeeded }: ModelGroup): boolean =>
  succeeded.some((run) => negativeCurvature.of(run) !== null);
