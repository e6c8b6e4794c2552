/** The key above the panels: what each line, symbol and fill stands for, in rows as wide as the figure. */
import type { Mark } from "vega";
import { type Colour, mark, paint, textMark } from "./marks.js";
import { fitText, textWidth } from "./text.js";

export interface KeyEntry {
  label: string;
  line?: { colour: Colour; dash?: readonly number[]; width?: number };
  symbol?: { shape: string; colour: Colour; hollow?: boolean; size?: number };
  fill?: { colour: Colour; opacity?: number; dashed?: boolean };
}

const ROW_HEIGHT = 20;
const SAMPLE_WIDTH = 30;
const SAMPLE_GAP = 6;
const ENTRY_GAP = 16;
const LEFT = 4;

export interface Placed {
  marks: Mark[];
  height: number;
}

export const key = (entries: readonly KeyEntry[], top: number, width: number): Placed => {
  const marks: Mark[] = [];
  let [x, row] = [LEFT, 0];
  for (const entry of entries) {
    const label = fitText(entry.label, width - LEFT - SAMPLE_WIDTH - SAMPLE_GAP);
    const entryWidth = SAMPLE_WIDTH + SAMPLE_GAP + textWidth(label);
    if (x > LEFT && x + entryWidth > width) [x, row] = [LEFT, row + 1];
    const y = top + (row + 0.5) * ROW_HEIGHT;
    marks.push(...sample(entry, x, y));
    marks.push(textMark(label, { x: x + SAMPLE_WIDTH + SAMPLE_GAP, y, name: "key-label" }));
    x += entryWidth + ENTRY_GAP;
  }
  return { marks, height: entries.length === 0 ? 0 : (row + 1) * ROW_HEIGHT + 4 };
};

const sample = ({ line, symbol, fill }: KeyEntry, x: number, y: number): Mark[] => {
  const marks: Mark[] = [];
  if (fill) {
    marks.push(
      mark("rect", "key-fill", {
        x: { value: x },
        width: { value: SAMPLE_WIDTH },
        y: { value: y - 5 },
        height: { value: 10 },
        fill: paint(fill.colour),
        fillOpacity: { value: fill.opacity ?? 1 },
        ...(fill.dashed ? { stroke: paint(fill.colour), strokeDash: { value: [3, 2] } } : {}),
      }),
    );
  }
  if (line) {
    marks.push(
      mark("rule", "key-line", {
        x: { value: x },
        x2: { value: x + SAMPLE_WIDTH },
        y: { value: y },
        stroke: paint(line.colour),
        strokeWidth: { value: line.width ?? 2 },
        strokeDash: { value: [...(line.dash ?? [])] },
      }),
    );
  }
  if (symbol) {
    marks.push(
      mark("symbol", "key-symbol", {
        x: { value: x + SAMPLE_WIDTH / 2 },
        y: { value: y },
        shape: { value: symbol.shape },
        size: { value: symbol.size ?? 50 },
        fill: paint(symbol.hollow ? "paper" : symbol.colour),
        stroke: paint(symbol.colour),
      }),
    );
  }
  return marks;
};
