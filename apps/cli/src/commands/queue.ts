import type { explanationSchema, presetListSchema, queueSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { nameOf } from "../client/ids.js";
import { ago, duration } from "../output/quantities.js";
import { renderTable } from "../output/table.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";

type Queue = z.output<typeof queueSchema>;

export const queueCommands = (program: Command, world: World): void => {
  program
    .command("queue")
    .summary("how full the lab is, and where your runs stand")
    .description("How full the lab is, where your runs stand in line, and when each should start.")
    .action(action(world, queue));
  program
    .command("explain")
    .summary("why a run waits, in a sentence")
    .description("Why a run waits, in a sentence, and when it should start.")
    .argument("<run>", "its id")
    .action(action(world, explain));
  program
    .command("presets")
    .summary("the paper's experiments, ready to submit")
    .description(
      "The paper's experiments, ready to submit: pclab submit --preset NAME --scale SCALE.",
    )
    .action(action(world, presets));
};

const queue = async ({ lab, json, print, printJson, style, width }: Session): Promise<void> => {
  const body = await lab.get<Queue>("/v1/queue");
  if (json) return printJson(body);
  const { queued, running, workers, slots, next } = body;
  const nowMs = Date.now();
  print(
    `${running} running, ${queued} queued; ${slots.busy} of ${slots.total} slots busy, on ${workers} worker${workers === 1 ? "" : "s"}\n`,
  );
  if (workers === 0) print("Nobody trains: no worker has been heard of. `npm start` brings one.\n");
  if (next.length === 0) return print(style.dim("None of your runs waits.\n"));
  const lines = renderTable(
    [
      { title: "place", value: ({ position }) => String(position), align: "right" },
      { title: "run", value: ({ name }) => name },
      { title: "id", value: ({ run_id }) => run_id },
      { title: "sweep", value: ({ sweep_id }) => sweep_id, dropOrder: 1 },
      { title: "waits for", value: ({ queued_at }) => ago(queued_at, nowMs), align: "right" },
      { title: "starts in", value: ({ eta }) => until(eta, nowMs), align: "right" },
    ],
    next,
    { style, width },
  );
  print(`\n${lines.join("\n")}\n`);
};

const until = (eta: string | null, nowMs: number): string =>
  eta === null ? "-" : duration(Math.max(0, Math.round((Date.parse(eta) - nowMs) / 1000)));

const explain = async ({ lab, json, print, printJson }: Session, text: string): Promise<void> => {
  const { id } = await nameOf(lab, text, ["run"]);
  const body = await lab.get<z.output<typeof explanationSchema>>("/v1/queue/explain", { run: id });
  if (json) printJson(body);
  else print(`${printable(body.sentence)}\n`);
};

const presets = async ({ lab, json, print, printJson, style, width }: Session): Promise<void> => {
  const body = await lab.get<z.output<typeof presetListSchema>>("/v1/presets");
  if (json) return printJson(body);
  const scales = [...new Set(body.data.flatMap(({ scales }) => scales.map(({ scale }) => scale)))];
  const lines = renderTable(
    [
      { title: "preset", value: ({ name }) => name },
      ...scales.map((scale) => ({
        title: `${scale} runs`,
        value: (preset: (typeof body.data)[number]) =>
          String(preset.scales.find((one) => one.scale === scale)?.run_count ?? "-"),
        align: "right" as const,
      })),
    ],
    body.data,
    { style, width },
  );
  print(`${lines.join("\n")}\n`);
};
