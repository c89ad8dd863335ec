// How far two evaluations of one and the same version lie apart: what differs less is noise.
import type { NoiseFloor } from '../contracts/certified.ts';
import { familyMean, type LockedTask, type PairedOutcomes, pairOutcomes, type TaskRates } from './paired-outcomes.ts';
import { signFlips } from './sign-flip.ts';
import { chance, counted, gained, points } from './wording.ts';

/** Two evaluations of one version that differ by more than this chance allows were not made by one steady instrument. */
const UNSTEADY = 0.01;
const SHARE_BEYOND = 0.05;

/**
 * From an A/A comparison: the 95% quantile of |mean| when the signs of the families' differences are fair coins, which they are when
 * the same version is measured twice. Never less than one whole family: where nothing moved, the noise was not zero but unseen.
 * Tasks that only one evaluation graded are left out.
 */
export function noiseFloor(locked: readonly LockedTask[], first: TaskRates, second: TaskRates): NoiseFloor {
  return floorOf(pairOutcomes(locked, { after: second, before: first }, 'left-out'));
}

function floorOf(paired: PairedOutcomes): NoiseFloor {
  const { families } = paired;
  if (families.length === 0) {
    return { floor: 1, steady: false, why: 'The two evaluations of one version have no task in common.' };
  }
  const flips = signFlips(families);
  const floor = Math.min(1, Math.max(1, flips.beyond(SHARE_BEYOND)) / families.length);
  const p = Math.min(1, 2 * Math.min(flips.upper, flips.lower));
  const moved = families.filter((difference) => difference !== 0).length;
  const what = `One version measured twice moved ${moved} of ${counted(families.length, 'family', 'families')} and ${gained(familyMean(paired))} on average`;
  return p > UNSTEADY
    ? { floor, steady: true, why: `${what}: differences up to ${points(floor)} are noise.` }
    : { floor, steady: false, why: `${what}, by chance only with probability ${chance(p)}: the measuring drifts.` };
}
