/** What an id names, by its prefix; `last` is one's newest sweep. */
import type { SweepBody } from "@pclab/contracts";
import { CliError, usageError } from "../cliError.js";
import { EXIT } from "../exitCodes.js";
import type { LabClient } from "./labClient.js";

export const KINDS = {
  swp: { noun: "sweep", path: "/v1/sweeps" },
  run: { noun: "run", path: "/v1/runs" },
  ana: { noun: "analysis", path: "/v1/analyses" },
  ckpt: { noun: "checkpoint", path: "/v1/checkpoints" },
  tok: { noun: "token", path: "/v1/tokens" },
} as const;
export type Kind = keyof typeof KINDS;

export interface Named {
  kind: Kind;
  id: string;
  noun: string;
  /** Of the resource. */
  path: string;
}

/**
 * @param wanted kinds that the command takes
 * @throws CliError when it is none of them
 */
export const nameOf = async (
  lab: LabClient,
  text: string,
  wanted: readonly Kind[],
): Promise<Named> => {
  const id = text === "last" && wanted.includes("swp") ? await newestSweep(lab) : text;
  const prefix = id.split("_")[0] ?? "";
  const kind = wanted.find((one) => one === prefix && /^[\w-]{1,64}$/.test(id));
  if (kind === undefined) {
    const forms = wanted.map((one) => `${KINDS[one].noun} (${one}_…)`).join(" or ");
    throw usageError(
      `'${text}' is no id; this takes the id of a ${forms}`,
      "`pclab ls` lists sweeps, `pclab ls runs` runs; `last` is your newest sweep",
    );
  }
  const { noun, path } = KINDS[kind];
  return { kind, id, noun, path: `${path}/${id}` };
};

const newestSweep = async (lab: LabClient): Promise<string> => {
  const page = await lab.get<{ data: SweepBody[] }>("/v1/sweeps", { limit: 1 });
  const [sweep] = page.data;
  if (sweep === undefined) {
    throw new CliError(
      EXIT.notFound,
      "you have no sweep yet",
      "`pclab submit FILE` submits one, such as examples/first.yaml",
    );
  }
  return sweep.id;
};
