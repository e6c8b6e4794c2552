/** Text on a terminal: how wide it is, and what may not reach it. */
import stringWidth from "string-width";

export { stringWidth };

/**
 * Names, notes and log lines come from other people: control characters, with which a text could move the cursor or write
 * to the clipboard, become visible instead. Newlines become blanks.
 */
export const printable = (text: string): string =>
  text
    .replace(/\s+/g, " ")
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");

const segmenter = new Intl.Segmenter();

/** At most so many columns, with an ellipsis where something was cut. Colours are for after this. */
export const fit = (text: string, columns: number): string => {
  if (stringWidth(text) <= columns) return text;
  if (columns < 1) return "";
  let taken = "";
  let width = 0;
  for (const { segment } of segmenter.segment(text)) {
    const more = stringWidth(segment);
    if (width + more > columns - 1) break;
    taken += segment;
    width += more;
  }
  return `${taken}…`;
};

export const padTo = (text: string, columns: number, align: "left" | "right" = "left"): string => {
  const gap = " ".repeat(Math.max(0, columns - stringWidth(text)));
  return align === "left" ? text + gap : gap + text;
};
