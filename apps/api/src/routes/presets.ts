import { presetListSchema } from "@pclab/contracts";
import { PRESET_NAMES, PRESET_SCALES, expandSweep } from "@pclab/core";
import type { FastifyPluginAsyncZod } from "fastify-type-provider-zod";
import { errorResponses } from "./errorResponses.js";

/** @returns the runs of a preset at each scale, as its own expansion counts them */
const describePreset = (name: (typeof PRESET_NAMES)[number]) => ({
  name,
  scales: PRESET_SCALES.map((scale) => {
    const expanded = expandSweep({ preset: name, scale });
    return { scale, run_count: expanded.ok ? expanded.value.runs.length : 0 };
  }),
});

export const presetRoutes = (): FastifyPluginAsyncZod => async (app) => {
  const presets = PRESET_NAMES.map(describePreset);
  app.get(
    "/v1/presets",
    {
      schema: {
        summary: "The paper's experiments, ready to submit",
        description:
          '`POST /v1/sweeps {"preset": "figure-2", "scale": "short"}`; with `dry_run=true` it says how long it would take.',
        tags: ["sweeps"],
        response: { 200: presetListSchema, ...errorResponses(401, 403, 429, 503) },
      },
    },
    async () => ({ data: presets }),
  );
};
