// How much error each look at a campaign may spend, so that all looks together stay within one bound.

/** Chance of any false promotion in a campaign, however many rounds it has. */
export const TOTAL_ALPHA = 0.05;

/**
 * α_t = total · 6 / (π² t²): the looks' shares sum to the total over endless looks, since Σ 1/t² = π²/6 (Euler). By the union bound the
 * chance of any error is at most the total, whatever the looks have in common: the same tasks, the same pinned baseline.
 * @param look from 1, counted over the whole campaign and never started again
 */
export function alphaAt(look: number, total: number = TOTAL_ALPHA): number {
  return total * shareOfLook(look);
}

/** 6 / (π² t²): weights that sum to 1, also for the mean of e-values over looks. */
export function shareOfLook(look: number): number {
  if (!Number.isInteger(look) || look < 1) throw new RangeError(`look ${look}: not a whole number from 1`);
  return 6 / (Math.PI ** 2 * look ** 2);
}

/** What the first `looks` looks have spent together. */
export function alphaSpent(looks: number, total: number = TOTAL_ALPHA): number {
  let spent = 0;
  for (let look = 1; look <= looks; look += 1) spent += alphaAt(look, total);
  return spent;
}
