/** Aligned columns; on a terminal the columns that may shrink are cut until a line fits. */
import type { Style } from "./style.js";
import { fit, padTo, stringWidth } from "./text.js";

export interface TableColumn<Row> {
  title: string;
  value: (row: Row) => string;
  align?: "left" | "right";
  /** Colours the cell once it is cut and padded. */
  paint?: (style: Style, text: string, row: Row) => string;
  /** It may be cut down to so many columns. */
  shrinkTo?: number;
  /** Left out where the lines would not fit otherwise; the highest first. */
  dropOrder?: number;
}

export interface TableOptions {
  style: Style;
  width: number;
}

const GAP = "  ";

export const renderTable = <Row>(
  columns: readonly TableColumn<Row>[],
  rows: readonly Row[],
  { style, width }: TableOptions,
): string[] => {
  const cells = rows.map((row) => columns.map(({ value }) => value(row)));
  const { shown, widths } = layOut(columns, cells, width);
  const line = (paintCell: (text: string, index: number) => string, texts: readonly string[]) =>
    shown
      .map((index, place) => {
        const text = fit(texts[index] ?? "", widths[index] ?? 0);
        const isLast = place === shown.length - 1 && columns[index]?.align !== "right";
        return paintCell(
          isLast ? text : padTo(text, widths[index] ?? 0, columns[index]?.align),
          index,
        );
      })
      .join(GAP);
  return [
    line(
      (text) => style.dim(text),
      columns.map(({ title }) => title.toUpperCase()),
    ),
    ...rows.map((row, place) =>
      line((text, index) => columns[index]?.paint?.(style, text, row) ?? text, cells[place] ?? []),
    ),
  ];
};

/** Which columns are shown, and how wide each is. */
const layOut = <Row>(
  columns: readonly TableColumn<Row>[],
  cells: readonly (readonly string[])[],
  width: number,
): { shown: number[]; widths: number[] } => {
  const widths = columns.map(({ title }, index) =>
    cells.reduce((most, row) => Math.max(most, stringWidth(row[index] ?? "")), title.length),
  );
  let shown = columns.map((_, index) => index);
  const excess = (): number =>
    shown.reduce((sum, index) => sum + (widths[index] ?? 0), GAP.length * (shown.length - 1)) -
    width;
  for (const index of shown) {
    const { shrinkTo } = columns[index] ?? {};
    const now = widths[index] ?? 0;
    if (shrinkTo !== undefined && excess() > 0)
      widths[index] = Math.max(Math.min(now, shrinkTo), now - excess());
  }
  const droppable = shown
    .filter((index) => columns[index]?.dropOrder !== undefined)
    .sort((a, b) => (columns[b]?.dropOrder ?? 0) - (columns[a]?.dropOrder ?? 0));
  for (const index of droppable) {
    if (excess() <= 0) break;
    shown = shown.filter((one) => one !== index);
  }
  return { shown, widths };
};
