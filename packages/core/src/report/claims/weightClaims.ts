/** Claims 10 to 12: how weights are distributed, and what weight decay does to pc_rc23. */
import type { ModelGroup } from "../modelGroups.js";
import { anyOf } from "../verdict.js";
import {
  type ClaimAnswer,
  type ClaimPart,
  type NetworkModels,
  comparePart,
  meanPart,
  answerOf,
} from "./claimAnswer.js";
import {
  accuracy,
  deepMovement,
  meanGaussianDistance,
  negativeCurvature,
  rise,
  worstGaussianDistance,
} from "./quantities.js";

/** Kolmogorov-Smirnov distance: a distribution that differs by less looks like the Gaussian. */
const ABOUT_GAUSSIAN = 0.05;
/** Either way, of the relative movement. */
const LIKE_BP = 1.5;
const HARDLY_MOVED = 0.5;
/** The value that the paper names. */
const PAPER_DECAY = 1e-6;
/** Points of accuracy between two decays of the grid. */
const SENSITIVE_POINTS = 5;

export const claim10 = (networks: readonly NetworkModels[]): ClaimAnswer => {
  const parts = networks
    .filter(({ models }) => [...models.values()].some(hasWeights))
    .flatMap(({ name, models }) => {
      const bp = models.get("bp");
      return [
        meanPart(
          `${name}: pc_rc3, its least Gaussian layer`,
          worstGaussianDistance,
          models.get("pc_rc3"),
          {
            is: "below",
            margin: ABOUT_GAUSSIAN,
          },
        ),
        comparePart(
          `${name}: rc3's deep layers move as bp's`,
          deepMovement,
          [models.get("pc_rc3"), bp],
          {
            is: "within",
            margin: LIKE_BP,
            as: "ratio",
          },
        ),
        ...(["pc", "pc_rc2", "pc_rc23"] as const).map((algorithm) =>
          comparePart(
            `${name}: ${algorithm}'s deep layers hardly move`,
            deepMovement,
            [models.get(algorithm), bp],
            { is: "below", margin: HARDLY_MOVED, as: "ratio" },
          ),
        ),
      ];
    });
  const claim =
    "Weights: rc3 like bp, about Gaussian in every layer; else the deepest layers hardly move.";
  return answerOf(10, claim, {
    missing: "the sweep has no weight distribution",
    statistic: `Distance to the Gaussian (Kolmogorov-Smirnov) below ${ABOUT_GAUSSIAN}; relative movement of layers 2 to 4 over bp's, paired by seed: rc3's within a factor of ${LIKE_BP}, the others' below ${HARDLY_MOVED}.`,
    parts,
  });
};

const hasWeights = ({ succeeded }: ModelGroup): boolean =>
  succeeded.some((run) => deepMovement.of(run) !== null);

export const claim11 = (decays: readonly ModelGroup[]): ClaimAnswer => {
  const without = decays.find(({ spec }) => spec.weightDecay === 0);
  const decayed = decays.find(({ spec }) => spec.weightDecay === PAPER_DECAY);
  const pair = [decayed, without] as const;
  const parts =
    without === undefined || decayed === undefined
      ? []
      : [
          comparePart("smoother: less negative curvature", negativeCurvature, pair, {
            is: "below",
            margin: 0,
            as: "difference",
          }),
          comparePart("stabler: the loss rises less", rise, pair, {
            is: "below",
            margin: 1,
            as: "ratio",
          }),
          comparePart("nearer to the Gaussian", meanGaussianDistance, pair, {
            is: "below",
            margin: 0,
            as: "difference",
          }),
          meanPart("its least Gaussian layer", worstGaussianDistance, decayed, {
            is: "below",
            margin: ABOUT_GAUSSIAN,
          }),
        ];
  const claim =
    "Weight decay 1e-6 on theta and ln Sigma makes rc23 smoother, stabler, Gaussian in every layer.";
  return answerOf(11, claim, {
    missing: `the sweep has no run of pc_rc23 with decay ${PAPER_DECAY.toExponential()} beside one without`,
    statistic: `pc_rc23 with decay ${PAPER_DECAY.toExponential()} against none, paired by seed; distance to the Gaussian below ${ABOUT_GAUSSIAN} in every layer.`,
    parts,
  });
};

export const claim12 = (decays: readonly ModelGroup[]): ClaimAnswer => {
  const parts: ClaimPart[] = decays
    .slice(1)
    .map((group, index) =>
      comparePart(
        `${decays[index].label} against ${group.label}`,
        accuracy,
        [decays[index], group],
        { is: "above", margin: SENSITIVE_POINTS, as: "difference" },
      ),
    );
  return answerOf(
    12,
    "rc23 is very sensitive to the value of the weight decay.",
    {
      missing: "the sweep has no grid of weight decays",
      statistic: `Test accuracy of pc_rc23 between neighbouring decays, paired by seed: somewhere a loss above ${SENSITIVE_POINTS} points.`,
      parts,
    },
    anyOf,
  );
};
