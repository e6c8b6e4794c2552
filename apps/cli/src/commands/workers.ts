import type { workerSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { ago } from "../output/quantities.js";
import { renderTable } from "../output/table.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";

type Worker = z.output<typeof workerSchema>;

export const workersCommand = (program: Command, world: World): void => {
  const workers = program
    .command("workers")
    .summary("who trains; drain and undrain")
    .description("Workers heard of within a day; take one out of service, and back.");
  workers.command("ls", { isDefault: true }).description("List them.").action(action(world, list));
  for (const [verb, description] of [
    ["drain", "Let a worker take nothing further; what it trains goes on."],
    ["undrain", "Let a drained worker take work again."],
  ] as const) {
    workers
      .command(verb)
      .description(description)
      .argument("<worker>", "its id")
      .action(
        action(world, async (session: Session, id: string) => {
          const { body } = await session.lab.send<Worker>(
            `/v1/workers/${encodeURIComponent(id)}/${verb}`,
            { method: "POST" },
          );
          if (session.json) session.printJson(body);
          else session.print(`worker ${body.id}: ${body.state}\n`);
        }),
      );
  }
};

const list = async ({ lab, json, print, printJson, say, style, width }: Session): Promise<void> => {
  const body = await lab.get<{ data: Worker[] }>("/v1/workers");
  if (json) return printJson(body);
  if (body.data.length === 0)
    return say("No worker has been heard of within a day. `npm start` brings one.");
  const nowMs = Date.now();
  const lines = renderTable(
    [
      { title: "id", value: ({ id }) => id },
      { title: "host", value: ({ host }) => printable(host), shrinkTo: 8 },
      {
        title: "state",
        value: ({ state }) => state,
        paint: (style, text, { state }) =>
          ({ working: style.good, draining: style.waiting, lost: style.bad, stopped: style.dim })[
            state
          ](text),
      },
      { title: "slots", value: ({ slots }) => `${slots.busy}/${slots.total}`, align: "right" },
      { title: "engines", value: ({ engines }) => engines.join(","), dropOrder: 1 },
      {
        title: "heard of",
        value: ({ heartbeat_at }) => `${ago(heartbeat_at, nowMs)} ago`,
        dropOrder: 2,
      },
    ],
    body.data,
    { style, width },
  );
  print(`${lines.join("\n")}\n`);
};
