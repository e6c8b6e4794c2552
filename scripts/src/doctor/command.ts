/** `npm run doctor [-- --json]`: what this machine has of what the lab needs, and how fast each engine is on it. */
import { parseArgs } from "node:util";
import type { EngineRegistry } from "@pclab/core";
import { INSTRUCTION_SETS, measurePeak } from "@pclab/engine-native";
import { resolveDatasetsFolder } from "@pclab/storage";
import { createEngines, prepareEngines } from "../engines.js";
import { type Settings, SettingsError, readSettings } from "../start/settings.js";
import { examineDatasets } from "./datasets.js";
import { examineEngineChoice, examineEngines } from "./engines.js";
import { broken } from "./finding.js";
import { examineGpu } from "./gpu.js";
import { examineHome, examineMachine } from "./machine.js";
import { type Report, canRun, reportJson, reportText } from "./report.js";
import { examinePostgres, examineQueue } from "./services.js";
import { examineTensorFlow } from "./tensorFlow.js";

const USAGE = `usage: npm run doctor [-- --json]

Examines this machine under the settings of the environment (see \`npm start -- --help\`): what the lab needs, what is there, and
for each engine either why it cannot start or how fast it trains, measured for about two seconds. Ends with status 1 when
the lab cannot run.

  --json   the report as JSON
`;

const MEASURE_MS = 2_000;
const PEAK_MS = 300;

export interface DoctorCommand {
  argv: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  output: NodeJS.WritableStream;
  errors: NodeJS.WritableStream;
  /** Those of this version, unless a test has others. */
  engines?: EngineRegistry;
  measureMs?: number;
}

/** @returns the exit status: 0, 1 when the lab cannot run at all, 2 for arguments that make no sense */
export const runDoctorCommand = async (command: DoctorCommand): Promise<number> => {
  const { argv, output, errors } = command;
  const request = parseRequest(argv);
  if (typeof request === "string") {
    errors.write(`${request}\n\n${USAGE}`);
    return 2;
  }
  if (request.help) {
    output.write(USAGE);
    return 0;
  }
  const report = await examine(command);
  output.write(
    request.json ? `${JSON.stringify(reportJson(report), null, 2)}\n` : reportText(report),
  );
  return canRun(report) ? 0 : 1;
};

const examine = async ({
  environment,
  engines: given,
  measureMs = MEASURE_MS,
}: DoctorCommand): Promise<Report> => {
  const machine = examineMachine();
  let settings: Settings;
  try {
    settings = readSettings([], environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return { findings: [...machine, broken("settings", error.message)], engines: [] };
  }
  const { home, threads, redisUrl, datasetsOverride, tfjsBackend } = settings;
  await prepareEngines(settings);
  const engines = given ?? createEngines(settings);
  const folder = resolveDatasetsFolder({ override: datasetsOverride, home });
  return {
    findings: [
      ...machine,
      examineHome(home),
      await examinePostgres(settings),
      await examineQueue(redisUrl),
      ...(await examineDatasets(folder)),
      examineGpu(environment),
      ...examineTensorFlow(tfjsBackend),
      examineEngineChoice(engines, settings.engine),
    ],
    engines: await examineEngines(engines, {
      threads,
      durationMs: measureMs,
      measurePeak: peakOf,
    }),
  };
};

/** GFLOP/s of the instruction set that an id names, where that can be measured. */
const peakOf = async (engineId: string, threads: number): Promise<number | null> => {
  const instructionSet = INSTRUCTION_SETS.find((known) => engineId === `native/${known}`);
  if (instructionSet === undefined) return null;
  return measurePeak({ instructionSet, threads, milliseconds: PEAK_MS });
};

const parseRequest = (argv: readonly string[]): { json: boolean; help: boolean } | string => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    // parseArgs throws a TypeError with a sentence that names the argument.
    if (!(error instanceof TypeError)) throw error;
    return error.message;
  }
};
