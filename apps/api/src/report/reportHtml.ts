/** A report as one self-contained HTML file: its figures are inside, and nothing is fetched. */
import type { Report } from "./report.js";
import {
  type Table,
  analysesTable,
  claimsTable,
  modelsTable,
  partsTable,
  runsTable,
} from "./tables.js";

/** @param figures the SVG of each of the report's figures, in their order */
export const reportHtml = (report: Report, figures: readonly string[]): string => {
  const { name, state, runCount, runStates, analysisStates, claims } = report;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(name)} · pclab report</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${text(name)}</h1>
<p>Sweep <code>${text(report.id)}</code> of ${report.createdAt.toISOString()}, <strong>${text(state)}</strong>: ${runCount} runs (${text(runStates)}); analyses: ${text(analysisStates)}.</p>
<h2>Models</h2>
<p>Mean ± sd over seeds, at the end of training. Models are selected by validation accuracy; test accuracy is reported, never selected on.</p>
${table(modelsTable(report.models))}
${report.analyses.length === 0 ? "" : `<h2>What the analyses found</h2>${table(analysesTable(report.analyses))}`}
${claims === null ? "" : claimsHtml(claims)}
<h2>Figures</h2>
${report.figures.map(({ network, caption }, index) => `<figure>${figures[index] ?? ""}<figcaption><strong>${text(network.name)}.</strong> ${text(caption)}</figcaption></figure>`).join("\n")}
<h2>Settings of every run</h2>
${table({ head: ["field", "value"], rows: report.settings })}
<h2>Runs</h2>
${table(runsTable(report.runs))}
<h2>Environment</h2>
${report.environment.map(({ runs, facts }) => `<p>Of ${runs} runs:</p>${table({ head: ["", ""], rows: facts })}`).join("\n")}
</body>
</html>
`;
};

const claimsHtml = (claims: NonNullable<Report["claims"]>): string => `
<h2>The paper's claims</h2>
${table(claimsTable(claims))}
${claims
  .map(
    (answer) => `<details><summary>${answer.number}. ${text(answer.claim)}</summary>
<p>${text(answer.statistic)}</p>
${table(partsTable(answer))}
</details>`,
  )
  .join("\n")}`;

const table = ({ head, rows }: Table): string => {
  const cells = (row: readonly string[], tag: "th" | "td"): string =>
    `<tr>${row.map((value) => `<${tag}${classOf(value)}>${text(value)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table><thead>${cells(head, "th")}</thead><tbody>${rows.map((row) => cells(row, "td")).join("")}</tbody></table></div>`;
};

const CLASSES: Readonly<Record<string, string>> = {
  holds: "holds",
  "does not hold": "fails",
  undecided: "open",
};

const classOf = (value: string): string => {
  const name = CLASSES[value];
  return name === undefined ? "" : ` class="${name}"`;
};

const text = (value: string): string =>
  value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }
h1, h2 { line-height: 1.2; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #ddd; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; }
th, td { border: 1px solid #ddd; padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; }
th { background: #f4f4f4; }
figure { display: inline-block; margin: 1rem 1rem 1rem 0; max-width: 100%; vertical-align: top; }
figure svg { max-width: 100%; height: auto; }
figcaption { font-size: 13px; max-width: 34rem; }
summary { cursor: pointer; padding: 0.2rem 0; }
.holds { background: #d7efe3; } .fails { background: #fadcc8; } .open { background: #eee; }
`;
