import { expect, test } from "vitest";
import { digits, percent, times } from "./format.js";
import { type Table, printMarkdown, printText } from "./table.js";

const table: Table = {
  title: "Two engines",
  header: ["what", "ms", "of peak"],
  rows: [
    ["kernel", "137", "88.0 %"],
    ["loop", "9.5", "-"],
    ["peer", "unavailable: there is no such thing on this machine"],
  ],
  notes: ["A note."],
};

test("text is aligned, numbers to the right, and a reason runs over the columns beside it", () => {
  expect(printText(table).split("\n")).toEqual([
    "Two engines",
    "what     ms  of peak",
    "kernel  137   88.0 %",
    "loop    9.5        -",
    "peer    unavailable: there is no such thing on this machine",
    "A note.",
    "",
    "",
  ]);
});

test("Markdown has a heading, a header and a row a line", () => {
  expect(printMarkdown(table).split("\n").slice(0, 6)).toEqual([
    "### Two engines",
    "",
    "| what | ms | of peak |",
    "| --- | --- | --- |",
    "| kernel | 137 | 88.0 % |",
    "| loop | 9.5 | - |",
  ]);
});

test("a bar in a cell does not end it", () => {
  const printed = printMarkdown({ ...table, rows: [["a|b", "1", "2"]] });
  expect(printed).toContain("| a\\|b | 1 | 2 |");
});

test("numbers have three digits, whatever their size", () => {
  const shown = [1234.4, 137.2, 68.54, 2.004, 0.1254, 0.00012, 0, null].map(digits);
  expect(shown).toEqual(["1234", "137", "68.5", "2.00", "0.125", "1.2e-4", "0", "-"]);
  expect([percent(0.8794), percent(null)]).toEqual(["87.9 %", "-"]);
  expect([times(1.945), times(null)]).toEqual(["1.95 x", "-"]);
});
