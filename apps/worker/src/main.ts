/** The worker's process: starts it, drains it on the first signal, forces it on the second. */
import { setTimeout as delay } from "node:timers/promises";
import { EngineError } from "@pclab/core";
import { pino } from "pino";
import { readConfig } from "./config.js";
import { messageOf } from "./outage.js";
import { readVersion } from "./version.js";
import { startWorker } from "./worker.js";

/** Drained. */
const EXIT_DRAINED = 0;
/** Forced by a second signal, or the drain took too long: leases run out by themselves. */
const EXIT_FORCED = 1;
/** The environment is not complete, or names an engine that cannot start here. */
const EXIT_CONFIG = 2;

const DRAIN_MS = 30_000;
const FORCE_MS = 500;

const configOrExit = (): ReturnType<typeof readConfig> => {
  try {
    return readConfig(process.env);
  } catch (error) {
    process.stderr.write(`pclab worker: ${messageOf(error)}\n`);
    process.exit(EXIT_CONFIG);
  }
};

const config = configOrExit();
const logger = pino({ level: config.logLevel, base: { app: "worker" } });
const worker = startWorker(config, { logger, version: readVersion() });

let signals = 0;
const onSignal = (signal: NodeJS.Signals): void => {
  signals += 1;
  if (signals > 1) {
    logger.warn({ signal }, "forced");
    force();
    return;
  }
  logger.info({ signal }, "draining; a second signal forces");
  void drainAndExit();
};

/** Children are killed before this process goes; should that not come about, they follow it by themselves. */
const force = (): void => {
  void worker.then((started) => started.abandon());
  setTimeout(() => process.exit(EXIT_FORCED), FORCE_MS);
};

const drainAndExit = async (): Promise<void> => {
  const drained = worker.then(async (started) => {
    await started.drain();
    return true;
  });
  if (await Promise.race([drained, delay(DRAIN_MS, false)])) {
    process.exit(signals > 1 ? EXIT_FORCED : EXIT_DRAINED);
  }
  logger.warn("the drain took too long");
  force();
};

process.on("SIGTERM", onSignal);
process.on("SIGINT", onSignal);

try {
  await worker;
} catch (error) {
  logger.fatal({ error: messageOf(error) }, "the worker cannot start");
  process.exit(error instanceof EngineError ? EXIT_CONFIG : EXIT_FORCED);
}
