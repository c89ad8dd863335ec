// What a pod left of its log in the store goes on where its node stopped telling it.

/** Lines that are compared; their numbers and times make so many alone. */
const COMPARED = 20;

/** @returns of the log that was kept, what comes after what was told. The log that was kept may lack its beginning. */
export function restOfLog(told: readonly string[], kept: readonly string[]): readonly string[] {
  if (told.length === 0) return kept;
  for (let end = kept.length; end > 0; end -= 1) {
    const compared = Math.min(COMPARED, told.length, end);
    if (told.slice(-compared).every((line, index) => line === kept[end - compared + index])) return kept.slice(end);
  }
  // The two do not touch: it was kept before the last that was told, or begins after it.
  const last = kept.at(-1);
  return last === undefined || told.includes(last) ? [] : kept;
}
