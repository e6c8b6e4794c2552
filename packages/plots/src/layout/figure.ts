/** The frame of every figure: its size, its title, and what it says where there is nothing to show. */
import type { Data, Mark, Spec } from "vega";
import { TITLE_SIZE } from "../theme.js";
import { type KeyEntry, type Placed, key } from "./key.js";
import { SERIES_COLOURS, textMark } from "./marks.js";
import { fitText } from "./text.js";

/** At this width, printed 8.5 cm wide, the smallest text is 7 pt. */
export const DEFAULT_WIDTH = 480;

export interface FigureOptions {
  title?: string;
  /** Pixels; the height follows from the data. */
  width?: number;
}

/** A Vega spec that any theme may be applied to, and the words for those who hear a figure. */
export interface FigureSpec extends Spec {
  width: number;
  height: number;
  usermeta: { title: string; description: string };
}

export interface FigureParts {
  options: FigureOptions;
  /** What the figure is, where the options name no title. */
  defaultTitle: string;
  description: string;
  height: number;
  marks: Mark[];
  data?: Data[];
}

export const widthOf = ({ width = DEFAULT_WIDTH }: FigureOptions): number => Math.max(240, width);

export const figure = ({
  options,
  defaultTitle,
  description,
  height,
  marks,
  data = [],
}: FigureParts): FigureSpec => ({
  $schema: "https://vega.github.io/schema/vega/v6.json",
  width: widthOf(options),
  height: Math.ceil(height),
  padding: 0,
  autosize: "none",
  usermeta: { title: options.title ?? defaultTitle, description },
  data,
  scales: [
    {
      name: "series",
      type: "ordinal",
      domain: Array.from({ length: SERIES_COLOURS }, (_, i) => i),
      range: "category",
    },
  ],
  marks: withUniqueNames(marks, new Map()),
});

/** Vega refuses two marks of one name; the names are there as classes of the SVG's groups: label, label-2, label-3. */
const withUniqueNames = (marks: readonly Mark[], seen: Map<string, number>): Mark[] =>
  marks.map((mark) => {
    const name = mark.name ?? mark.type;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    const named = { ...mark, name: count === 1 ? name : `${name}-${count}` };
    return named.type === "group" && named.marks
      ? { ...named, marks: withUniqueNames(named.marks, seen) }
      : named;
  });

/** Title and key; panels begin at `height`. */
export const header = (options: FigureOptions, entries: readonly KeyEntry[]): Placed => {
  const width = widthOf(options);
  const titleHeight = options.title === undefined ? 0 : TITLE_SIZE + 12;
  const marks =
    options.title === undefined
      ? []
      : [
          textMark(fitText(options.title, width - 8, TITLE_SIZE * 1.08), {
            x: width / 2,
            y: titleHeight / 2,
            align: "center",
            size: TITLE_SIZE,
            bold: true,
            name: "title",
          }),
        ];
  const { marks: keyMarks, height } = key(entries, titleHeight + 2, width - 4);
  return { marks: [...marks, ...keyMarks], height: titleHeight + height + 4 };
};

/** A figure of nothing: said, rather than drawn as empty axes. */
export const noDataFigure = (options: FigureOptions, defaultTitle: string): FigureSpec => {
  const { marks, height } = header(options, []);
  const centre = { x: widthOf(options) / 2, y: height + 50, align: "center" } as const;
  return figure({
    options,
    defaultTitle,
    description: "There are no data to show.",
    height: height + 100,
    marks: [...marks, textMark("no data", { ...centre, name: "no-data" })],
  });
};
