/** Which Python has PyTorch, and under which settings PyTorch multiplies fastest on this machine. */
import { spawnSync } from "node:child_process";
import { interleave } from "../interleave.js";
import { UnavailableError } from "../unavailable.js";
import { PeerProcess, type PeerProgram } from "./peerProcess.js";

/** Debian's PyTorch belongs to Debian's Python, which need not be the first in PATH. */
const PYTHONS = ["python3", "/usr/bin/python3"];
const IMPORT_MS = 60_000;

/** @throws UnavailableError */
export function findPython(environment: NodeJS.ProcessEnv): string {
  const override = environment["PCLAB_PYTHON"];
  const candidates = override ? [override] : PYTHONS;
  const found = candidates.find((python) => {
    const { status } = spawnSync(python, ["-c", "import torch"], {
      env: environment,
      timeout: IMPORT_MS,
      stdio: "ignore",
    });
    return status === 0;
  });
  if (found !== undefined) return found;
  throw new UnavailableError(
    `no Python with PyTorch (tried ${candidates.join(", ")}); install it, or name one by PCLAB_PYTHON`,
  );
}

/** Variables to set, and with undefined to unset, over those of this process. */
export type Setting = Record<string, string | undefined>;

const UNSET: Setting = {
  OPENBLAS_CORETYPE: undefined,
  OPENBLAS_L2_SIZE: undefined,
  ATEN_CPU_CAPABILITY: undefined,
};

/** A setting that the processor cannot run ends the program that tries it, and is passed over. */
export const SETTINGS: readonly Setting[] = [
  {},
  UNSET,
  { ...UNSET, OPENBLAS_CORETYPE: "SkylakeX" },
  { ...UNSET, OPENBLAS_CORETYPE: "SkylakeX", ATEN_CPU_CAPABILITY: "avx512" },
];

export const describeSetting = (setting: Setting): string => {
  const set = Object.entries(setting).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}`],
  );
  if (set.length > 0) return set.join(" ");
  return Object.keys(setting).length === 0 ? "the environment's own" : "the libraries' defaults";
};

export const peerProgram = ({
  python,
  script,
  threads,
  setting,
  environment,
  device = "cpu",
}: {
  python: string;
  script: string;
  threads: number;
  setting: Setting;
  environment: NodeJS.ProcessEnv;
  device?: "cpu" | "cuda";
}): PeerProgram => {
  const count = String(threads);
  const merged: NodeJS.ProcessEnv = {
    ...environment,
    ...setting,
    OMP_NUM_THREADS: count,
    OPENBLAS_NUM_THREADS: count,
    MKL_NUM_THREADS: count,
  };
  for (const name of Object.keys(merged)) if (merged[name] === undefined) delete merged[name];
  // -B: no bytecode is left beside the sources.
  const args = ["-B", script, "--threads", count, "--device", device];
  return { program: python, args, environment: merged };
};

/** One thread on a shape where products and elementwise work both count; an eighth of a phase is enough to tell. */
const TRIAL = {
  id: "trial",
  variant: "manual",
  width: 256,
  depth: 8,
  batch: 64,
  steps: 32,
  updateEvery: 32,
  rate: 0.1,
};
const TRIAL_ROUNDS = 6;

export interface Trial {
  setting: Setting;
  milliseconds: number;
  /** What PyTorch says of itself under that setting. */
  about: Record<string, unknown>;
}

/** @throws UnavailableError where PyTorch runs under none of them, or has only the reference BLAS */
export async function fastestSetting(programOf: (setting: Setting) => PeerProgram): Promise<Trial> {
  const peers = SETTINGS.map((setting) => new PeerProcess(programOf(setting)));
  const abouts: (Record<string, unknown> | null)[] = [];
  let reason = "";
  const attempt = async <T>(work: () => Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      reason = error.message;
      return null;
    }
  };
  try {
    for (const peer of peers) abouts.push(await attempt(() => prepareTrial(peer)));
    const turns = { count: peers.length, rounds: TRIAL_ROUNDS };
    const times = await interleave(turns, async (index) =>
      abouts[index] === null ? null : attempt(() => timeTrial(peers[index] as PeerProcess)),
    );
    const trials = SETTINGS.flatMap((setting, index): Trial[] => {
      const about = abouts[index] ?? null;
      const found = times[index] as number[];
      if (about === null || found.length < TRIAL_ROUNDS) return [];
      return [{ setting, about, milliseconds: Math.min(...found) }];
    });
    const [best] = trials.toSorted((a, b) => a.milliseconds - b.milliseconds);
    if (best === undefined) throw new UnavailableError(reason);
    return best;
  } finally {
    for (const peer of peers) await peer.close();
  }
}

const prepareTrial = async (peer: PeerProcess): Promise<Record<string, unknown>> => {
  const about = await peer.ask({ about: true });
  refuseReferenceBlas(about);
  await peer.ask({ setup: TRIAL });
  return about;
};

const timeTrial = async (peer: PeerProcess): Promise<number> => {
  const { milliseconds } = await peer.ask({ run: { id: TRIAL.id, count: 2 } });
  return Math.min(...(milliseconds as number[]));
};

/** A comparison with it would flatter by a factor of twenty. */
const refuseReferenceBlas = (about: Record<string, unknown>): void => {
  if (about["blas"] !== "reference") return;
  throw new UnavailableError(
    "PyTorch multiplies with the reference BLAS here, and no comparison with it means anything; " +
      "on Debian `apt-get install libopenblas0-openmp`",
  );
};
