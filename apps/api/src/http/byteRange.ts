/** One byte range of a Range header (RFC 9110, section 14); several ranges at once are answered with the whole. */
export type ByteRange = { first: number; last: number };

/** Null: no range, send everything. "unsatisfiable": 416. */
export const parseByteRange = (
  header: string | undefined,
  sizeBytes: number,
): ByteRange | null | "unsatisfiable" => {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header?.trim() ?? "");
  if (match === null) return null;
  const [, from = "", to = ""] = match;
  if (from === "" && to === "") return null;
  if (from === "") {
    const suffix = Number(to);
    return suffix === 0
      ? "unsatisfiable"
      : { first: Math.max(0, sizeBytes - suffix), last: sizeBytes - 1 };
  }
  const first = Number(from);
  const last = to === "" ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1);
  if (first >= sizeBytes) return "unsatisfiable";
  return last < first ? null : { first, last };
};
