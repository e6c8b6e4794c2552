/** The networks of a sweep: what is compared lies in one figure, and what is not does not. */
import { type ModelGroup, type RunResult, modelGroups } from "@pclab/core";

export interface Network {
  /** `fashion-mnist-256-8`: data set, width, depth. */
  id: string;
  /** For people. */
  name: string;
  /** Without weight decay, in the order of the sweep. */
  models: ModelGroup[];
  /** Of one algorithm over weight decays, the smallest first; empty where there is no decay. */
  decays: ModelGroup[];
}

export const networksOf = (runs: readonly RunResult[]): Network[] => {
  const groups = modelGroups(runs);
  const ids = [...new Set(groups.map(networkId))];
  return ids.map((id) => {
    const members = groups.filter((group) => networkId(group) === id);
    const [{ spec } = { spec: null }] = members;
    return {
      id,
      name: spec === null ? id : `${spec.dataset}, ${spec.depth} hidden layers of ${spec.width}`,
      models: members.filter((group) => decayOf(group) === 0),
      decays: decaysOf(members),
    };
  });
};

const networkId = ({ spec: { dataset, width, depth } }: ModelGroup): string =>
  `${dataset}-${width}-${depth}`;

const decayOf = ({ spec }: ModelGroup): number => spec.weightDecay;

const decaysOf = (members: readonly ModelGroup[]): ModelGroup[] => {
  const decayed = members.find((group) => decayOf(group) > 0);
  if (decayed === undefined) return [];
  const { algorithm } = decayed.spec;
  return members
    .filter(({ spec }) => spec.algorithm === algorithm)
    .sort((a, b) => decayOf(a) - decayOf(b));
};
