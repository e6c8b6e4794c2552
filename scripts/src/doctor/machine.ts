/** The machine itself, and the folder in which the lab keeps its data. */
import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, freemem, totalmem } from "node:os";
import { dirname } from "node:path";
import { type Finding, broken, fine, note } from "./finding.js";

const GIBIBYTE = 2 ** 30;

/** A run of the paper's largest network takes some 0.3 GiB, PostgreSQL and the processes around it as much again. */
const SCARCE_MEMORY_BYTES = GIBIBYTE;

export const examineMachine = (): Finding[] => {
  const model = cpus()[0]?.model.trim() ?? "unknown";
  const cores = availableParallelism();
  const memory = `${gibibytes(totalmem())}, ${gibibytes(freemem())} free`;
  return [
    // The preparation that comes before this refuses a Node that is too old.
    fine("Node", process.versions.node),
    fine("processor", `${model}, ${process.arch}, ${cores} ${cores === 1 ? "core" : "cores"}`),
    freemem() < SCARCE_MEMORY_BYTES
      ? note("memory", `${memory}: large networks may not fit`)
      : fine("memory", memory),
  ];
};

/** @param home absolute */
export const examineHome = (home: string): Finding => {
  let existing = home;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    accessSync(existing, constants.W_OK);
  } catch {
    return broken("home", `${existing} cannot be written: choose another with PCLAB_HOME`);
  }
  const { bavail, bsize } = statfsSync(existing);
  const room = `${gibibytes(bavail * bsize)} free`;
  return fine("home", `${home}${existing === home ? "" : " (made by the first start)"}, ${room}`);
};

const gibibytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
