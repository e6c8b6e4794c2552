/** The words of a preset: which figures of the paper, and at what size. */

export const FIGURE_NAMES = [
  "figure-2",
  "figure-3",
  "figure-4",
  "figure-5",
  "figure-6",
  "figure-7",
] as const;
export type FigureName = (typeof FIGURE_NAMES)[number];

/** `paper` is every figure, and what the fourteen claims need beside them. */
export const PRESET_NAMES = [...FIGURE_NAMES, "paper"] as const;
export type PresetName = (typeof PRESET_NAMES)[number];

export const PRESET_SCALES = ["smoke", "short", "full"] as const;
export type PresetScale = (typeof PRESET_SCALES)[number];

/** Minutes on a workstation with the native engine: a result worth reading, without a GPU. */
export const DEFAULT_SCALE: PresetScale = "short";
