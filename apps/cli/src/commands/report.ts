import { type Command, Option } from "commander";
import { nameOf } from "../client/ids.js";
import { type Session, type World, action } from "../session.js";
import { download } from "./download.js";
import { tellFile } from "./plot.js";

interface ReportOptions {
  output?: string;
  format?: "html" | "md";
  open?: boolean;
}

export const reportCommand = (program: Command, world: World): void => {
  program
    .command("report")
    .summary("the report of a sweep, saved or opened")
    .description(
      "The report of a sweep: models over seeds, figures, claims, environment, in one file.",
    )
    .argument("[sweep]", "its id; default: your newest", "last")
    .option("-o, --output <file>", "default: ID-report.html here; - is standard output")
    .addOption(
      new Option("--format <format>", "default: what the file is called, else html").choices([
        "html",
        "md",
      ]),
    )
    .option("--open", "open it in the browser")
    .action(action(world, report));
};

const report = async (
  session: Session,
  id: string,
  { output, format, open }: ReportOptions,
): Promise<void> => {
  const named = await nameOf(session.lab, id, ["swp"]);
  const chosen = format ?? (output?.endsWith(".md") === true ? "md" : "html");
  const to = output ?? `${named.id}-report.${chosen}`;
  const file = await download(session, `${named.path}/report`, { query: { format: chosen }, to });
  await tellFile(session, { file, to, open: open === true });
};
