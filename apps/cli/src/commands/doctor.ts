import type { usageSchema, workerSchema } from "@pclab/contracts";
import type { Command } from "commander";
import type { z } from "zod";
import { CliError } from "../cliError.js";
import { EXIT, type ExitCode } from "../exitCodes.js";
import { number } from "../output/quantities.js";
import { renderTable } from "../output/table.js";
import { printable } from "../output/text.js";
import { type Session, type World, action } from "../session.js";
import { readVersion } from "../version.js";
import { type LocalReport, hasLocalDoctor, runLocalDoctor } from "./localDoctor.js";

interface Finding {
  part: string;
  state: "ok" | "note" | "BROKEN";
  detail: string;
}

export const doctorCommand = (program: Command, world: World): void => {
  program
    .command("doctor")
    .summary("check the lab, the token, and this machine")
    .description(
      "Check that the lab answers, that the token opens it, that somebody trains; and of a lab on this machine, from its\n" +
        "checkout, what `npm run doctor` finds. Exit status 0 when nothing is broken.",
    )
    .option("--no-machine", "leave this machine out")
    .action(action(world, doctor));
};

const doctor = async (session: Session, { machine }: { machine: boolean }): Promise<ExitCode> => {
  const { findings, exitCode } = await examineLab(session);
  const local =
    machine && session.config.isLocal && hasLocalDoctor()
      ? await runLocalDoctor(session.world)
      : null;
  if (session.json) {
    session.printJson({ lab: session.config.lab, findings, machine: local });
  } else {
    const rows = [...findings, ...(local === null ? [] : machineFindings(local))];
    session.print(`${findingTable(rows, session).join("\n")}\n`);
  }
  return exitCode === EXIT.ok && local?.can_run === false ? EXIT.failed : exitCode;
};

const examineLab = async (
  session: Session,
): Promise<{ findings: Finding[]; exitCode: ExitCode }> => {
  const { config, lab } = session;
  const findings: Finding[] = [
    {
      part: "command line",
      state: "ok",
      detail: `version ${readVersion()}, Node ${process.version}`,
    },
  ];
  let exitCode: ExitCode = EXIT.ok;
  /** Whether the examination can go on. */
  const examine = async (part: string, look: () => Promise<string>): Promise<boolean> => {
    try {
      findings.push({ part, state: "ok", detail: await look() });
      return true;
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      const detail = [error.message, ...error.wayOut].join("; ");
      findings.push({ part, state: "BROKEN", detail: printable(detail) });
      if (exitCode === EXIT.ok) exitCode = error.exitCode;
      return false;
    }
  };

  const answers = await examine("lab", async () => {
    const startMs = performance.now();
    await lab.get("/healthz");
    const ms = Math.round(performance.now() - startMs);
    return `${config.lab} answers in ${ms} ms (the address is from ${config.labFrom})`;
  });
  if (!answers) return { findings, exitCode };
  await examine("database", async () => {
    await lab.get("/readyz");
    return "ready";
  });
  await examine("version", () => compareVersions(lab));
  const isKnown = await examine("token", async () => {
    if (config.token === null) {
      throw new CliError(EXIT.refused, "there is no token", "set LAB_TOKEN");
    }
    const { user, scope } = await lab.get<z.output<typeof usageSchema>>("/v1/me/usage");
    return `of ${printable(user.name)}, scope ${scope} (from ${config.tokenFrom ?? "nowhere"})`;
  });
  if (isKnown) findings.push(await examineWorkers(lab));
  return { findings, exitCode };
};

const compareVersions = async (lab: Session["lab"]): Promise<string> => {
  const { info } = await lab.get<{ info?: { title?: string; version?: string } }>(
    "/v1/openapi.json",
  );
  if (info?.title !== "pclab") {
    throw new CliError(
      EXIT.fault,
      `what answers calls itself ${info?.title ?? "nothing"}, not pclab`,
    );
  }
  const own = readVersion();
  return info.version === own
    ? `${own}, as the command line's`
    : `${info.version}; the command line's is ${own}: use that of one checkout for both should anything look odd`;
};

const examineWorkers = async (lab: Session["lab"]): Promise<Finding> => {
  const { data } = await lab.get<{ data: z.output<typeof workerSchema>[] }>("/v1/workers");
  const working = data.filter(({ state }) => state === "working");
  const slots = working.reduce((sum, worker) => sum + worker.slots.total, 0);
  const engines = [...new Set(working.flatMap((worker) => worker.engines))];
  return working.length === 0
    ? {
        part: "workers",
        state: "note",
        detail: "none: what is submitted waits; `npm start` brings one",
      }
    : {
        part: "workers",
        state: "ok",
        detail: `${working.length}, with ${slots} slots; engines ${engines.join(", ")}`,
      };
};

const MARKS = { fine: "ok", note: "note", broken: "BROKEN" } as const;

const machineFindings = ({ findings, engines }: LocalReport): Finding[] => [
  ...findings.map(({ part, state, detail }) => ({ part, state: MARKS[state], detail })),
  ...engines.map(
    ({ name, id, problem, measurement }): Finding =>
      measurement === undefined
        ? { part: name, state: "note", detail: `cannot start: ${problem ?? "no reason given"}` }
        : {
            part: name,
            state: "ok",
            detail: `${id ?? name}: ${number(Number(measurement.gflops.toPrecision(3)))} GFLOP/s in predictive coding, ${measurement.threads} threads`,
          },
  ),
];

/** The sentences are not cut: they say what to do. */
const findingTable = (findings: readonly Finding[], { style }: Session): string[] =>
  renderTable(
    [
      { title: "part", value: ({ part }) => part },
      {
        title: "state",
        value: ({ state }) => state,
        paint: (style, text, { state }) =>
          ({ ok: style.good, note: style.waiting, BROKEN: style.bad })[state](text),
      },
      { title: "finding", value: ({ detail }) => detail },
    ],
    findings,
    { style, width: Infinity },
  );
