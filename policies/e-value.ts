// Evidence for a gain as wealth: what a bettor against "no gain on average" would own by now.
import { shareOfLook } from './alpha-spending.ts';

/** Bets are mixed over these stakes, equally; the mixture is exact for any set of stakes in [0, 1]. */
const STAKES = Array.from({ length: 64 }, (_, at) => (at + 0.5) / 64);

/**
 * Log of the wealth after each family. The bettor starts with 1, split over constant stakes λ in (0, 1); each part is multiplied by
 * 1 + λ·d per family: a test martingale for E[d] ≤ 0 with d in [−1, 1] (Waudby-Smith and Ramdas, JRSS B 86 (2024) 1–27, §3;
 * constant stakes mixed evenly are Cover's universal portfolio, Mathematical Finance 1 (1991) 1–29). By Ville's inequality the wealth of a
 * bettor without a true gain ever reaches 1/α with probability at most α: stopping at any family is allowed.
 *
 * One observation a family, families independent. No assumption about shape: rare whole losses that the sample lacks are
 * paid for, which makes it weaker than the test of signs (sign-flip.ts) and void of power for a few dozen families.
 * @param differences one a family, in [−1, 1]
 * @throws RangeError for a difference outside
 */
export function wealthPath(differences: readonly number[]): number[] {
  const logs = STAKES.map(() => 0);
  return differences.map((difference) => {
    if (!(difference >= -1 && difference <= 1)) throw new RangeError(`difference ${difference}: not in [−1, 1]`);
    STAKES.forEach((stake, at) => {
      logs[at]! += Math.log1p(stake * difference);
    });
    return logMean(logs);
  });
}

/** Log e-value of all families together; their order does not matter. 0 without any. */
export function logEValue(differences: readonly number[]): number {
  // Equal differences are taken together: a thousand families of three tasks have seven kinds.
  const counts = new Map<number, number>();
  for (const difference of differences) {
    if (!(difference >= -1 && difference <= 1)) throw new RangeError(`difference ${difference}: not in [−1, 1]`);
    counts.set(difference, (counts.get(difference) ?? 0) + 1);
  }
  return logMean(
    STAKES.map((stake) => {
      let log = 0;
      for (const [difference, count] of counts) log += count * Math.log1p(stake * difference);
      return log;
    }),
  );
}

/**
 * Evidence of many looks: Σ 6/(π²t²)·E_t, an e-value of "no candidate so far gained on average" whatever the looks have in common, for
 * the mean of e-values is one (Vovk and Wang, Annals of Statistics 49 (2021) 1736–1754, §3). It never falls, and ever reaches 20 with
 * probability at most 5% where nothing gained.
 *
 * The product of the looks' e-values is none: they are measured on the same tasks and against one pinned baseline, so what the
 * baseline lost by chance is betted on again every round (evals/simulation shows how often that promotes nothing).
 * @param logEValues of the looks 1, 2, …
 */
export function evidenceOverLooks(logEValues: readonly number[]): number {
  return logEValues.reduce((sum, log, at) => sum + shareOfLook(at + 1) * Math.exp(log), 0);
}

function logMean(logs: readonly number[]): number {
  const most = Math.max(...logs);
  return most + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - most), 0) / logs.length);
}
