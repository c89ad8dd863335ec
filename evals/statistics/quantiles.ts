// Quantiles that intervals are made of.

/**
 * Standard normal quantile, absolute error below 1e-9: Acklam's rational approximation
 * (https://web.archive.org/web/20151030215612/http://home.online.no/~pjacklam/notes/invnorm/), refined by one Halley step
 * with the complementary error function of Numerical Recipes, 3rd edition, section 6.2.2.
 * @param p in (0, 1)
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`normalQuantile(${p}): not between 0 and 1`);
  const rough = acklam(p);
  const error = 0.5 * erfc(-rough / Math.SQRT2) - p;
  const step = error * Math.sqrt(2 * Math.PI) * Math.exp((rough * rough) / 2);
  return rough - step / (1 + (rough * step) / 2);
}

/**
 * Student's t quantile by the Cornish-Fisher expansion about the normal one (Abramowitz and Stegun 26.7.5), exact for one and two
 * degrees of freedom; within 0.5% from three on, for 0.001 ≤ p ≤ 0.999.
 */
export function studentQuantile(p: number, freedom: number): number {
  if (!(freedom >= 1)) throw new RangeError(`studentQuantile: ${freedom} degrees of freedom`);
  if (freedom === 1) return Math.tan(Math.PI * (p - 0.5));
  if (freedom === 2) return (2 * p - 1) / Math.sqrt(2 * p * (1 - p));
  const x = normalQuantile(p);
  const n = freedom;
  const terms = [
    (x ** 3 + x) / 4,
    (5 * x ** 5 + 16 * x ** 3 + 3 * x) / 96,
    (3 * x ** 7 + 19 * x ** 5 + 17 * x ** 3 - 15 * x) / 384,
    (79 * x ** 9 + 776 * x ** 7 + 1482 * x ** 5 - 1920 * x ** 3 - 945 * x) / 92_160,
  ];
  return terms.reduce((sum, term, index) => sum + term / n ** (index + 1), x);
}

/** Linear interpolation between order statistics (Hyndman and Fan's type 7). `sorted` ascends and is not empty. */
export function sampleQuantile(sorted: ArrayLike<number>, p: number): number {
  const at = (sorted.length - 1) * p;
  const low = Math.floor(at);
  const from = sorted[low] as number;
  const to = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return from + (at - low) * (to - from);
}

function acklam(p: number): number {
  const a = [
    -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.357751867269, -30.66479806614716, 2.506628277459239,
  ];
  const b = [-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572, 1];
  const c = [
    -0.007784894002430293, -0.3223964580411365, -2.400758277161838, -2.549732539343734, 4.374664141464968,
    2.938163982698783,
  ];
  const d = [0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1];
  const ratio = (top: readonly number[], bottom: readonly number[], x: number) => horner(top, x) / horner(bottom, x);
  if (p < 0.02425) return ratio(c, d, Math.sqrt(-2 * Math.log(p)));
  if (p > 1 - 0.02425) return -ratio(c, d, Math.sqrt(-2 * Math.log(1 - p)));
  const q = p - 0.5;
  return q * ratio(a, b, q * q);
}

const horner = (coefficients: readonly number[], x: number): number =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** Chebyshev fit, fractional error below 1.2e-7 everywhere. */
function erfc(x: number): number {
  const t = 2 / (2 + Math.abs(x));
  const fit = horner(
    [
      0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
      -1.26551223,
    ],
    t,
  );
  const value = t * Math.exp(-x * x + fit);
  return x >= 0 ? value : 2 - value;
}
