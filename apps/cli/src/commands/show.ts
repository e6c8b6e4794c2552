import type {
  RunBody,
  SweepBody,
  attemptSchema,
  explanationSchema,
  metricsSchema,
} from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { type Named, nameOf } from "../client/ids.js";
import { type Field, fieldList } from "../output/fieldList.js";
import { sparkline } from "../output/gauges.js";
import { ago, cell, duration, number, percent } from "../output/quantities.js";
import { runTable, stateText, wholePercent } from "../output/runTable.js";
import { paintState } from "../output/style.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";

export const showCommand = (program: Command, world: World): void => {
  program
    .command("show")
    .summary("show a sweep, a run, an analysis, a checkpoint or a token")
    .description(
      "Show a sweep with its runs, a run, an analysis, a checkpoint or a token, by its id.",
    )
    .argument("[id]", "swp_…, run_…, ana_…, ckpt_…, tok_…; default: your newest sweep", "last")
    .action(action(world, show));
};

const show = async (session: Session, id: string): Promise<void> => {
  const named = await nameOf(session.lab, id, ["swp", "run", "ana", "ckpt", "tok"]);
  if (session.json) {
    session.printJson(await session.lab.get(named.path));
    return;
  }
  if (named.kind === "swp") return showSweep(session, named);
  if (named.kind === "run") return showRun(session, named);
  // The lab's own text form: what else there is differs too much for a layout.
  const answer = await session.lab.open(named.path, { headers: { accept: "text/plain" } });
  session.print(await answer.text());
};

const MOST_RUNS = 50;

const showSweep = async (session: Session, { path }: Named): Promise<void> => {
  const { lab, print, say, style, width } = session;
  const sweep = await lab.get<SweepBody>(path);
  const { data: runs, has_more } = await lab.get<{ data: RunBody[]; has_more: boolean }>(
    `${path}/runs`,
    { limit: MOST_RUNS },
  );
  const { counts, analyses, run_count, planned_run_count } = sweep;
  const tally = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of)
      .filter(([, count]) => count > 0)
      .map(([state, count]) => `${count} ${state}`)
      .join(", ");
  const fields: Field[] = [
    ["sweep", `${style.bold(printable(sweep.name))}  ${sweep.id}`],
    ["state", paintState(style, sweep.state)],
    ["runs", tally({ ...counts, "to come": planned_run_count - run_count })],
    ["analyses", tally(analyses)],
    [
      "priority",
      sweep.priority_class === "normal" && sweep.priority === 0
        ? null
        : `${sweep.priority_class}, ${sweep.priority}`,
    ],
    ["shared", sweep.shared ? "with everybody in the lab" : null],
    ["tags", sweep.tags.join(", ")],
    ["notes", printable(sweep.notes)],
    ["submitted", `${sweep.created_at}, ${ago(sweep.created_at, Date.now())} ago`],
    ["deleted", sweep.deleted_at],
  ];
  print(
    `${fieldList(fields, style).join("\n")}\n\n${runTable(runs, { style, width }).join("\n")}\n`,
  );
  if (has_more) say(`… and more: pclab ls runs --sweep ${sweep.id} --all`);
};

const CURVE_COLUMNS = 40;

const showRun = async (session: Session, { path, id }: Named): Promise<void> => {
  const { lab, print, style } = session;
  const [run, { data: rows }, { data: attempts }] = await Promise.all([
    lab.get<RunBody>(path),
    lab.get<z.output<typeof metricsSchema>>(`${path}/metrics`, { name: "validation_accuracy" }),
    lab.get<{ data: z.output<typeof attemptSchema>[] }>(`${path}/attempts`),
  ]);
  const curve = rows.map(({ value }) => value);
  const wait =
    run.state === "queued" || run.state === "waiting_search"
      ? await lab.get<z.output<typeof explanationSchema>>("/v1/queue/explain", { run: id })
      : null;
  const { flattenSpec } = await import("@pclab/core");
  const { metrics, progress } = run;
  const fields: Field[] = [
    ["run", `${style.bold(run.name)}  ${run.id}`],
    ["sweep", run.sweep_id],
    ["state", paintState(style, run.state, stateText(run))],
    ["why", run.reason_detail === null ? null : printable(run.reason_detail)],
    ["waits", wait === null ? null : printable(wait.sentence)],
    [
      "progress",
      `${wholePercent(progress.fraction)}, epoch ${number(progress.epoch)}, ${progress.weight_updates} of ${progress.total_weight_updates} weight updates`,
    ],
    [
      "left",
      progress.seconds_left === null || run.state !== "running"
        ? null
        : duration(progress.seconds_left),
    ],
    [
      "accuracy",
      curve.length === 0
        ? null
        : `${sparkline(curve, { columns: CURVE_COLUMNS, low: Math.min(...curve), high: Math.max(...curve) })}  ${percent(curve.at(-1))} (validation)`,
    ],
    [
      "metrics",
      Object.entries(metrics)
        .map(([name, value]) => `${name} ${number(value)}`)
        .join(", "),
    ],
    ["engine", run.engine],
    [
      "numerics",
      run.numerics_changed.length === 0
        ? null
        : "the engine changed on the way: pclab show --json says where",
    ],
    ["tags", run.tags.join(", ")],
    ["notes", printable(run.notes)],
    ["same as", run.results_of ?? run.duplicate_of],
    ["submitted", `${run.created_at}, ${ago(run.created_at, Date.now())} ago`],
    ["started", run.started_at],
    ["ended", run.finished_at],
    ...attempts.map(
      ({ number: attempt, host, outcome, detail }): Field => [
        `attempt ${attempt}`,
        printable(`on ${host}: ${outcome ?? "under way"}${detail === null ? "" : `, ${detail}`}`),
      ],
    ),
    ["may be asked to", run.allowed_actions.join(", ")],
    [
      "spec",
      Object.entries(flattenSpec(run.spec))
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([field, value]) => `${field} ${cell(value)}`)
        .join(", "),
    ],
  ];
  print(`${fieldList(fields, style).join("\n")}\n`);
};
