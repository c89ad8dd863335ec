// The normal distribution, for planning by normal approximation. Verdicts use exact tests instead.

/**
 * P(Z > z), relative error below 1e-7 for z ≥ 0: Mills' ratio as a continued fraction (Abramowitz and Stegun 26.2.14) from 2.5 on, the
 * series 26.2.10 below.
 */
export function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z >= 2.5) {
    let fraction = z;
    for (let depth = 60; depth >= 1; depth -= 1) fraction = z + depth / fraction;
    return density / fraction;
  }
  let [sum, term] = [z, z];
  for (let n = 1; Math.abs(term) > 1e-17; n += 1) {
    term *= (-z * z * (2 * n - 1)) / (2 * n * (2 * n + 1));
    sum += term;
  }
  return 0.5 - sum / Math.sqrt(2 * Math.PI);
}

/** z with P(Z > z) = p, by bisection. @param p in (0, 1) */
export function normalQuantileAbove(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`a tail of ${p}: not between 0 and 1`);
  let [low, high] = [-40, 40];
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (normalTail(middle) > p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
