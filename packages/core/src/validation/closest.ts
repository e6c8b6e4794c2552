import { distance } from "fastest-levenshtein";

/** The known word that a mistyped one most likely stands for, or null when none is near enough to be worth saying. */
export const closestWord = (word: string, known: readonly string[]): string | null => {
  // A hostile name can be as long as the body; the distance is quadratic in it.
  if (word.length > 64) return null;
  let best: string | null = null;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const candidateDistance = distance(word.toLowerCase(), candidate);
    if (candidateDistance < bestDistance) {
      best = candidate;
      bestDistance = candidateDistance;
    }
  }
  return best;
};
