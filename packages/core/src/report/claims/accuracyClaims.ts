/** Claims 1 to 5: what the models reach, and how soon. */
import { estimatePairedDifference } from "../../analysis/statistics.js";
import { decide } from "../verdict.js";
import {
  type ClaimAnswer,
  type ClaimPart,
  type NetworkModels,
  comparePart,
  openPart,
  answerOf,
} from "./claimAnswer.js";
import { accuracy, secondsTo90, testLoss, trainSeconds } from "./quantities.js";

/** Points of test accuracy: two are what short runs differ by from one seed to the next. */
const SIMILAR_POINTS = 2;
/** Either way: a loss that is half as large again is another level. */
const SIMILAR_LOSS = 1.15;
const CLEARLY_WORSE_LOSS = 1.1;
/** Points that rc3 may stay behind and have reached bp. */
const REACHED_POINTS = 1;

const NO_RUNS = "the sweep has no run that the claim is about";

export const claim1 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(1, "bp and pc reach similar accuracy and loss.", {
    missing: NO_RUNS,
    statistic: `pc less bp, paired by seed: test accuracy within ${SIMILAR_POINTS} points, test loss within a factor of ${SIMILAR_LOSS}.`,
    parts: networks.flatMap(({ name, models }) => {
      const pair = [models.get("pc"), models.get("bp")] as const;
      return [
        comparePart(`${name}: accuracy`, accuracy, pair, {
          is: "within",
          margin: SIMILAR_POINTS,
          as: "difference",
        }),
        comparePart(`${name}: loss`, testLoss, pair, {
          is: "within",
          margin: SIMILAR_LOSS,
          as: "ratio",
        }),
      ];
    }),
  });

export const claim2 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(2, "Plain pc can stop early in a clearly worse minimum, most in narrow nets.", {
    missing: NO_RUNS,
    statistic: `pc over bp, paired by seed: test loss above a factor of ${CLEARLY_WORSE_LOSS}; and the factor larger in the narrowest network than in the widest of a data set.`,
    parts: [
      ...networks.map(({ name, models }) =>
        comparePart(`${name}: loss`, testLoss, [models.get("pc"), models.get("bp")], {
          is: "above",
          margin: CLEARLY_WORSE_LOSS,
          as: "ratio",
        }),
      ),
      ...[...new Set(networks.map(({ dataset }) => dataset))].map((dataset) =>
        narrowAgainstWide(networks.filter((one) => one.dataset === dataset)),
      ),
    ],
  });

/** log (pc / bp) of the narrowest network less that of the widest, paired by seed. */
const narrowAgainstWide = (networks: readonly NetworkModels[]): ClaimPart => {
  const sorted = [...networks].sort((a, b) => a.width - b.width);
  const [narrow] = sorted;
  const wide = sorted[sorted.length - 1];
  const subject = `${narrow.dataset}: narrow against wide`;
  if (narrow.width === wide.width) return openPart(subject, "the sweep has one width alone");
  const ratios = (network: NetworkModels): Map<number, number> => {
    const found = new Map<number, number>();
    for (const run of network.models.get("pc")?.succeeded ?? []) {
      const { seed } = run.spec;
      const partner = network.models.get("bp")?.succeeded.find(({ spec }) => spec.seed === seed);
      const [a, b] = [testLoss.of(run), partner === undefined ? null : testLoss.of(partner)];
      if (a !== null && b !== null && a > 0 && b > 0) found.set(seed, Math.log(a / b));
    }
    return found;
  };
  const [left, right] = [ratios(narrow), ratios(wide)];
  const seeds = [...left.keys()].filter((seed) => right.has(seed));
  const estimate = estimatePairedDifference(
    seeds.map((seed) => left.get(seed) ?? 0),
    seeds.map((seed) => right.get(seed) ?? 0),
  );
  const { difference, interval, effectSize } = estimate;
  return {
    subject,
    values: `the factor at width ${narrow.width} over that at width ${wide.width}`,
    estimate: difference === null ? null : Math.exp(difference),
    interval:
      interval === null
        ? null
        : { ...interval, low: Math.exp(interval.low), high: Math.exp(interval.high) },
    unit: "times",
    effectSize,
    seeds: seeds.length,
    ...decide(estimate, { is: "above", margin: 0 }),
  };
};

