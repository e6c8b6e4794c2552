/** A table as text for a terminal, or as Markdown for docs/PERFORMANCE.md. */

export interface Table {
  title: string;
  header: readonly string[];
  rows: readonly (readonly string[])[];
  /** Sentences below the table. */
  notes: readonly string[];
}

export type Printer = (table: Table) => string;

/** Columns aligned: numbers to the right. The last cell of a row that is too short may run over the columns beside it. */
export const printText: Printer = ({ title, header, rows, notes }) => {
  const columns = header.map((name, column) => {
    const cells = rows.flatMap((row) => {
      const runsOver = row.length < header.length && column >= row.length - 1;
      return runsOver ? [] : [row[column] ?? ""];
    });
    return {
      width: Math.max(name.length, ...cells.map((cell) => cell.length)),
      isNumeric: column > 0 && cells.every((cell) => /^(-$|[+-]?\d)/.test(cell)),
    };
  });
  const printed = [header, ...rows].map((line) =>
    columns
      .map(({ width, isNumeric }, column) => {
        const cell = line[column] ?? "";
        return isNumeric ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return [title, ...printed, ...notes, "", ""].join("\n");
};

export const printMarkdown: Printer = ({ title, header, rows, notes }) => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [
    `### ${title}`,
    "",
    line(header),
    line(header.map(() => "---")),
    ...rows.map(line),
    "",
    ...notes.flatMap((note) => [note, ""]),
    "",
  ].join("\n");
};
