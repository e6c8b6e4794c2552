import type { RunBody, SweepBody } from "@pclab/contracts";
import type { Command } from "commander";
import { usageError } from "../cliError.js";
import type { Query } from "../client/labClient.js";
import { nameOf } from "../client/ids.js";
import { runTable } from "../output/runTable.js";
import { sweepTable } from "../output/sweepTable.js";
import { type Session, type World, action } from "../session.js";

interface ListOptions {
  limit?: number;
  all?: boolean;
  user?: string;
  tag?: string;
}

interface RunListOptions extends ListOptions {
  sweep?: string;
  state?: string;
  algorithm?: string;
  name?: string;
  sort?: string;
}

const DEFAULT_LIMIT = 20;
const MOST_A_PAGE = 500;

export const wholeNumber = (text: string): number => {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw usageError(`'${text}' is not a whole number`);
};

export const lsCommand = (program: Command, world: World): void => {
  const ls = program
    .command("ls")
    .summary("list sweeps, or runs")
    .description("List sweeps, or runs.");
  withPaging(
    ls
      .command("sweeps", { isDefault: true })
      .description("Sweeps, newest first.")
      .option("--deleted", "those that were deleted and can still be restored"),
  ).action(
    action(world, (session: Session, options: ListOptions & { deleted?: boolean }) =>
      list<SweepBody>(session, "/v1/sweeps", options, {
        query: { deleted: options.deleted === true ? "true" : undefined },
        table: (sweeps) =>
          sweepTable(sweeps, { style: session.style, width: session.width, nowMs: Date.now() }),
        none: "No sweeps. `pclab submit examples/first.yaml` submits one; --user all shows what others share.",
      }),
    ),
  );
  withPaging(
    ls
      .command("runs")
      .description("Runs, newest first.")
      .option("--sweep <id>", "of one sweep, in its order; `last` is your newest")
      .option("--state <states>", "comma-separated: queued,running")
      .option("--algorithm <algorithms>", "comma-separated: bp,pc_rc2")
      .option("--name <name>", "such as pc_256_8_rc2")
      .option("--sort <field>", "created_at, -metrics.validation_accuracy, …; - is downwards"),
  ).action(action(world, listRuns));
};

const withPaging = (command: Command): Command =>
  command
    .option("--limit <count>", `at most so many (default ${DEFAULT_LIMIT})`, wholeNumber)
    .option("--all", "every one there is")
    .option("--user <name>", "whose: me, all that you may see, or a name")
    .option("--tag <tags>", "comma-separated: those that have all of them");

const listRuns = async (session: Session, options: RunListOptions): Promise<void> => {
  const { sweep, state, algorithm, name, sort } = options;
  const of = sweep === undefined ? null : await nameOf(session.lab, sweep, ["swp"]);
  await list<RunBody>(session, of === null ? "/v1/runs" : `${of.path}/runs`, options, {
    query: { state, algorithm, name, sort: sort ?? (of === null ? "-created_at" : undefined) },
    table: (runs) => runTable(runs, { style: session.style, width: session.width }),
    none: "No runs of that kind.",
  });
};

interface Listing<T> {
  query: Query;
  table: (rows: readonly T[]) => string[];
  none: string;
}

const list = async <T>(
  { lab, json, print, printJson, say }: Session,
  path: string,
  { limit, all, user, tag }: ListOptions,
  { query, table, none }: Listing<T>,
): Promise<void> => {
  const most = all === true ? Infinity : (limit ?? DEFAULT_LIMIT);
  const rows: T[] = [];
  let cursor: string | undefined;
  let hasMore: boolean;
  do {
    const page = await lab.get<{ data: T[]; next_cursor: string | null; has_more: boolean }>(path, {
      ...query,
      user,
      tag,
      limit: Math.max(1, Math.min(MOST_A_PAGE, most - rows.length)),
      cursor,
    });
    rows.push(...page.data);
    cursor = page.next_cursor ?? undefined;
    hasMore = page.has_more;
  } while (hasMore && rows.length < most);
  if (json) {
    printJson({ data: rows, next_cursor: cursor ?? null, has_more: hasMore });
    return;
  }
  if (rows.length === 0) {
    say(none);
    return;
  }
  print(`${table(rows).join("\n")}\n`);
  if (hasMore) say(`… and more: --limit ${most * 5}, or --all`);
};
