import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import type { SweepBody, planSchema } from "@pclab/contracts";
import { type Command, Option } from "commander";
import type { z } from "zod";
import { usageError } from "../cliError.js";
import { KINDS } from "../client/ids.js";
import { EXIT, type ExitCode } from "../exitCodes.js";
import { planText } from "../output/planText.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";
import { watch } from "../watch/watch.js";

interface SubmitOptions {
  preset?: string;
  scale?: string;
  set?: Record<string, unknown>;
  dryRun?: boolean;
  watch?: boolean;
  force?: boolean;
  key?: string;
}

interface Submission {
  body: string;
  contentType: string;
}

export const submitCommand = (program: Command, world: World): void => {
  program
    .command("submit")
    .summary("submit a sweep")
    .description(
      "Submit a sweep: a YAML or JSON file, - for standard input, or a preset.\n" +
        "The same file is never submitted twice within a week, unless with --force.",
    )
    .argument("[file]", "the sweep, such as examples/first.yaml; - is standard input")
    .option("-n, --dry-run", "say what it would be, and store nothing")
    .option("-w, --watch", "watch it to its end; the exit status says how it ended")
    .option("--preset <name>", "one of the paper's experiments instead of a file: `pclab presets`")
    .option("--scale <scale>", "of a preset: smoke, short or full")
    .addOption(
      new Option("--set <field=value>", "of a preset: lay a field over every run, epochs=2")
        .argParser(addField)
        .default(undefined),
    )
    .option("--force", "submit it anew, even if the same was submitted before")
    .addOption(
      new Option(
        "--key <key>",
        "an Idempotency-Key of your own instead of the file's hash",
      ).conflicts("force"),
    )
    .action(action(world, submit));
};

const submit = async (
  session: Session,
  file: string | undefined,
  options: SubmitOptions,
): Promise<ExitCode> => {
  const submission = await readSubmission(session.world, file, options);
  if (options.dryRun === true) return plan(session, submission);
  const { body: sweep, response } = await session.lab.send<SweepBody>("/v1/sweeps", {
    method: "POST",
    headers: {
      "content-type": submission.contentType,
      ...keyHeader(submission.body, options),
    },
    body: submission.body,
  });
  const isReplay = response.headers.get("idempotency-replayed") === "true";
  tell(session, sweep, isReplay, options.watch === true);
  if (options.watch !== true) return EXIT.ok;
  const { id } = sweep;
  return watch(session, { kind: "swp", id, noun: KINDS.swp.noun, path: `${KINDS.swp.path}/${id}` });
};

const plan = async (
  { lab, json, print, printJson, style, width }: Session,
  submission: Submission,
) => {
  const { body: plan } = await lab.send<z.output<typeof planSchema>>("/v1/sweeps", {
    method: "POST",
    query: { dry_run: "true" },
    headers: { "content-type": submission.contentType },
    body: submission.body,
  });
  if (json) printJson(plan);
  else print(planText(plan, { style, width }));
  return EXIT.ok;
};

const readSubmission = async (
  world: World,
  file: string | undefined,
  { preset, scale, set }: SubmitOptions,
): Promise<Submission> => {
  if (preset !== undefined) {
    if (file !== undefined)
      throw usageError(`--preset ${preset} takes no file, and there is ${file}`);
    const body = JSON.stringify({
      preset,
      ...(scale === undefined ? {} : { scale }),
      ...(set === undefined ? {} : { base: set }),
    });
    return { body, contentType: "application/json" };
  }
  if (scale !== undefined || set !== undefined)
    throw usageError("--scale and --set belong to --preset; a file says it itself");
  if (file === undefined)
    throw usageError(
      "which file?",
      "pclab submit examples/first.yaml",
      "pclab submit --preset paper --scale smoke",
    );
  const body = (file === "-" ? await buffer(world.input) : await readInput(world, file)).toString(
    "utf8",
  );
  if (body.trim() === "") throw usageError(`${file === "-" ? "standard input" : file} is empty`);
  return { body, contentType: file.endsWith(".json") ? "application/json" : "application/yaml" };
};

const readInput = async ({ cwd }: World, file: string): Promise<Buffer> => {
  try {
    return await readFile(resolve(cwd, file));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw usageError(`${file} cannot be read: ${message}`);
  }
};

/** As the README's curl makes it, so that either recognises what the other submitted. */
const keyHeader = (body: string, { force, key }: SubmitOptions): Record<string, string> => {
  if (force === true) return {};
  const hash = createHash("sha256").update(body).digest("hex").slice(0, 32);
  return { "idempotency-key": key ?? hash };
};

const tell = (
  { json, print, printJson, say }: Session,
  sweep: SweepBody,
  isReplay: boolean,
  isWatched: boolean,
): void => {
  if (json) {
    if (isWatched) printJson({ type: "submitted", replayed: isReplay, data: sweep }, "line");
    else printJson(sweep);
    return;
  }
  if (isReplay) {
    say(
      `The same was submitted before, at ${sweep.created_at}: this is that sweep; --force submits it anew.`,
    );
  }
  if (isWatched) return;
  // The id alone, for ID=$(pclab submit …).
  print(`${sweep.id}\n`);
  const { planned_run_count } = sweep;
  const runs = planned_run_count === 1 ? "1 run" : `${planned_run_count} runs`;
  say(`${printable(sweep.name)}: ${runs}; pclab watch ${sweep.id}`);
};

/** `inference.steps=64` as a nested field; what is no JSON is a text. */
const addField = (
  text: string,
  before: Record<string, unknown> | undefined,
): Record<string, unknown> => {
  const at = text.indexOf("=");
  if (at < 1) throw usageError(`--set ${text}: it should look like epochs=2 or inference.steps=64`);
  const path = text.slice(0, at).split(".");
  const value = jsonOr(text.slice(at + 1));
  return merged(before ?? {}, path, value);
};

const merged = (
  tree: Record<string, unknown>,
  [first = "", ...rest]: readonly string[],
  value: unknown,
): Record<string, unknown> => {
  if (rest.length === 0) return { ...tree, [first]: value };
  const inner = tree[first];
  const branch =
    typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>) : {};
  return { ...tree, [first]: merged(branch, rest, value) };
};

const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};
