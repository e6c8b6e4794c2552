/** All that is needed to repeat a run, written down once its first step is done. */
import { cpus, hostname, totalmem } from "node:os";
import {
  type EngineChoice,
  type ExperimentSpec,
  type NumericsChange,
  printSpec,
} from "@pclab/core";
import type { PackPlace } from "./messages.js";

export interface ManifestInputs {
  spec: ExperimentSpec;
  engineId: string;
  /** What the worker gives to runs whose spec says `auto`. */
  workerEngine: EngineChoice;
  numericsChanges: NumericsChange[];
  datasetSha256: string;
  pack: PackPlace | null;
  version: string;
  gitSha: string | null;
}

export const manifestOf = ({
  spec,
  engineId,
  workerEngine,
  numericsChanges,
  datasetSha256,
  pack,
  version,
  gitSha,
}: ManifestInputs) => ({
  spec: printSpec(spec),
  seed: spec.seed,
  engine: engineId,
  engine_choice: { spec: spec.engine, worker: workerEngine },
  numerics_changed: numericsChanges,
  versions: { pclab: version, node: process.versions.node },
  git_sha: gitSha,
  dataset: { name: spec.dataset, sha256: datasetSha256 },
  pack,
  host: {
    hostname: hostname(),
    platform: process.platform,
    arch: process.arch,
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memory_bytes: totalmem(),
  },
});

export type Manifest = ReturnType<typeof manifestOf>;
