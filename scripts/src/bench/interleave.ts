/** Rounds: each thing has one turn a round, so that the noise of a shared machine meets all alike. */

/** Indices 0..count-1, begun one further each round, so that nobody always follows the same neighbour. */
export const orderOfRound = (count: number, round: number): number[] =>
  Array.from({ length: count }, (_, turn) => (turn + round) % count);

/**
 * Runs `turn(index)` for each of `count` things in each round. A thing whose turn answers null is left out of the rounds
 * that follow.
 *
 * @returns what each thing's turns gave, round by round
 */
export async function interleave<T>(
  { count, rounds }: { count: number; rounds: number },
  turn: (index: number, round: number) => Promise<T | null>,
): Promise<T[][]> {
  const results: T[][] = Array.from({ length: count }, () => []);
  const left = new Set<number>();
  for (let round = 0; round < rounds; round++) {
    for (const index of orderOfRound(count, round)) {
      if (left.has(index)) continue;
      const result = await turn(index, round);
      if (result === null) left.add(index);
      else results[index]?.push(result);
    }
  }
  return results;
}
