/**
 * What was found of one part of the machine. `note`: the lab runs, with less or by other means. `broken`: it cannot run
 * before this is put right.
 */
export interface Finding {
  part: string;
  state: "fine" | "note" | "broken";
  /** One sentence or less; for a note or what is broken, with the way out. */
  detail: string;
}

export const fine = (part: string, detail: string): Finding => ({ part, state: "fine", detail });
export const note = (part: string, detail: string): Finding => ({ part, state: "note", detail });
export const broken = (part: string, detail: string): Finding => ({
  part,
  state: "broken",
  detail,
});

/** An error's message on one line. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().replace(/\s+/g, " ");
