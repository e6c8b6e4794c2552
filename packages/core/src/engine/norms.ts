/** Euclidean norms of tensors, in double precision whatever the tensors'. */
import type { Values } from "./engine.js";

export const norm = (values: Values): number => {
  let square = 0;
  for (let i = 0; i < values.length; i++) square += values[i] ** 2;
  return Math.sqrt(square);
};

/** |left - right| of two tensors of one shape. */
export const distance = (left: Values, right: Values): number => {
  let square = 0;
  for (let i = 0; i < left.length; i++) square += (left[i] - right[i]) ** 2;
  return Math.sqrt(square);
};
