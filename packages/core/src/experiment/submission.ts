/** What a sweep's body says about the sweep itself, beside its runs: who may read it, when it comes, what repeats. */
import { z } from "zod";
import { PRIORITY_CLASSES } from "../scheduling/priorityClass.js";

export const ON_DUPLICATE = ["run", "reuse", "error"] as const;
export type OnDuplicate = (typeof ON_DUPLICATE)[number];

const noNul = (text: string): boolean => !text.includes("\u0000");
const withoutNul = { message: "must not contain NUL" };

export const sweepNameSchema = z.string().min(1).max(200).refine(noNul, withoutNul);

/** A word to find things by. */
export const tagSchema = z
  .string()
  .regex(/^[\w.:/-]{1,60}$/, "must be 1 to 60 letters, digits or . : / - _");

export const MAX_TAGS = 20;

export const labelFields = {
  tags: z.array(tagSchema).max(MAX_TAGS).meta({ description: "words to find it by" }),
  notes: z.string().max(10_000).refine(noNul, withoutNul).meta({ description: "for people" }),
};

export const submissionFields = {
  tags: labelFields.tags.optional(),
  notes: labelFields.notes.optional(),
  shared: z
    .boolean()
    .optional()
    .meta({ description: "everybody in the lab may read it; default false" }),
  priority_class: z.enum(PRIORITY_CLASSES).optional().meta({
    description:
      "default normal; scavenger work is preempted by the others; urgent needs a token with scope operate",
  }),
  priority: z
    .int()
    .min(-100)
    .max(100)
    .optional()
    .meta({ description: "among your own sweeps of a class, higher first; default 0" }),
  on_duplicate: z
    .enum(ON_DUPLICATE)
    .optional()
    .meta({
      description:
        "of runs whose spec, with its defaults, you submitted before. run: train them again (the default); reuse: take " +
        "over the results of one that succeeded; error: refuse the sweep",
    }),
};

const submissionSchema = z.object(submissionFields);
export type Submission = z.output<typeof submissionSchema>;

/** Of a body that `expandSweep` has taken. */
export const readSubmission = (body: unknown): Submission => submissionSchema.parse(body);
