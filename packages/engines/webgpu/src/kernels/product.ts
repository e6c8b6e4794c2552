/**
 * A tile of a matrix product in WGSL, C [rows x columns] = sum over k of left(row, k) right(k, column).
 *
 * A workgroup of 64 makes a tile of TILE_COLUMNS columns and rowsOf(tile) rows; each invocation holds `tile` rows by four
 * columns in registers and adds up its terms in the order of k, so that a value depends neither on the tile nor on what
 * else is in the dispatch.
 */
import { LANES } from "./kernel.js";

/** Rows that one invocation holds. One where batches are small, four elsewhere. */
export type Tile = 1 | 4;

export const TILE_COLUMNS = 32;
export const rowsOf = (tile: Tile): number => 8 * tile;

/** Terms in workgroup memory at a time. */
const BLOCK = 16;

export interface Operand {
  /** WGSL of the element, where `row` (or `column`) and `k` are within bounds. */
  element: string;
  /** Along which index it lies contiguously in memory: neighbouring invocations read neighbours. */
  contiguous: "k" | "other";
}

export interface Product {
  tile: Tile;
  left: Operand;
  right: Operand;
}

export const productDeclarations = ({ tile }: Product): string => /* wgsl */ `
var<workgroup> leftTile: array<${tile === 1 ? "f32" : "vec4f"}, ${BLOCK * 8}>;
var<workgroup> rightTile: array<vec4f, ${BLOCK * 8}>;
`;

const load = (
  { element, contiguous }: Operand,
  options: { name: string; bound: string; index: "row" | "column"; width: 1 | 4 },
): string => {
  const { name, bound, index, width } = options;
  const [term, place] =
    contiguous === "k" ? [`slot % ${BLOCK}u`, `slot / ${BLOCK}u`] : ["slot / 8u", "slot % 8u"];
  return /* wgsl */ `
    for (var slot = lane; slot < ${BLOCK * 8}u; slot += ${LANES}u) {
      let term = ${term};
      let place = ${place};
      let k = block + term;
      var v = ${width === 1 ? "0.0" : "vec4f()"};
      for (var at = 0u; at < ${width}u; at++) {
        let ${index} = ${index}Base + place * ${width}u + at;
        if (${index} < ${bound} && k < terms) { ${width === 1 ? "v" : "v[at]"} = ${element}; }
      }
      ${name}[term * 8u + place] = v;
    }`;
};

/**
 * Statements that leave rows `row0`.. `row0 + tile - 1` of the columns `column0`..`column0 + 3` in `sum0`.. as vec4f. They
 * want `rows`, `columns`, `terms` (uniform), `rowBase` and `columnBase` (the tile's corner) declared before.
 */
export const productStatements = ({ tile, left, right }: Product): string => {
  const sums = Array.from({ length: tile }, (_, i) => i);
  return /* wgsl */ `
  let row0 = rowBase + (lane / 8u) * ${tile}u;
  let column0 = columnBase + (lane % 8u) * 4u;
  ${sums.map((i) => `var sum${i} = vec4f();`).join(" ")}
  for (var block = 0u; block < terms; block += ${BLOCK}u) {
    ${load(left, { name: "leftTile", bound: "rows", index: "row", width: tile })}
    ${load(right, { name: "rightTile", bound: "columns", index: "column", width: 4 })}
    workgroupBarrier();
    for (var term = 0u; term < ${BLOCK}u; term++) {
      let a = leftTile[term * 8u + lane / 8u];
      let b = rightTile[term * 8u + lane % 8u];
      ${sums.map((i) => `sum${i} = fma(vec4f(${tile === 1 ? "a" : `a[${i}]`}), b, sum${i});`).join("\n      ")}
    }
    workgroupBarrier();
  }`;
};

/** Runs `statements` with `row`, `column` and `sum` for every value that the invocation holds and that is within bounds. */
export const forEachSum = (tile: Tile, statements: string): string =>
  /* wgsl */ `
  var sums = array<vec4f, ${tile}>(${Array.from({ length: tile }, (_, i) => `sum${i}`).join(", ")});
  for (var i = 0u; i < ${tile}u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let row = row0 + i;
      let column = column0 + j;
      if (row >= rows || column >= columns) { continue; }
      let sum = sums[i][j];
      ${statements}
    }
  }`;
