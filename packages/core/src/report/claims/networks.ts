/** The sweep's runs, network by network, as the claims ask for them. */
import type { Algorithm } from "../../experiment/vocabulary.js";
import { type ModelGroup, modelGroups } from "../modelGroups.js";
import { bestByValidation } from "../modelTable.js";
import type { RunResult } from "../runResult.js";
import type { NetworkModels } from "./claimAnswer.js";

/** Without weight decay; of several groups of an algorithm the best by validation. In the order of the sweep. */
export const networksOf = (runs: readonly RunResult[]): NetworkModels[] => {
  const plain = modelGroups(runs).filter(
    ({ spec }) => spec.weightDecay === 0 && spec.varianceDecay === 0,
  );
  const names = [...new Set(plain.map(networkName))];
  return names.map((name) => {
    const groups = plain.filter((group) => networkName(group) === name);
    const algorithms = [...new Set(groups.map(({ spec }) => spec.algorithm))];
    const models = algorithms.flatMap((algorithm): [Algorithm, ModelGroup][] => {
      const best = bestByValidation(groups.filter(({ spec }) => spec.algorithm === algorithm));
      return best === null ? [] : [[algorithm, best]];
    });
    const chosen = models.map(([, group]) => group);
    const others = groups.filter((group) => !chosen.includes(group));
    const [{ spec }] = groups;
    return { name, dataset: spec.dataset, width: spec.width, models: new Map(models), others };
  });
};

const networkName = ({ spec }: ModelGroup): string =>
  `${spec.dataset}, width ${spec.width}${spec.depth === 8 ? "" : `, depth ${spec.depth}`}`;

/** Of pc_rc23 over weight decays on the network that has most of them, the smallest decay first. */
export const decayGroups = (runs: readonly RunResult[]): ModelGroup[] => {
  const rc23 = modelGroups(runs).filter(({ spec }) => spec.algorithm === "pc_rc23");
  const networks = [...new Set(rc23.map(networkName))];
  const most = networks
    .map((name) => rc23.filter((group) => networkName(group) === name))
    .reduce<ModelGroup[]>((found, groups) => (groups.length > found.length ? groups : found), []);
  const hasDecay = most.some(({ spec }) => spec.weightDecay > 0);
  return hasDecay ? most.sort((a, b) => a.spec.weightDecay - b.spec.weightDecay) : [];
};
