/** The figures of a sweep by their names, each made from one network's models. */
import { measuredOf } from "@pclab/core";
import {
  type FigureSpec,
  type LandscapeOptions,
  accuracyAndTimeFigure,
  landscapeFigure,
  landscapeSurfaceFigure,
  learningCurveFigure,
  weightDistributionsFigure,
} from "@pclab/plots";
import {
  alignmentFigure,
  alignmentOverTrainingFigure,
  convergenceFigure,
  curveOf,
  decayFigure,
  distributions,
  hasMetrics,
  landscapes,
  someHas,
} from "./figureData.js";
import type { Network } from "./networks.js";

export type PlotOptions = Pick<LandscapeOptions, "scale" | "clip">;

interface Plot {
  /** In a report, below the figure. */
  caption: string;
  /** Whether the network has anything of it. */
  has: (network: Network) => boolean;
  draw: (network: Network, options: PlotOptions) => FigureSpec;
}

/** By their names, in the order of the paper's figures. */
export const PLOTS: Readonly<Record<string, Plot>> = {
  accuracy: {
    caption: "Figure 2: test accuracy, training time, and time to 90 % of the final accuracy.",
    has: hasMetrics,
    draw: ({ models }) =>
      accuracyAndTimeFigure(
        models.map(({ label, succeeded }) => ({
          name: label,
          seeds: succeeded.map((run) => ({
            testAccuracy: measuredOf(run, "testAccuracy"),
            trainingSeconds: measuredOf(run, "trainSeconds"),
            secondsToConvergence: measuredOf(run, "secondsTo90"),
            timing: run.spec.timing,
          })),
        })),
        { timeScale: "log" },
      ),
  },
  "learning-curve": {
    caption: "Figure 3: learning curves; test accuracy, train loss and test loss over epochs.",
    has: hasMetrics,
    draw: ({ models }) =>
      learningCurveFigure(
        models.map(({ label, runs }) => ({
          name: label,
          seeds: runs.map((run) => ({ points: curveOf(run) })),
        })),
        { lossUnit: "per sample", lossScale: "log" },
      ),
  },
  landscape: {
    caption:
      "Figure 4: loss landscapes along two filter-normalised random directions, the same draws for every model; the first seed's.",
    has: ({ models }) => landscapes(models, "random").length > 0,
    draw: ({ models }, options) => landscapeFigure(landscapes(models, "random"), options),
  },
  "landscape-surface": {
    caption: "Figure 4, as surfaces.",
    has: ({ models }) => landscapes(models, "random").length > 0,
    draw: ({ models }, options) => landscapeSurfaceFigure(landscapes(models, "random"), options),
  },
  weights: {
    caption: "Figure 5: weight distributions of the first two and the last two layers.",
    has: ({ models }) => someHas(models, "weights"),
    draw: ({ models }) => weightDistributionsFigure(distributions(models), { width: 560 }),
  },
  "weight-decay": {
    caption: "Figure 6: what weight decay costs and gives.",
    has: ({ decays }) => decays.length > 0,
    draw: ({ decays }) => decayFigure(decays),
  },
  "weight-decay-weights": {
    caption: "Figure 6: weight distributions under weight decay.",
    has: ({ decays }) => decays.length > 0 && someHas(decays, "weights"),
    draw: ({ decays }) => weightDistributionsFigure(distributions(decays), { width: 560 }),
  },
  "weight-decay-landscape": {
    caption: "Figure 7: loss landscapes under weight decay; the first seed's.",
    has: ({ decays }) => landscapes(decays, "random").length > 0,
    draw: ({ decays }, options) => landscapeFigure(landscapes(decays, "random"), options),
  },
  "weight-decay-surface": {
    caption: "Figure 7, as surfaces.",
    has: ({ decays }) => landscapes(decays, "random").length > 0,
    draw: ({ decays }, options) => landscapeSurfaceFigure(landscapes(decays, "random"), options),
  },
  trajectory: {
    caption:
      "The way of training through the loss landscape, along its two principal components; the axes are as long as the way.",
    has: ({ models }) => landscapes(models, "principal").length > 0,
    draw: ({ models }, options) =>
      landscapeFigure(landscapes(models, "principal"), {
        ...options,
        xTitle: "Principal component 1",
        yTitle: "Principal component 2",
      }),
  },
  convergence: {
    caption:
      "Condition 2: Q above its equilibrium after so many inference steps (Gauss-Newton: iterations), on a probe batch.",
    has: ({ models }) => someHas(models, "phase"),
    draw: ({ models }) => convergenceFigure(models),
  },
  alignment: {
    caption: "Cosine of PC's update with BP's, layer by layer, at the end of training.",
    has: ({ models }) => someHas(models, "alignment"),
    draw: ({ models }) => alignmentFigure(models),
  },
  "alignment-training": {
    caption:
      "Cosine of PC's whole update with BP's over training: at the start, at the checkpoints that were kept, and at the end.",
    has: ({ models }) => someHas(models, "alignment"),
    draw: ({ models }) => alignmentOverTrainingFigure(models),
  },
};

/** The paper's numbers for them. */
export const FIGURE_PLOTS: Readonly<Record<string, string>> = {
  "figure-2": "accuracy",
  "figure-3": "learning-curve",
  "figure-4": "landscape",
  "figure-5": "weights",
  "figure-6": "weight-decay-weights",
  "figure-7": "weight-decay-landscape",
};