export const claim3 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(3, "rc3 always reaches bp.", {
    missing: NO_RUNS,
    statistic: `pc_rc3 less bp, paired by seed: test accuracy above -${REACHED_POINTS} point in every network.`,
    parts: networks.map(({ name, models }) =>
      comparePart(`${name}: accuracy`, accuracy, [models.get("pc_rc3"), models.get("bp")], {
        is: "above",
        margin: -REACHED_POINTS,
        as: "difference",
      }),
    ),
  });

export const claim4 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(4, "rc2 helps in part; it needs less training time than pc; bp is fastest.", {
    missing: NO_RUNS,
    statistic:
      "Over, paired by seed, of runs with exclusive timing: pc_rc2's training time and its time to 90 % of the accuracy below pc's; bp's training time below that of each other model.",
    parts: networks.flatMap(({ name, models }) => [
      comparePart(
        `${name}: training time`,
        trainSeconds,
        [models.get("pc_rc2"), models.get("pc")],
        faster,
      ),
      comparePart(
        `${name}: time to 90 %`,
        secondsTo90,
        [models.get("pc_rc2"), models.get("pc")],
        faster,
      ),
      ...[...models.values()]
        .filter(({ spec }) => spec.algorithm !== "bp")
        .map((model) =>
          comparePart(
            `${name}: bp against ${model.spec.algorithm}`,
            trainSeconds,
            [models.get("bp"), model],
            faster,
          ),
        ),
    ]),
  });

const faster = { is: "below", margin: 1, as: "ratio" } as const;

export const claim5 = (networks: readonly NetworkModels[]): ClaimAnswer =>
  answerOf(5, "Results agree between MNIST and Fashion-MNIST.", {
    missing: NO_RUNS,
    statistic: `Each model's test accuracy less bp's, on Fashion-MNIST less on MNIST at the same width, paired by seed: within ${SIMILAR_POINTS} points.`,
    parts: networks
      .filter(({ dataset }) => dataset === "mnist")
      .flatMap((mnist) => {
        const fashion = networks.find(
          ({ dataset, width }) => dataset === "fashion-mnist" && width === mnist.width,
        );
        return fashion === undefined ? [] : agreement(fashion, mnist);
      }),
  });

const agreement = (fashion: NetworkModels, mnist: NetworkModels): ClaimPart[] =>
  [...mnist.models.keys()]
    .filter((algorithm) => algorithm !== "bp")
    .map((algorithm) => {
      const behind = ({ models }: NetworkModels): Map<number, number> => {
        const found = new Map<number, number>();
        for (const run of models.get(algorithm)?.succeeded ?? []) {
          const bp = models.get("bp")?.succeeded.find(({ spec }) => spec.seed === run.spec.seed);
          const [a, b] = [accuracy.of(run), bp === undefined ? null : accuracy.of(bp)];
          if (a !== null && b !== null) found.set(run.spec.seed, a - b);
        }
        return found;
      };
      const [left, right] = [behind(fashion), behind(mnist)];
      const seeds = [...left.keys()].filter((seed) => right.has(seed));
      const values = (side: Map<number, number>) => seeds.map((seed) => side.get(seed) ?? 0);
      const estimate = estimatePairedDifference(values(left), values(right));
      const mean = (side: Map<number, number>): string =>
        (values(side).reduce((sum, one) => sum + one, 0) / seeds.length).toFixed(1);
      return {
        subject: `width ${mnist.width}: ${algorithm} less bp`,
        values:
          seeds.length === 0
            ? ""
            : `Fashion-MNIST ${mean(left)} points, MNIST ${mean(right)} points`,
        estimate: estimate.difference,
        interval: estimate.interval,
        unit: "points",
        effectSize: estimate.effectSize,
        seeds: seeds.length,
        ...decide(estimate, { is: "within", margin: SIMILAR_POINTS }),
      };
    });
