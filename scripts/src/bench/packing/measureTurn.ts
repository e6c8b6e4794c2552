/** One turn: the processes of a way, started, warmed up, counted together and ended. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromPackingChild, PackingTurn, ToPackingChild } from "./packingChild.js";

const CHILD_FILE = fileURLToPath(
  new URL(
    import.meta.url.endsWith(".ts") ? "./packingChild.ts" : "./packingChild.js",
    import.meta.url,
  ),
);

export interface TurnResult {
  /** Of all runs together. */
  minibatchesPerSecond: number;
  /** Resident, of all processes together. */
  memoryMiB: number;
  /** From nothing until every run has trained its first minibatches. */
  startSeconds: number;
}

/** @param processes what each trains */
export async function measureTurn(
  processes: readonly Omit<PackingTurn, "type">[],
  seconds: number,
): Promise<TurnResult> {
  const startMs = performance.now();
  const children = processes.map(() => fork(CHILD_FILE, { serialization: "advanced" }));
  try {
    const warm = children.map((child) => answerOf(child, "warm"));
    for (const [index, turn] of processes.entries()) {
      send(children[index], { type: "turn", ...turn });
    }
    await Promise.all(warm);
    const startSeconds = (performance.now() - startMs) / 1000;
    const counted = children.map((child) => answerOf(child, "counted"));
    for (const child of children) send(child, { type: "count", seconds });
    const results = await Promise.all(counted);
    const sum = (pick: (result: (typeof results)[number]) => number): number =>
      results.reduce((total, result) => total + pick(result), 0);
    return {
      minibatchesPerSecond: sum((result) => result.minibatchesPerSecond),
      memoryMiB: sum((result) => result.memoryMiB),
      startSeconds,
    };
  } finally {
    await Promise.all(children.map(end));
  }
}

const send = (child: ChildProcess | undefined, message: ToPackingChild): void => {
  child?.send(message);
};

type Answer<Type> = Extract<FromPackingChild, { type: Type }>;

const answerOf = <Type extends FromPackingChild["type"]>(
  child: ChildProcess,
  type: Type,
): Promise<Answer<Type>> =>
  new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`a measuring process ended with exit code ${code}`));
    child.once("exit", onExit);
    child.on("message", (message: FromPackingChild) => {
      if (message.type !== type) return;
      child.off("exit", onExit);
      resolve(message as Answer<Type>);
    });
  });

const end = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
};
