/**
 * Run names as the paper writes them, `algorithm_width_depth_relaxedConditions`: `bp_1024_8`, `pc_256_8_rc23`.
 * The only parser and printer of them.
 */
import type { Algorithm } from "./vocabulary.js";

export interface RunName {
  algorithm: Algorithm;
  width: number;
  depth: number;
}

const PATTERN = /^(bp|pc)_([1-9]\d{0,5})_([1-9]\d{0,3})(?:_(rc2|rc3|rc23))?$/;

export const printRunName = ({ algorithm, width, depth }: RunName): string => {
  const [rule, relaxed] = algorithm.split("_");
  return [rule, width, depth, ...(relaxed === undefined ? [] : [relaxed])].join("_");
};

/** Null for a text that is no run's name; BP has no conditions to relax. */
export const parseRunName = (text: string): RunName | null => {
  const match = PATTERN.exec(text);
  if (match === null) return null;
  const [, rule, width, depth, relaxed] = match;
  if (rule === "bp" && relaxed !== undefined) return null;
  const algorithm = (relaxed === undefined ? rule : `${rule}_${relaxed}`) as Algorithm;
  return { algorithm, width: Number(width), depth: Number(depth) };
};
