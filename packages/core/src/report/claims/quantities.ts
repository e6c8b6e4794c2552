/** What the claims are answered with, each of one run. */
import type { LandscapeSettings } from "../../analysis/analysisSettings.js";
import { type MeasureName, measuredOf } from "../modelTable.js";
import type { AnalysisFinding, RunResult } from "../runResult.js";
import type { Quantity } from "./claimAnswer.js";

const fixed = (digits: number, unit: string) => (value: number) =>
  `${value.toFixed(digits)}${unit}`;
const significant = (value: number): string => Number(value.toPrecision(3)).toString();

export const accuracy: Quantity = {
  name: "test accuracy",
  unit: "points",
  of: (run) => {
    const share = measuredOf(run, "testAccuracy");
    return share === null ? null : 100 * share;
  },
  print: fixed(1, " %"),
};

const measured = (name: string, measure: MeasureName, unit: string): Quantity => ({
  name,
  unit,
  of: (run) => measuredOf(run, measure),
  print: (value) => `${significant(value)}${unit === "s" ? " s" : ""}`,
});

export const testLoss = measured("test loss", "testLoss", "per sample");

/** Times compare only between runs that had the worker to themselves. */
const exclusive = (quantity: Quantity): Quantity => ({
  ...quantity,
  name: `${quantity.name} with exclusive timing`,
  of: (run) => (run.spec.timing === "exclusive" ? quantity.of(run) : null),
});

export const trainSeconds = exclusive(measured("training time", "trainSeconds", "s"));
export const secondsTo90 = exclusive(measured("time to 90 % of the accuracy", "secondsTo90", "s"));

type Landscape = Extract<AnalysisFinding, { kind: "landscape" }>;

/** The plane cut of the loss along random directions, centred on the network. */
const landscapeOf = ({ analyses }: RunResult): Landscape | null =>
  analyses.find(
    (one): one is Landscape =>
      one.kind === "landscape" &&
      one.settings.surface === "loss" &&
      one.settings.directions === "random" &&
      one.settings.dimensions === 2 &&
      one.settings.centre === undefined,
  ) ?? null;

export const negativeCurvature: Quantity = {
  name: "loss landscape",
  unit: "% of points",
  of: (run) => {
    const share = landscapeOf(run)?.result.convexity.negative_share ?? null;
    return share === null ? null : 100 * share;
  },
  print: fixed(1, " %"),
};

/** How much the loss grows from the network to the ends of both axes, on average of the four. */
export const rise: Quantity = {
  name: "loss landscape",
  unit: "per sample",
  of: (run) => {
    const landscape = landscapeOf(run);
    return landscape === null ? null : riseOf(landscape);
  },
  print: significant,
};

const riseOf = ({ settings, values, result: { centre } }: Landscape): number | null => {
  const ends = axisEnds(settings).map((index) => values[index] ?? null);
  if (centre === null || ends.some((value) => value === null)) return null;
  return ends.reduce<number>((sum, value) => sum + (value ?? 0) / ends.length, 0) - centre;
};

const axisEnds = ({ resolution }: LandscapeSettings): number[] => {
  const middle = (resolution - 1) / 2;
  const last = resolution - 1;
  return [middle, last * resolution + middle, middle * resolution, middle * resolution + last];
};

const weightsOf = ({ analyses }: RunResult) =>
  analyses.find((one) => one.kind === "weights")?.result.layers ?? null;

const gaussianDistances = (run: RunResult): number[] | null => {
  const distances = weightsOf(run)?.map(({ weights }) => weights.now.gaussian_distance);
  return distances?.every((one) => one !== null) === true ? distances : null;
};

export const meanGaussianDistance: Quantity = {
  name: "weight distribution",
  unit: "",
  of: (run) => {
    const distances = gaussianDistances(run);
    return distances === null
      ? null
      : distances.reduce((sum, one) => sum + one / distances.length, 0);
  },
  print: fixed(3, ""),
};

export const worstGaussianDistance: Quantity = {
  ...meanGaussianDistance,
  of: (run) => {
    const distances = gaussianDistances(run);
    return distances === null ? null : Math.max(...distances);
  },
};

/** |theta - theta_0| / |theta_0|, mean over layers 2 to 4: the deepest that see other layers and not the image. */
export const deepMovement: Quantity = {
  name: "weight distribution",
  unit: "",
  of: (run) => {
    const moved = weightsOf(run)
      ?.filter(({ layer }) => layer >= 2 && layer <= 4)
      .map(({ weights }) => weights.relative_movement);
    if (moved === undefined || moved.length === 0) return null;
    return moved.reduce<number | null>(
      (sum, one) => (sum === null || one === null ? null : sum + one / moved.length),
      0,
    );
  },
  print: fixed(2, ""),
};

/** Q at the end of the run's own phase above that of the equilibrium. */
export const excessEnergy: Quantity = {
  name: "phase analysis",
  unit: "%",
  of: ({ analyses }) => {
    const phase = analyses.find((one) => one.kind === "phase")?.result;
    const excess = phase?.points.at(-1)?.relative_excess ?? null;
    return excess === null ? null : 100 * excess;
  },
  print: (value) => `${significant(value)} %`,
};

/** Of the whole network's update at the end of training. */
export const cosineWithBp: Quantity = {
  name: "alignment analysis",
  unit: "cosine",
  of: ({ analyses }) =>
    analyses.find((one) => one.kind === "alignment")?.result.moments.at(-1)?.network.cosine ?? null,
  print: fixed(3, ""),
};
