/** Draws frames in place, below what the terminal shows already, and leaves the last one there. */
import type { Output } from "../session.js";
import { stringWidth } from "../output/text.js";
import { stripVTControlCharacters } from "node:util";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_TO_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const up = (lines: number): string => (lines === 0 ? "" : `\u001b[${lines}A`);

export interface Screen {
  draw(lines: readonly string[]): void;
  /** The cursor is back, below the last frame. */
  close(): void;
}

export const openScreen = (output: Output): Screen => {
  let drawn: readonly string[] = [];
  // Whatever ends the process, the terminal gets its cursor back.
  const showCursor = (): void => void output.write(SHOW_CURSOR);
  process.once("exit", showCursor);
  output.write(HIDE_CURSOR);
  return {
    draw: (lines) => {
      output.write(
        `\r${up(heightOf(drawn, output.columns))}${lines.map((line) => `${line}${CLEAR_TO_LINE_END}\n`).join("")}${CLEAR_BELOW}`,
      );
      drawn = lines;
    },
    close: () => {
      process.removeListener("exit", showCursor);
      showCursor();
    },
  };
};

/** Rows that lines take: a terminal that became narrower has wrapped them. */
export const heightOf = (lines: readonly string[], columns = Infinity): number =>
  lines.reduce(
    (sum, line) =>
      sum + Math.max(1, Math.ceil(stringWidth(stripVTControlCharacters(line)) / columns)),
    0,
  );
