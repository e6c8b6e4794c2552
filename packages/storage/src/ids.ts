import { monotonicFactory } from "ulid";

const nextUlid = monotonicFactory();

export type IdPrefix =
  | "usr"
  | "tok"
  | "swp"
  | "run"
  | "ckpt"
  | "wrk"
  | "ana"
  | "aud"
  | "whk"
  | "msg";

/** Prefixed and sortable by time; ids made by one process are strictly increasing. */
export const newId = (prefix: IdPrefix): string => `${prefix}_${nextUlid().toLowerCase()}`;
