/** The launcher behind `npm start`. It returns its exit status and lets the caller end the process. */
import { join } from "node:path";
import { EngineError } from "@pclab/core";
import { createEngines, prepareEngines } from "../engines.js";
import { engineNotice } from "./engineNotice.js";
import { runFirstSweep } from "./firstSweep.js";
import { greeting, nearPath } from "./greeting.js";
import { lockHome } from "./homeLock.js";
import { LabProcesses, makeHome, repository, startLab } from "./lab.js";
import { createLabClient } from "./labClient.js";
import { tokenFile } from "./ownerToken.js";
import { type Settings, SettingsError, USAGE, readSettings } from "./settings.js";

/** npm hands on the Ctrl-C that the terminal has sent already; the pair is one request. */
const sameSignalMs = 1_000;

export interface MainOptions {
  argv: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
}

export async function main({ argv, environment }: MainOptions): Promise<number> {
  const log = (line: string): void => void process.stdout.write(`${line}\n`);
  const complain = (line: string): void => void process.stderr.write(`${line}\n`);
  // A terminal that is closed must not end the drain that its end asks for.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  let settings: Settings;
  try {
    settings = readSettings(argv, environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    complain(`${error.message}\n\n${USAGE}`);
    return 2;
  }
  if (settings.help) {
    log(USAGE);
    return 0;
  }
  let notice: string[];
  try {
    await prepareEngines(settings);
    notice = engineNotice(createEngines(settings), settings.engine);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    complain(error.message);
    return 1;
  }
  const { home } = settings;
  makeHome(home);
  const locked = await lockHome(home);
  if ("heldBy" in locked) {
    const { pid, url } = locked.heldBy;
    if (url === null) {
      complain(`Another launcher (process ${pid}) is starting the lab in ${home}.`);
      return 1;
    }
    log(`The lab in ${home} runs already, at ${url} (process ${pid}).`);
    return 0;
  }

  const { lock } = locked;
  const processes = new LabProcesses();
  const stop = onStopRequest(processes, log, {
    parentEndsLab: environment["npm_execpath"] !== undefined,
  });
  try {
    for (const line of notice) log(line);
    const lab = await startLab({ settings, lock, processes, log });
    const exampleFile = join(repository, "examples/first.yaml");
    const cwd = process.cwd();
    log(greeting({ ...lab, tokenFile: tokenFile(home), exampleFile, cwd }));
    if (lab.isFirstStart && settings.withExample && !stop.signal.aborted) {
      await runFirstSweep({
        client: createLabClient(lab.url, lab.token),
        exampleFile,
        home,
        datasetsOverride: settings.datasetsOverride,
        output: process.stdout,
        signal: stop.signal,
      });
    }
    await stop.requested;
    return 0;
  } catch (error) {
    if (!stop.signal.aborted) {
      complain(error instanceof Error ? error.message : String(error));
      return 1;
    }
    return 0;
  } finally {
    await processes.drain();
    lock.release();
    log(`The lab has stopped; its data stays in ${nearPath(home, process.cwd())}.`);
  }
}

interface StopRequest {
  signal: AbortSignal;
  requested: Promise<void>;
}

/**
 * The first signal asks for a drain, a second one a moment later forces it. Under npm the end of the parent asks too:
 * a signal sent to npm alone can end npm and its shell without reaching this process.
 */
function onStopRequest(
  processes: LabProcesses,
  log: (line: string) => void,
  { parentEndsLab }: { parentEndsLab: boolean },
): StopRequest {
  const controller = new AbortController();
  let firstMs = 0;
  const requested = new Promise<void>((resolve) => {
    const onSignal = (): void => {
      if (!controller.signal.aborted) {
        firstMs = performance.now();
        log("\nstopping: training writes its checkpoints (Ctrl-C again forces) …");
        controller.abort();
        resolve();
      } else if (performance.now() - firstMs > sameSignalMs) {
        log("forced");
        processes.kill();
      }
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, onSignal);
    if (!parentEndsLab) return;
    const parent = process.ppid;
    const watch = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(watch);
      if (!controller.signal.aborted) onSignal();
    }, 500);
    watch.unref();
  });
  return { signal: controller.signal, requested };
}
