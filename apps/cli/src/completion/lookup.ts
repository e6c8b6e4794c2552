/** Words for completion that come from the lab, or from its vocabulary. */
import type { RunBody, SweepBody, tokenSchema, workerSchema } from "@pclab/contracts";
import type { z } from "zod";
import { CliError } from "../cliError.js";
import type { LabClient } from "../client/labClient.js";
import { printable } from "../output/text.js";
import type { Candidate, Lookup } from "./candidates.js";

const MOST = 30;
/** Nobody waits longer for a Tab. */
const PATIENCE_MS = 2_000;

type Data<T> = { data: T[] };

export const lookupIn =
  (lab: LabClient): Lookup =>
  async (kind) => {
    const late = new Promise<Candidate[]>((resolve) => {
      setTimeout(() => resolve([]), PATIENCE_MS).unref();
    });
    try {
      return await Promise.race([look(lab, kind), late]);
    } catch (error) {
      // A lab that is away, or a token that opens nothing: there is nothing to offer.
      if (error instanceof CliError) return [];
      throw error;
    }
  };

const look = async (lab: LabClient, kind: string): Promise<Candidate[]> => {
  switch (kind) {
    case "sweep":
    case "--sweep": {
      const { data } = await lab.get<Data<SweepBody>>("/v1/sweeps", { limit: MOST });
      return [
        { word: "last", description: "your newest sweep" },
        ...data.map(({ id, name, state }) => ({
          word: id,
          description: printable(`${name}, ${state}`),
        })),
      ];
    }
    case "run": {
      const { data } = await lab.get<Data<RunBody>>("/v1/runs", {
        limit: MOST,
        sort: "-created_at",
      });
      return data.map(({ id, name, state }) => ({ word: id, description: `${name}, ${state}` }));
    }
    case "worker": {
      const { data } = await lab.get<Data<z.output<typeof workerSchema>>>("/v1/workers");
      return data.map(({ id, host, state }) => ({
        word: id,
        description: printable(`${host}, ${state}`),
      }));
    }
    case "token": {
      const { data } = await lab.get<Data<z.output<typeof tokenSchema>>>("/v1/tokens", {
        limit: MOST,
      });
      return data.map(({ id, name, scope }) => ({
        word: id,
        description: printable(`${name}, ${scope}`),
      }));
    }
    default:
      return vocabulary(kind);
  }
};

/** Loaded for these alone: the other words should come at once. */
const vocabulary = async (option: string): Promise<Candidate[]> => {
  const words = async (): Promise<readonly string[]> => {
    switch (option) {
      case "--preset":
        return (await import("@pclab/core")).PRESET_NAMES;
      case "--scale":
        return (await import("@pclab/core")).PRESET_SCALES;
      case "--state":
        return (await import("@pclab/core")).RUN_STATES;
      case "--algorithm":
        return (await import("@pclab/core")).ALGORITHMS;
      case "--scope":
        return (await import("@pclab/contracts")).TOKEN_SCOPE_NAMES;
      default:
        return [];
    }
  };
  return (await words()).map((word) => ({ word, description: "" }));
};
