import { describe, expect, test } from "vitest";
import { styleOf } from "./style.js";
import { type TableColumn, renderTable } from "./table.js";
import { fit, printable, stringWidth } from "./text.js";

type Row = { id: string; note: string; count: number };
const columns: TableColumn<Row>[] = [
  { title: "id", value: ({ id }) => id },
  { title: "note", value: ({ note }) => note, shrinkTo: 5 },
  { title: "count", value: ({ count }) => String(count), align: "right", dropOrder: 1 },
];
const rows: Row[] = [
  { id: "a", note: "short", count: 7 },
  { id: "bcd", note: "a note of some length", count: 1200 },
];
const plain = styleOf(false);

describe("a table", () => {
  test("aligns its columns", () => {
    expect(renderTable(columns, rows, { style: plain, width: Infinity })).toEqual([
      "ID   NOTE                   COUNT",
      "a    short                      7",
      "bcd  a note of some length   1200",
    ]);
  });

  test("cuts what may be cut, then drops what may be dropped, to fit", () => {
    expect(renderTable(columns, rows, { style: plain, width: 20 })).toEqual([
      "ID   NOTE      COUNT",
      "a    short         7",
      "bcd  a note …   1200",
    ]);
    expect(renderTable(columns, rows, { style: plain, width: 11 })).toEqual([
      "ID   NOTE",
      "a    short",
      "bcd  a no…",
    ]);
  });

  test("counts columns of the terminal, not characters: wide letters and colours", () => {
    const wide = [
      { id: "実験", note: "x", count: 1 },
      { id: "a", note: "y", count: 2 },
    ];
    const [, first, second] = renderTable(columns, wide, { style: plain, width: Infinity });
    expect(stringWidth(first)).toBe(stringWidth(second));
    const [heading] = renderTable(columns, rows, { style: styleOf(true), width: Infinity });
    expect(heading).toContain("\u001b[");
    expect(stringWidth(heading)).toBe(33);
  });
});

test("text is cut at whole characters", () => {
  expect(fit("実験", 3)).toBe("実…");
  expect(fit("👩‍🔬👩‍🔬", 3)).toBe("👩‍🔬…");
  expect(fit("abc", 3)).toBe("abc");
  expect(fit("abc", 0)).toBe("");
});

test("what others wrote cannot move the cursor or break the line", () => {
  expect(printable("a\u001b[2Jb\nc\u0007\u202ed")).toBe("a\ufffd[2Jb c\ufffd\ufffdd");
});
