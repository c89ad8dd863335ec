// What a candidate lost against the pinned version 0 in one capability, however rare its tasks.
import { checkResults, type LockedTask, pairTasks, type TaskRates } from './paired-outcomes.ts';
import { signFlips, upperLimit } from './sign-flip.ts';
import { counted, gained, percent } from './wording.ts';

export interface DriftRule {
  /** Chance, per look, that any slice is blocked which did not change. A false block costs a round; a missed loss, a capability. */
  readonly falseBlock: number;
  /** A slice that measures this far below version 0 is shown to a human where its size cannot tell chance from loss. */
  readonly maxSliceDrop: number;
}

export interface SliceDrift {
  readonly capability: string;
  readonly tasks: number;
  readonly families: number;
  readonly before: number;
  readonly after: number;
  /** Where something was found: the mean difference of its families lies at most here, with the confidence that the slices share. */
  readonly limit: number;
  /**
   * lost: shown, the limit is not above zero. large: a large drop that may be chance.
   * flagged: one or the other at an earlier look, and not back at version 0's rate since. none: nothing of it.
   */
  readonly finding: 'lost' | 'flagged' | 'large' | 'none';
  readonly why: string;
}

/**
 * Every capability of the lock, sorted by name. A missing result counts against the candidate.
 *
 * The limit inverts the exact test of signs over the slice's families, honest for any number of them. Multiplicity: each look's
 * `falseBlock` is divided by the number of slices that have enough families to show anything at that level (Bonferroni; Tarone,
 * Biometrics 46 (1990) 515–522), so that slices too small to speak do not silence the others.
 * @param flagged capabilities that fell at earlier looks: many looks must not let a loss slip through on a lucky one
 */
export function sliceDrifts(
  locked: readonly LockedTask[],
  sides: { readonly candidate: TaskRates; readonly roundZero: TaskRates },
  flagged: readonly string[],
  rule: DriftRule,
): SliceDrift[] {
  checkResults(locked, [sides.candidate, sides.roundZero]);
  const slices = slicesOf(locked);
  const level = rule.falseBlock / comparisons([...slices.values()].map(countFamilies), rule.falseBlock);
  return [...slices].map(([capability, tasks]) => {
    const paired = pairTasks(tasks, { after: sides.candidate, before: sides.roundZero });
    const shown = paired.gain < 0 && signFlips(paired.families).lower <= level;
    const finding = findingOf(paired.gain, shown, flagged.includes(capability), rule);
    const limit = finding === 'none' ? 1 : upperLimit(paired.families, level);
    const size = `${counted(tasks.length, 'task')} in ${counted(paired.families.length, 'family', 'families')}`;
    const rates = `${capability} (${size}): ${percent(paired.after)} against ${percent(paired.before)} of version 0 (${gained(paired.gain)}`;
    const atMost = `${rates}, at most ${gained(limit)} with ${percent(1 - level)} confidence)`;
    const why = {
      lost: atMost,
      flagged: `${rates}), and it had fallen at an earlier look`,
      large: limit < 1 ? atMost : `${rates}), too few families to tell chance from loss`,
      none: `${rates})`,
    }[finding];
    const { before, after } = paired;
    return { capability, tasks: tasks.length, families: paired.families.length, before, after, limit, finding, why };
  });
}

function findingOf(gain: number, shown: boolean, flagged: boolean, rule: DriftRule): SliceDrift['finding'] {
  if (shown) return 'lost';
  if (flagged && gain < 0) return 'flagged';
  return gain < -rule.maxSliceDrop ? 'large' : 'none';
}

/** The smallest k such that at most k slices could reach falseBlock/k: 2^−families is the least that a test of signs can say. */
function comparisons(families: readonly number[], falseBlock: number): number {
  let k = 1;
  while (families.filter((count) => 2 ** -count <= falseBlock / k).length > k) k += 1;
  return k;
}

function slicesOf(locked: readonly LockedTask[]): Map<string, LockedTask[]> {
  const slices = new Map<string, LockedTask[]>();
  for (const task of locked) {
    const slice = slices.get(task.capability);
    if (slice === undefined) slices.set(task.capability, [task]);
    else slice.push(task);
  }
  return new Map([...slices].sort(([a], [b]) => (a < b ? -1 : 1)));
}

const countFamilies = (tasks: readonly LockedTask[]): number => new Set(tasks.map(({ family }) => family)).size;
