/** Starts the baselines' programs, one for each number of threads, and measures them. */
import type { Measurable } from "../measurable.js";
import type { Sample } from "../row.js";
import { UnavailableError } from "../unavailable.js";
import { median } from "../statistics.js";
import { type Model, type Shape, type WorkloadSettings, matrixFlops, specOf } from "../workload.js";
import { PeerProcess } from "./peerProcess.js";
import { describeSetting, fastestSetting, findPython, peerProgram, type Trial } from "./python.js";
import type { Variant } from "./variants.js";

export interface PeerHostOptions {
  /** The path of scripts/peers/pytorch_pc.py. */
  script: string;
  environment: NodeJS.ProcessEnv;
  /** What PyTorch computes on. */
  device?: "cpu" | "cuda";
}

export class PeerHost {
  readonly #options: PeerHostOptions;
  readonly #processes = new Map<number, PeerProcess>();
  #start: Promise<{ python: string; trial: Trial }> | null = null;

  constructor(options: PeerHostOptions) {
    this.#options = options;
  }

  /** What is compared with, for the report. @throws UnavailableError */
  async describe(): Promise<Record<string, unknown>> {
    const { python, trial } = await this.#started();
    return { python, setting: describeSetting(trial.setting), ...trial.about };
  }

  /** @throws UnavailableError */
  async process(threads: number): Promise<PeerProcess> {
    const { python, trial } = await this.#started();
    const { setting } = trial;
    const known = this.#processes.get(threads);
    if (known !== undefined) return known;
    const peer = new PeerProcess(peerProgram({ ...this.#options, python, threads, setting }));
    this.#processes.set(threads, peer);
    return peer;
  }

  async close(): Promise<void> {
    for (const peer of this.#processes.values()) await peer.close();
    this.#processes.clear();
  }

  #started(): Promise<{ python: string; trial: Trial }> {
    this.#start ??= this.#findFastest();
    return this.#start;
  }

  async #findFastest(): Promise<{ python: string; trial: Trial }> {
    const python = findPython(this.#options.environment);
    const programOf = (setting: Trial["setting"]) =>
      peerProgram({ ...this.#options, python, threads: 1, setting });
    return { python, trial: await fastestSetting(programOf) };
  }
}

export interface PeerOptions {
  host: PeerHost;
  variant: Variant;
  model: Model;
  shape: Shape;
  threads: number;
  settings: WorkloadSettings;
  turnMs: number;
}

export const peerMeasurable = (options: PeerOptions): Measurable => {
  const { host, variant, model, shape, threads, settings, turnMs } = options;
  const id = [variant.id, model, shape.width, shape.batch].join("-");
  let peer: PeerProcess | null = null;
  let count = 1;
  const time = async (from: PeerProcess): Promise<number[]> => {
    const { milliseconds } = await from.ask({ run: { id, count } });
    return requireTimes(milliseconds);
  };
  return {
    key: {
      source: "peer",
      subject: variant.name,
      instructionSet: null,
      model,
      ...shape,
      threads,
    },
    flops: matrixFlops(model, shape, settings),
    prepare: async () => {
      const started = await host.process(threads);
      const { inference } = specOf(model, shape, settings);
      const { steps, rate, updateEvery } = inference;
      const problem = { ...shape, depth: settings.depth, steps, rate, updateEvery };
      await started.ask({ setup: { id, variant: variant.id, ...problem } });
      peer = started;
      count = Math.max(1, Math.ceil(turnMs / Math.min(...(await time(peer)))));
    },
    run: async (): Promise<Sample> => {
      if (peer === null) throw new Error("run before prepare");
      const times = await time(peer);
      return { typical: median(times), best: Math.min(...times) };
    },
    dispose: async () => {
      if (peer !== null) await peer.ask({ drop: { id } }).catch(ignoreGone);
    },
  };
};

const requireTimes = (times: unknown): number[] => {
  const valid = Array.isArray(times) && times.length > 0 && times.every((ms) => ms > 0);
  if (!valid) throw new UnavailableError(`it answered ${JSON.stringify(times)} for its times`);
  return times as number[];
};

/** A program that has ended holds nothing any more. */
const ignoreGone = (error: unknown): void => {
  if (!(error instanceof UnavailableError)) throw error;
};
