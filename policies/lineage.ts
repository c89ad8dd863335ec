// Where a campaign stands among its policy versions, and what a verdict does to that.
import type { Verdict } from '../contracts/policy-version.ts';

export interface Lineage {
  /** The version that the next round trains from. */
  readonly latest: number;
  /** The last promoted version; 0 is the base model. */
  readonly best: number;
}

/** `ask` is no outcome: a human's answer turns it into one of these. */
export type SettledVerdict = Exclude<Verdict, 'ask'>;

/**
 * promote: the candidate becomes `best` and is trained on. hold: it is trained on, `best` stays. revert: the candidate is
 * left behind, the next round trains from `best` again.
 */
export function applyVerdict(lineage: Lineage, candidate: number, verdict: SettledVerdict): Lineage {
  switch (verdict) {
    case 'promote':
      return { latest: candidate, best: candidate };
    case 'hold':
      return { latest: candidate, best: lineage.best };
    case 'revert':
      return { latest: lineage.best, best: lineage.best };
  }
}
