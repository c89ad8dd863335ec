// The exact randomisation test of paired differences: what chance alone does to signs.

/** Work that one distribution may take, about a tenth of a second: differences that would need more go on a coarser lattice. */
const MAX_CELLS = 60_000_000;
const FINEST = 840;
const COARSEST = 12;

/**
 * How the sum of the differences would be distributed if each family's sign were a fair coin (Fisher 1935, The Design of
 * Experiments, §21). Not simulated: the magnitudes are put on a lattice of 1/unit and their coins convolved, as for Wilcoxon's
 * signed ranks (Pagano and Tritchler, JASA 78 (1983) 435–440).
 */
export interface SignFlips {
  /** P(sum ≥ the observed one): small where the gain is more than chance. */
  readonly upper: number;
  /** P(sum ≤ the observed one): small where the loss is. */
  readonly lower: number;
  /** The smallest s ≥ 0 with P(|sum| > s) ≤ share. */
  beyond(share: number): number;
}

/**
 * Exact at any number of families, for the hypothesis that, given how far a family moved, up is no likelier than down (`upper`), and
 * the reverse (`lower`); families are independent. It holds when two measurements are exchangeable: the same version
 * twice. It is not the hypothesis "the mean is zero": where many small gains outweigh rare large losses that the sample happens to lack,
 * only an e-value (e-value.ts) is safe.
 *
 * Rounding to the lattice keeps the test exact: it is then the test of the rounded differences, whose signs are the same coins.
 * @param differences one a family, in [−1, 1]
 */
export function signFlips(differences: readonly number[]): SignFlips {
  const { unit, steps } = onLattice(differences);
  const magnitudes = steps.map(Math.abs).filter((step) => step > 0);
  const total = magnitudes.reduce((sum, step) => sum + step, 0);
  const up = steps.reduce((sum, step) => sum + Math.max(0, step), 0);
  const heads = sumOfHeads(magnitudes, total);
  return {
    upper: tail(heads, up, total),
    lower: tail(heads, 0, up),
    beyond(share) {
      // Heads of weight w make the sum 2w − total; from the outside in, until the share is used up.
      let weight = total;
      let mass = 0;
      while (2 * weight > total) {
        mass += 2 * heads[weight]!;
        if (mass > share) return (2 * weight - total) / unit;
        weight -= 1;
      }
      return 0;
    },
  };
}

/**
 * The largest shift of all differences that the test does not reject: an upper limit of the mean difference with confidence 1 − level,
 * by inversion of the lower tail. 1 where the families are too few to reject anything (fewer than log2(1/level)).
 */
export function upperLimit(differences: readonly number[], level: number): number {
  const rejected = (shift: number): boolean => signFlips(differences.map((d) => d - shift)).lower <= level;
  if (!rejected(1)) return 1;
  // On a grid of 1/360 each step's differences stay on one lattice.
  let [kept, refused] = [-361, 360];
  while (refused - kept > 1) {
    const middle = Math.floor((kept + refused) / 2);
    if (rejected(middle / 360)) refused = middle;
    else kept = middle;
  }
  return refused / 360;
}

/** `heads[w]`: probability that the magnitudes whose coin shows heads sum to w. */
function sumOfHeads(magnitudes: readonly number[], total: number): Float64Array {
  const heads = new Float64Array(total + 1);
  heads[0] = 1;
  let reach = 0;
  for (const step of magnitudes) {
    reach += step;
    for (let weight = reach; weight >= step; weight -= 1) heads[weight] = (heads[weight]! + heads[weight - step]!) / 2;
    for (let weight = Math.min(step - 1, reach); weight >= 0; weight -= 1) heads[weight] = heads[weight]! / 2;
  }
  return heads;
}

function tail(heads: Float64Array, from: number, to: number): number {
  let mass = 0;
  for (let weight = from; weight <= to; weight += 1) mass += heads[weight]!;
  return Math.min(1, mass);
}

/** Whole multiples of 1/unit: exact for families of a few tasks, rounded where no small unit fits or the work would be large. */
function onLattice(differences: readonly number[]): { unit: number; steps: number[] } {
  const size = differences.reduce((sum, d) => sum + Math.abs(d), 0);
  const affordable = Math.floor(MAX_CELLS / Math.max(1, size * differences.length));
  const finest = Math.max(COARSEST, Math.min(FINEST, affordable));
  let unit = 1;
  while (unit < finest && !differences.every((d) => Math.abs(d * unit - Math.round(d * unit)) < 1e-9)) unit += 1;
  // Halves round away from zero on both sides, so that a sign never decides a magnitude.
  return { unit, steps: differences.map((d) => Math.sign(d) * Math.round(Math.abs(d) * unit)) };
}
