import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Colours where they are wanted. What they say, the words say too. */
export interface Style {
  dim: (text: string) => string;
  bold: (text: string) => string;
  good: (text: string) => string;
  bad: (text: string) => string;
  busy: (text: string) => string;
  waiting: (text: string) => string;
}

export const styleOf = (isColoured: boolean): Style => {
  const as =
    (format: Format) =>
    (text: string): string =>
      isColoured && text !== "" ? paint(format, text) : text;
  return {
    dim: as("dim"),
    bold: as("bold"),
    good: as("green"),
    bad: as("red"),
    busy: as("cyan"),
    waiting: as("yellow"),
  };
};

/** The decision is made by now: Node need not look at standard output once more. */
const paint = (format: Format, text: string): string =>
  styleText(format, text, { validateStream: false });

/** Of a run, a sweep or an analysis. */
export const paintState = (style: Style, state: string, text = state): string => {
  switch (state) {
    case "succeeded":
    case "completed":
      return style.good(text);
    case "failed":
      return style.bad(text);
    case "starting":
    case "running":
    case "active":
      return style.busy(text);
    case "queued":
    case "canceled":
    case "pruned":
      return style.dim(text);
    default:
      return style.waiting(text);
  }
};
