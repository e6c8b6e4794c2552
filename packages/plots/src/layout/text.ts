/**
 * How wide text will be, without a font at hand: layouts leave room by it. The classes are those of DejaVu Sans, wider
 * than Helvetica and Arial, so that what fits here fits in the viewer's font.
 */
import { LABEL_SIZE } from "../theme.js";

const NARROW = /[iljtfrI.,:;'|!()[\] ⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/;
const WIDE = /[mwMW@%—±×]/;

const widthOf = (character: string): number => {
  if (NARROW.test(character)) return 0.42;
  if (WIDE.test(character)) return 0.96;
  // Han, kana, emoji: as wide as they are high.
  return (character.codePointAt(0) ?? 0) > 0x2e7f ? 1.05 : 0.64;
};

export const textWidth = (text: string, fontSize: number = LABEL_SIZE): number => {
  let ems = 0;
  for (const character of text) ems += widthOf(character);
  return ems * fontSize;
};

/** Shortened in the middle until it fits: names of runs differ at their ends (`pc_256_8_rc2`). */
export const fitText = (text: string, width: number, fontSize: number = LABEL_SIZE): string => {
  const line = text.replace(/\s+/g, " ").trim();
  if (textWidth(line, fontSize) <= width) return line;
  const characters = Array.from(line).slice(0, MOST_CHARACTERS);
  const tail = Array.from(line).slice(-MOST_CHARACTERS);
  for (let kept = characters.length; kept > 1; kept--) {
    const [front, back] = [Math.ceil(kept / 2), Math.floor(kept / 2)];
    const short = `${characters.slice(0, front).join("")}…${tail.slice(-back).join("")}`;
    if (textWidth(short, fontSize) <= width) return short;
  }
  return "…";
};

/** No label has room for more: a name of a million characters costs no more than one of this many. */
const MOST_CHARACTERS = 200;
