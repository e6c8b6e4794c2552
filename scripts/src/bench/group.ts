/** Measures a group of things that are compared with each other, in the same rounds. */
import { setTimeout as sleep } from "node:timers/promises";
import { DatasetError, DivergedError, EngineError } from "@pclab/core";
import { interleave } from "./interleave.js";
import type { Measurable } from "./measurable.js";
import type { Sample } from "./row.js";
import { UnavailableError } from "./unavailable.js";
import { type Row, summarise } from "./row.js";

/** Long enough for another program's idle threads to stop spinning. */
const SETTLE_MS = 30;

export interface GroupOptions {
  measurables: readonly Measurable[];
  rounds: number;
  /** Told before anything is built, and before each round, from 1. */
  onPreparing: () => void;
  onRound: (round: number) => void;
}

/** What cannot be measured becomes a row with the reason; any other failure ends the benchmark. */
export async function measureGroup({
  measurables,
  rounds,
  onPreparing,
  onRound,
}: GroupOptions): Promise<Row[]> {
  const problems = new Map<Measurable, string>();
  const attempt = async <T>(measurable: Measurable, work: () => Promise<T>): Promise<T | null> => {
    if (problems.has(measurable)) return null;
    try {
      return await work();
    } catch (error) {
      problems.set(measurable, reasonOf(error));
      return null;
    }
  };
  try {
    onPreparing();
    for (const measurable of measurables) await attempt(measurable, () => measurable.prepare());
    let told = 0;
    const samples = await interleave<Sample>(
      { count: measurables.length, rounds },
      async (index, round) => {
        if (told <= round) {
          told = round + 1;
          onRound(told);
        }
        const measurable = measurables[index] as Measurable;
        await sleep(SETTLE_MS);
        return attempt(measurable, () => measurable.run());
      },
    );
    return summarise(
      measurables.map((measurable, index) => {
        const unavailable = problems.get(measurable);
        const { key, flops } = measurable;
        return {
          key,
          flops,
          outcome: unavailable === undefined ? (samples[index] as Sample[]) : { unavailable },
        };
      }),
    );
  } finally {
    for (const measurable of measurables) await measurable.dispose();
  }
}

/** @throws the error itself where it is a fault of the program and no lack of the machine */
export const reasonOf = (error: unknown): string => {
  const isOperating =
    error instanceof UnavailableError ||
    error instanceof EngineError ||
    error instanceof DatasetError ||
    error instanceof DivergedError;
  if (!isOperating) throw error;
  return error.message;
};
