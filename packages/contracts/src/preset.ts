/** The list of presets as the API answers it. */
import { PRESET_NAMES, PRESET_SCALES } from "@pclab/core";
import { z } from "zod";

export const presetListSchema = z.object({
  data: z.array(
    z.object({
      name: z.enum(PRESET_NAMES),
      scales: z.array(z.object({ scale: z.enum(PRESET_SCALES), run_count: z.int() })),
    }),
  ),
});
