/** The networks of a sweep: what is compared lies in one figure, and what is not does not. */
import { type ModelGroup, type RunResult, modelGroups, shortNumber } from "@pclab/core";

export interface Network {
  /** `fashion-mnist-256-8`: data set, width, depth. */
  id: string;
  /** For people. */
  name: string;
  /** Without weight decay, in the order of the sweep; labelled so as to tell these apart. */
  models: ModelGroup[];
  /** Of one algorithm over weight decays, the smallest first, labelled by it; empty where there is no decay. */
  decays: ModelGroup[];
}

export const networksOf = (runs: readonly RunResult[]): Network[] =>
  [...new Set(runs.map(networkId))].map((id) => {
    const members = runs.filter((run) => networkId(run) === id);
    const [first] = members;
    return {
      id,
      name:
        first === undefined
          ? id
          : `${first.spec.dataset}, ${first.spec.depth} hidden layers of ${first.spec.width}`,
      models: modelGroups(members.filter(({ spec }) => spec.weightDecay === 0)),
      decays: decaysOf(members),
    };
  });

const networkId = ({ spec: { dataset, width, depth } }: RunResult): string =>
  `${dataset}-${width}-${depth}`;

const decaysOf = (members: readonly RunResult[]): ModelGroup[] => {
  const decayed = members.find(({ spec }) => spec.weightDecay > 0);
  if (decayed === undefined) return [];
  const { algorithm } = decayed.spec;
  return modelGroups(members.filter(({ spec }) => spec.algorithm === algorithm))
    .sort((a, b) => a.spec.weightDecay - b.spec.weightDecay)
    .map((group) => ({ ...group, label: `decay ${shortNumber(group.spec.weightDecay)}` }));
};
