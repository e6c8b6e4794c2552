/** The training child's process: takes one run from its supervisor, trains it, tells what comes, and dies with it. */
import { createEngines, prepareEngines } from "./engines.js";
import { endsAsCrash, faultOf } from "./fault.js";
import type {
  AnalyseMessage,
  FromChild,
  FromPack,
  PackMessage,
  ReadyMessage,
  ToChild,
  TrainMessage,
} from "./messages.js";
import { analyseRun } from "./analyseRun.js";
import { type TrainingPack, trainPack } from "./trainPack.js";
import { trainRun } from "./trainRun.js";

// A supervisor that was killed cannot end this process: its going is the sign.
process.on("disconnect", () => process.exit(0));

/** Resolves once the message has left: a supervisor that does not read holds the child, rather than fill its memory. */
const send = (message: FromChild | FromPack | ReadyMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    if (process.send === undefined) throw new Error("the training child has no supervisor");
    process.send(message, undefined, undefined, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });

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
  const engines = createEngines(message.engineSettings);
  prepareEngines(message.engineSettings)
    .then(() => trainRun(message, { engines, control, send }))
    .catch(tellOrDie)
    .catch(() => process.exit(1));
};

const analyseAndTell = (message: AnalyseMessage): void => {
  control.threads = message.threads;
  const engines = createEngines(message.engineSettings);
  prepareEngines(message.engineSettings)
    .then(() => analyseRun(message, { engines, control, send }))
    .catch(tellOrDie)
    .catch(() => process.exit(1));
};

/** Messages to members come while the engines are still being looked for, too. */
let pack: Promise<TrainingPack> | null = null;

const startPack = async (message: PackMessage): Promise<TrainingPack> => {
  // Its members come from one worker, and have its settings.
  const settings = message.members[0]?.engineSettings ?? {};
  await prepareEngines(settings);
  return trainPack(message, { engines: createEngines(settings), send });
};

const trainPackAndTell = async (message: PackMessage): Promise<void> => {
  try {
    pack = startPack(message);
    const { ended } = await pack;
    await ended;
  } catch (error) {
    // Nobody knows which member is to blame: the process ends as by a crash, and each is tried alone.
    const lastWords = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${lastWords}\n`, () => process.exit(1));
  }
};

process.on("message", (message: ToChild) => {
  switch (message.type) {
    case "train":
      trainAndTell(message);
      return;
    case "pack":
      void trainPackAndTell(message);
      return;
    case "to_member":
      // One that could not start ends the process.
      void pack
        ?.then(({ tellMember }) => tellMember(message.member, message.message))
        .catch(() => undefined);
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

send({ type: "ready" }).catch(() => process.exit(1));
