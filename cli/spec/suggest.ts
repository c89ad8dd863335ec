// Did-you-mean: the nearest known word, when it is near enough to be a slip of the fingers.

/** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours each cost 1. */
export function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const cell = new Array<number>((a.length + 1) * width).fill(0);
  const at = (i: number, j: number): number => cell[i * width + j] ?? 0;
  for (let i = 0; i <= a.length; i++) cell[i * width] = i;
  for (let j = 0; j <= b.length; j++) cell[j] = j;
  for (let i = 1; i <= a.length; i++) {
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, at(i - 2, j - 2) + 1);
      cell[i * width + j] = best;
    }
  }
  return at(a.length, b.length);
}

/** Ignores case, dashes and underscores: `group_size` is `groupSize`. */
const plain = (word: string): string => word.toLowerCase().replaceAll(/[-_\s]/g, '');

/** The known word meant, or undefined. Allows one slip in three letters, at most three. */
export function didYouMean(word: string, known: readonly string[]): string | undefined {
  const wanted = plain(word);
  if (wanted === '' || wanted.length > 60) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, plain(candidate));
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  const allowed = Math.min(3, Math.floor(wanted.length / 3));
  return best !== undefined && best.distance <= allowed ? best.word : undefined;
}
