/** The candidate that is at most two typing mistakes away, in any case of letters. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const most = word.length <= 3 ? 1 : 2;
  const wanted = word.toLowerCase();
  const scored = candidates
    .filter(({ length }) => Math.abs(length - wanted.length) <= most)
    .map((candidate) => ({ candidate, mistakes: distance(wanted, candidate.toLowerCase()) }))
    .sort((one, other) => one.mistakes - other.mistakes);
  return scored[0] && scored[0].mistakes <= most ? scored[0].candidate : undefined;
}

/** Levenshtein's. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[other.length]!;
}
