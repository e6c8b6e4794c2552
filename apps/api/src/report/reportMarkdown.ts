/** A report as Markdown, its figures as links to the plots. */
import type { Report } from "./report.js";
import {
  type Table,
  analysesTable,
  claimsTable,
  modelsTable,
  partsTable,
  runsTable,
} from "./tables.js";

/** @param plotUrl where a figure of the report lies */
export const reportMarkdown = (
  report: Report,
  plotUrl: (plot: string, network: string) => string,
): string => {
  const { name, state, runCount, runStates, analysisStates, settings, claims } = report;
  return [
    `# ${text(name)}`,
    `Sweep ${report.id} of ${report.createdAt.toISOString()}, ${state}: ${runCount} runs (${runStates}); analyses: ${analysisStates}.`,
    "## Models",
    "Mean ± sd over seeds, at the end of training. Models are selected by validation accuracy; test accuracy is reported, never selected on.",
    table(modelsTable(report.models)),
    ...(report.analyses.length === 0
      ? []
      : ["## What the analyses found", table(analysesTable(report.analyses))]),
    ...(claims === null
      ? []
      : [
          "## The paper's claims",
          table(claimsTable(claims)),
          ...claims.flatMap((answer) => [
            `### ${answer.number}. ${answer.claim}`,
            answer.statistic,
            table(partsTable(answer)),
          ]),
        ]),
    "## Figures",
    ...report.figures.flatMap(({ plot, network, caption }) => [
      `### ${network.name}: ${plot}`,
      `![${text(caption)}](${plotUrl(plot, network.id)})`,
      text(caption),
    ]),
    "## Settings of every run",
    table({ head: ["field", "value"], rows: settings }),
    "## Runs",
    table(runsTable(report.runs)),
    "## Environment",
    ...report.environment.map(({ runs, facts }) =>
      [`Of ${runs} runs:`, table({ head: ["", ""], rows: facts })].join("\n\n"),
    ),
    "",
  ].join("\n\n");
};

const table = ({ head, rows }: Table): string =>
  [head, head.map(() => "---"), ...rows.map((row) => row.map(text))]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");

/** Somebody's name for a sweep must stay text: no table of its own, no markup, no link. */
const text = (value: string): string =>
  value.replace(/\s+/g, " ").replace(/[\\`*_[\]<>|#]/g, (character) => `\\${character}`);
