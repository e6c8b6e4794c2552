import type { RunBody, comparisonSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { usageError } from "../cliError.js";
import { nameOf } from "../client/ids.js";
import { cell } from "../output/quantities.js";
import { paintState } from "../output/style.js";
import { renderTable } from "../output/table.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";

type Comparison = z.output<typeof comparisonSchema>;

export const compareCommand = (program: Command, world: World): void => {
  program
    .command("compare")
    .summary("runs side by side")
    .description("Runs side by side: the fields in which they differ, and what they reached.")
    .argument("<id...>", "of runs; a sweep stands for its runs")
    .action(action(world, compare));
};

const compare = async (session: Session, ids: string[]): Promise<void> => {
  const runs = (await Promise.all(ids.map((id) => runsOf(session, id)))).flat();
  if (runs.length < 2)
    throw usageError("one run alone compares with nothing; name another, or a sweep");
  const comparison = await session.lab.get<Comparison>("/v1/compare", {
    runs: [...new Set(runs)].join(","),
  });
  if (session.json) session.printJson(comparison);
  else session.print(`${comparisonTable(comparison, session).join("\n")}\n`);
};

const runsOf = async ({ lab }: Session, text: string): Promise<string[]> => {
  const { kind, id, path } = await nameOf(lab, text, ["run", "swp"]);
  if (kind === "run") return [id];
  const runs: string[] = [];
  for await (const page of lab.list<RunBody>(`${path}/runs`))
    runs.push(...page.map(({ id }) => id));
  return runs;
};

const comparisonTable = (
  { runs, differing, metrics }: Comparison,
  { style, width }: Session,
): string[] => {
  const measured = metrics.filter(({ values }) => values.some((value) => value !== null));
  return renderTable(
    [
      { title: "id", value: ({ run }) => run.id, dropOrder: 99 },
      { title: "run", value: ({ run }) => run.name },
      ...differing.map(({ field, values }, place) => ({
        title: field,
        value: ({ index }: { index: number }) => printable(cell(values[index])),
        align: "right" as const,
        dropOrder: 50 + place,
      })),
      {
        title: "state",
        value: ({ run }) => run.state,
        paint: (style, text, { run }) => paintState(style, run.state, text),
      },
      ...measured.map(({ name, values }, place) => ({
        title: name,
        value: ({ index }: { index: number }) => cell(values[index]),
        align: "right" as const,
        dropOrder: 10 + place,
      })),
    ],
    runs.map((run, index) => ({ run, index })),
    { style, width },
  );
};
