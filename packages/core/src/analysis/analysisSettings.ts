/** What a researcher asks for when a trained network is to be looked at: the wire form, which is also what is stored. */
import { z } from "zod";
import { TEST_IMAGES } from "../experiment/specSchema.js";
import { type Checked, checkAgainst } from "../validation/check.js";
import type { Problem } from "../validation/problem.js";

/** Points of one landscape: more than a figure can show, and few enough for a row each. */
export const MAX_LANDSCAPE_POINTS = 251 * 251;

const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .default(0)
  .meta({ description: "of the directions; the same for all models of one shape" });
const split = z
  .enum(["train", "test"])
  .default("train")
  .meta({ description: "which images; always the same ones of a split, its first" });
const images = z.int().min(1).max(TEST_IMAGES).default(2000);

const landscape = z.strictObject({
  kind: z.literal("landscape"),
  dimensions: z.union([z.literal(1), z.literal(2)]).default(2),
  resolution: z
    .int()
    .min(3)
    .max(1001)
    .default(51)
    .meta({ description: "points an axis; odd, so that the network itself is one of them" }),
  range: z
    .number()
    .gt(0)
    .max(1000)
    .default(1)
    .meta({ description: "half-width, in units of the directions" }),
  centre: z
    .array(z.number().min(-1000).max(1000))
    .min(1)
    .max(2)
    .optional()
    .meta({ description: "where the grid's middle lies; default the network itself" }),
  directions: z.enum(["random", "principal"]).default("random").meta({
    description:
      "filter-normalised random ones, or the principal components of the run's kept checkpoints, each as long as the way of training along it",
  }),
  seed,
  split,
  examples: images,
  surface: z
    .enum(["loss", "energy"])
    .default("loss")
    .meta({ description: "the feed-forward loss, or PC's quadratic energy after inference" }),
});

const weights = z.strictObject({
  kind: z.literal("weights"),
  bins: z.int().min(2).max(1000).default(101),
});

const phase = z.strictObject({
  kind: z.literal("phase"),
  split,
  examples: images.default(64),
});

const alignment = z.strictObject({
  kind: z.literal("alignment"),
  split,
  examples: images.default(64),
});

const curvature = z.strictObject({
  kind: z.literal("curvature"),
  seed,
  split,
  examples: images,
  steps: z
    .int()
    .min(2)
    .max(500)
    .default(60)
    .meta({ description: "most Lanczos steps; two gradients each" }),
});

export const analysisSchema = z.discriminatedUnion("kind", [
  landscape,
  weights,
  phase,
  alignment,
  curvature,
]);

export type AnalysisWire = z.input<typeof analysisSchema>;
export type AnalysisSettings = z.output<typeof analysisSchema>;
export type AnalysisKind = AnalysisSettings["kind"];
export type LandscapeSettings = z.output<typeof landscape>;
export type WeightsSettings = z.output<typeof weights>;
export type PhaseSettings = z.output<typeof phase>;
export type AlignmentSettings = z.output<typeof alignment>;
export type CurvatureSettings = z.output<typeof curvature>;

export const ANALYSIS_KINDS = ["landscape", "weights", "phase", "alignment", "curvature"] as const;

export const ANALYSIS_STATES = ["queued", "running", "succeeded", "failed", "canceled"] as const;
export type AnalysisState = (typeof ANALYSIS_STATES)[number];

/** Whether the checkpoints that were kept of the training before the network take part. */
export const looksAtTraining = ({ kind }: AnalysisSettings): boolean =>
  kind === "landscape" || kind === "alignment";

/** Checks a body as a researcher wrote it. */
export const parseAnalysis = (input: unknown): Checked<AnalysisSettings> => {
  const checked = checkAgainst(analysisSchema, input);
  if (!checked.ok) return checked;
  const problems = problemsBetweenFields(checked.value);
  return problems.length > 0 ? { ok: false, problems } : checked;
};

/** What no field shows alone. */
const problemsBetweenFields = (settings: AnalysisSettings): Problem[] => {
  if (settings.kind !== "landscape") return [];
  const { dimensions, resolution, centre } = settings;
  const problems: Problem[] = [];
  if (resolution % 2 === 0) {
    problems.push({
      pointer: "#/resolution",
      code: "format",
      got: resolution,
      allowed: "odd",
      detail: `resolution must be odd, so that the middle is a point; ${resolution + 1} would do`,
    });
  }
  if (resolution ** dimensions > MAX_LANDSCAPE_POINTS) {
    problems.push({
      pointer: "#/resolution",
      code: "maximum",
      got: resolution,
      allowed: `<= ${Math.floor(MAX_LANDSCAPE_POINTS ** (1 / dimensions))}`,
      detail: `resolution ${resolution} makes ${resolution ** dimensions} points, ${MAX_LANDSCAPE_POINTS} are allowed`,
    });
  }
  if (centre !== undefined && centre.length !== dimensions) {
    problems.push({
      pointer: "#/centre",
      code: "format",
      got: centre,
      allowed: `${dimensions} numbers`,
      detail: `centre has ${centre.length} numbers, one for each of ${dimensions} dimensions expected`,
    });
  }
  return problems;
};
