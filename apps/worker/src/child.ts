/** The training child's process: takes one run from its supervisor, trains it, tells what comes, and dies with it. */
import { readEngineSettings } from "./config.js";
import { ENGINES, prepareEngines } from "./engines.js";
import { endsAsCrash, faultOf } from "./fault.js";
import type { AnalyseMessage, FromChild, ToChild, TrainMessage } from "./messages.js";
import { analyseRun } from "./analyseRun.js";
import { trainRun } from "./trainRun.js";

// A supervisor that was killed cannot end this process: its going is the sign.
process.on("disconnect", () => process.exit(0));

/** Resolves once the message has left: a supervisor that does not read holds the child, rather than fill its memory. */
const send = (message: FromChild): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error("the training child has no supervisor");
    process.send(message, undefined, undefined, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });

const engineSettings = readEngineSettings(process.env);
const control = { checkpointRequested: false, threads: 1 };

const tellOrDie = (error: unknown): Promise<void> => {
  if (endsAsCrash(error)) {
    process.stderr.write(`${error.message}\n`, () => process.exit(1));
    return Promise.resolve();
  }
  return send({ type: "fault", ...faultOf(error) });
};

const trainAndTell = (message: TrainMessage): void => {
  control.threads = message.threads;
  prepareEngines(engineSettings)
    .then(() => trainRun(message, { engines: ENGINES, control, send }))
    .catch(tellOrDie)
    .catch(() => process.exit(1));
};

const analyseAndTell = (message: AnalyseMessage): void => {
  control.threads = message.threads;
  prepareEngines(engineSettings)
    .then(() => analyseRun(message, { engines: ENGINES, control, send }))
    .catch(tellOrDie)
    .catch(() => process.exit(1));
};

process.on("message", (message: ToChild) => {
  switch (message.type) {
    case "train":
      trainAndTell(message);
      return;
    case "analyse":
      analyseAndTell(message);
      return;
    case "write_checkpoint":
      control.checkpointRequested = true;
      return;
    case "threads":
      control.threads = message.count;
      return;
  }
});
