import { type Command, Option } from "commander";
import { nameOf } from "../client/ids.js";
import { type Session, type World, action } from "../session.js";
import { STANDARD_OUTPUT, download } from "./download.js";
import { openFile } from "./opening.js";

const FORMATS = ["svg", "png"] as const;

interface PlotOptions {
  output?: string;
  format?: (typeof FORMATS)[number];
  open?: boolean;
  network?: string;
  theme?: string;
  scale?: string;
  clip?: string;
}

/** What is looked at first. */
const DEFAULT_PLOT = { swp: "accuracy", run: "learning-curve" } as const;

export const plotCommand = (program: Command, world: World): void => {
  program
    .command("plot")
    .summary("a figure of a sweep or a run, saved or opened")
    .description(
      "A figure as SVG or PNG: of a sweep accuracy, learning-curve, landscape, … or figure-2 to figure-7; of a run\n" +
        "energy too. The answer to a name that is none lists them.",
    )
    .argument("[id]", "of a sweep or a run; default: your newest sweep", "last")
    .argument("[figure]", "default: accuracy of a sweep, learning-curve of a run")
    .option("-o, --output <file>", "default: ID-FIGURE.svg here; - is standard output")
    .addOption(
      new Option("--format <format>", "default: what the file is called, else svg").choices(
        FORMATS,
      ),
    )
    .option("--open", "open it with the desktop's viewer")
    .option("--network <network>", "of a sweep with several: fashion-mnist-256-8")
    .addOption(new Option("--theme <theme>").choices(["light", "dark"]))
    .addOption(new Option("--scale <scale>", "of a landscape's values").choices(["log", "linear"]))
    .option("--clip <value>", "of a landscape: values above are drawn as this one")
    .action(action(world, plot));
};

const plot = async (
  session: Session,
  id: string,
  figure: string | undefined,
  { output, format, open, network, theme, scale, clip }: PlotOptions,
): Promise<void> => {
  const named = await nameOf(session.lab, id, ["swp", "run"]);
  const name = figure ?? DEFAULT_PLOT[named.kind as keyof typeof DEFAULT_PLOT];
  const chosen = format ?? FORMATS.find((one) => output?.endsWith(`.${one}`)) ?? "svg";
  const to = output ?? `${named.id}-${name.replace(/[^\w-]/g, "")}.${chosen}`;
  const file = await download(
    session,
    `${named.path}/plots/${encodeURIComponent(name)}.${chosen}`,
    {
      query: { network, theme, scale, clip },
      to,
    },
  );
  await tellFile(session, { file, to, open: open === true });
};

/** Says where a file lies, and opens it if that is wanted. */
export const tellFile = async (
  { json, print, printJson }: Session,
  { file, to, open }: { file: string | null; to: string; open: boolean },
): Promise<void> => {
  if (file === null || to === STANDARD_OUTPUT) return;
  if (json) printJson({ file });
  else print(`${to}\n`);
  if (open) await openFile(file);
};
