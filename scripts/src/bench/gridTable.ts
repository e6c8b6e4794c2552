/** The grid as tables, and its steepest fall: what a cliff would show as. */
import { digits } from "./format.js";
import type { Cell, GridCell } from "./grid.js";
import type { Table } from "./table.js";
import type { Shape } from "./workload.js";

export interface Fall {
  from: Shape;
  to: Shape;
  /** The rate of `to` over that of `from`. */
  ratio: number;
}

/**
 * The steepest fall of the rate from a cell to the next larger width or minibatch; above 1 where it only rises. Null for
 * fewer than two cells that were measured.
 */
export const steepestFall = (cells: readonly GridCell[]): Fall | null => {
  const measured = cells.filter((cell): cell is Cell => "gflops" in cell);
  const falls = measured.flatMap((from) => {
    const wider = nextLarger(measured, from, "width", "batch");
    const larger = nextLarger(measured, from, "batch", "width");
    return [wider, larger].flatMap((to) =>
      to === null ? [] : [{ from, to, ratio: to.gflops / from.gflops }],
    );
  });
  return falls.toSorted((a, b) => a.ratio - b.ratio)[0] ?? null;
};

const nextLarger = (
  cells: readonly Cell[],
  from: Cell,
  along: keyof Shape,
  fixed: keyof Shape,
): Cell | null =>
  cells
    .filter((cell) => cell[fixed] === from[fixed] && cell[along] > from[along])
    .toSorted((a, b) => a[along] - b[along])[0] ?? null;

export const gridTables = (cells: readonly GridCell[], threads: number): Table[] => {
  const fall = steepestFall(cells);
  const name = ({ width, batch }: Shape): string => `W=${width} B=${batch}`;
  const note =
    fall === null
      ? []
      : [
          `Steepest fall to a next larger shape: from ${name(fall.from)} to ${name(fall.to)}, ` +
            `${digits(fall.ratio)} of the rate.`,
        ];
  return [
    gridTable(`pc, GFLOP/s, threads: ${threads}`, cells, ({ gflops }) => gflops, note),
    gridTable(`pc, ms an activity step, threads: ${threads}`, cells, ({ stepMs }) => stepMs, []),
  ];
};

const gridTable = (
  title: string,
  cells: readonly GridCell[],
  value: (cell: Cell) => number,
  notes: string[],
): Table => {
  const widths = [...new Set(cells.map(({ width }) => width))];
  const batches = [...new Set(cells.map(({ batch }) => batch))];
  const reasons = new Set(cells.flatMap((cell) => ("gflops" in cell ? [] : [cell.unavailable])));
  return {
    title,
    header: ["W", ...batches.map((batch) => `B=${batch}`)],
    rows: widths.map((width) => [
      String(width),
      ...batches.map((batch) => {
        const cell = cells.find((one) => one.width === width && one.batch === batch);
        return cell !== undefined && "gflops" in cell ? digits(value(cell)) : "-";
      }),
    ]),
    notes: [...notes, ...[...reasons].map((reason) => `unavailable: ${reason}`)],
  };
};
