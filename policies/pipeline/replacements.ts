// Whether another group is begun in place of one that was lost: failed, hung, too old, or sampled by a version that was left behind. A budget
// of admission: with v rounds done, (v + 1) times so many replacements may have been admitted, ever. So a campaign that loses some groups of
// each round trains on whole rounds to its end, and one whose machine breaks every group loses a bounded number of them, and ends.
export interface Replacements {
  /** For each round, at most. */
  readonly perRound: number;
  /** So far. */
  readonly admitted: number;
}

/** How many are admitted in all from now on; never fewer than before, nor more than were lost. */
export function admittedReplacements(
  { perRound, admitted }: Replacements,
  { version, lost }: { readonly version: number; readonly lost: number },
): number {
  return Math.max(admitted, Math.min(lost, (version + 1) * perRound));
}
