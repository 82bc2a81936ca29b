/** How far a word may be from a known one and still be taken for a slip of the pen. */
const MAX_SLIPS = 3;

/**
 * The known word that `word` was probably meant to be, for "Did you mean …?" in messages.
 *
 * Case does not count; two neighbouring letters that changed places count as one slip. About one slip per three
 * letters of the known word is forgiven, at least one and at most three. Of equally near words the first wins. Without one, a word
 * of the same stem, `retry` for `retries`, is taken.
 * `undefined` when nothing is near.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of known) {
    const limit = Math.min(MAX_SLIPS, Math.max(1, Math.floor(candidate.length / 3)));
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= limit && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? known.find((candidate) => hasStemOf(candidate.toLowerCase(), wanted));
}

/** Whether they begin with the same four letters or more, and little of the known word is left. */
function hasStemOf(candidate: string, wanted: string): boolean {
  const stem = candidate.slice(0, Math.max(4, Math.ceil(candidate.length * 0.8)));
  return wanted.startsWith(stem);
}

/** Damerau-Levenshtein distance in its "optimal string alignment" form, three rows at a time. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      const swapped =
        row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
