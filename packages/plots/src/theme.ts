/**
 * What a figure looks like on light and on dark paper. A spec names colours (signals, and a scale's range), a theme
 * gives them, so that one spec serves both; a page passes `themes[name]` to `vega.parse` as its config.
 *
 * The colours are those of Okabe and Ito (2008), which people with the common colour blindnesses tell apart; each theme
 * leaves out the ones that its paper swallows. Figures never tell by colour alone: dashes and symbols vary with it.
 */
import type { Config } from "vega";

export type Theme = "light" | "dark";

/** At the default width a figure printed 8.5 cm wide shows 2 px a point: these are 7 pt and more. */
export const LABEL_SIZE = 14;
export const TITLE_SIZE = 16;

/** DejaVu Sans is what the PNGs are drawn with; the widths that layouts reckon with are its own, the widest of these. */
export const FONT = "Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

interface Colours {
  paper: string;
  ink: string;
  grid: string;
  /** Where there is no value: unlike any colour of the landscapes' ramp. */
  gap: string;
  accuracyColour: string;
  lossColour: string;
  series: string[];
}

const light: Colours = {
  paper: "#ffffff",
  ink: "#1a1a1a",
  grid: "#dddddd",
  gap: "#bdbdbd",
  accuracyColour: "#d55e00",
  lossColour: "#0072b2",
  series: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"],
};

const dark: Colours = {
  paper: "#14171a",
  ink: "#ececec",
  grid: "#3a3f44",
  gap: "#6b6f73",
  accuracyColour: "#ff7f2a",
  lossColour: "#56b4e9",
  series: ["#56b4e9", "#ff7f2a", "#2bc79a", "#e39ac4", "#f0e442", "#4f93ff", "#ffffff"],
};

/** `aria` is missing from the types: the marks say nothing, since the figure as a whole has a title and a description. */
const config = ({ series, ...colours }: Colours): Config & { aria: boolean } => ({
  aria: false,
  background: colours.paper,
  signals: Object.entries(colours).map(([name, value]) => ({ name, value })),
  range: { category: series },
  axis: {
    domainColor: colours.ink,
    tickColor: colours.ink,
    gridColor: colours.grid,
    labelColor: colours.ink,
    labelFont: FONT,
    labelFontSize: LABEL_SIZE,
    labelPadding: 3,
    tickSize: 5,
    labelOverlap: false,
    labelBound: false,
    labelLimit: 0,
  },
  style: { "guide-label": { font: FONT } },
});

export const themes: Readonly<Record<Theme, Config>> = { light: config(light), dark: config(dark) };
