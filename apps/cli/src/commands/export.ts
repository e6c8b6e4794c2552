import { type Command, Option } from "commander";
import { usageError } from "../cliError.js";
import { nameOf } from "../client/ids.js";
import { type Session, type World, action } from "../session.js";
import { STANDARD_OUTPUT, download } from "./download.js";

const FORMATS = ["csv", "jsonl", "parquet"] as const;

interface ExportOptions {
  format?: (typeof FORMATS)[number];
  table: string;
  output?: string;
}

export const exportCommand = (program: Command, world: World): void => {
  program
    .command("export")
    .summary("a sweep as a table: CSV, JSON lines or Parquet")
    .description(
      "A sweep as a table for a notebook: a row a run, or a row a measured value. Of a sweep under way, what is there.",
    )
    .argument("[sweep]", "its id; default: your newest", "last")
    .addOption(
      new Option("--format <format>", "default: what the file is called, else csv").choices(
        FORMATS,
      ),
    )
    .addOption(
      new Option("--table <table>", "a row a run, or a row a value")
        .choices(["runs", "metrics"])
        .default("runs"),
    )
    .option("-o, --output <file>", "where to; without it, or with -, to standard output")
    .action(action(world, exportSweep));
};

const exportSweep = async (
  session: Session,
  id: string,
  { format, table, output = STANDARD_OUTPUT }: ExportOptions,
): Promise<void> => {
  const { world, json, print, printJson } = session;
  const named = FORMATS.find((one) => output.endsWith(`.${one}`));
  const chosen = format ?? named ?? (json ? "jsonl" : "csv");
  if (chosen === "parquet" && output === STANDARD_OUTPUT && world.output.isTTY === true) {
    throw usageError("a Parquet file is nothing for a terminal", "-o runs.parquet writes a file");
  }
  const { path } = await nameOf(session.lab, id, ["swp"]);
  const file = await download(session, `${path}/export`, {
    query: { format: chosen, table },
    to: output,
  });
  if (file === null) return;
  if (json) printJson({ file, format: chosen, table });
  else print(`${output}\n`);
};
