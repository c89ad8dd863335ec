// The search that every round makes: does anything the policy is given know the task set it is judged by?
import { type GuardedTask, indexTasks, type Overlap } from '../../policies/overlap.ts';
import { counted } from '../../policies/wording.ts';

/** What a policy is given or trained on, beside its tasks. */
export interface Given {
  readonly kind: 'skill' | 'memory' | 'prompt' | 'patch';
  /** A path, or an id in the store. */
  readonly name: string;
  readonly text: string;
}

export interface Contaminated {
  readonly kind: Given['kind'];
  readonly name: string;
  readonly overlaps: readonly Overlap[];
  /** One plain sentence about the worst of them, without the task's words: a log must not spread what it reports. */
  readonly why: string;
}

/**
 * Texts that overlap with guarded tasks, in the order given. Of a patch only what it adds counts: lines that it removes are no longer known.
 * @param common wording that all may share, for example the harness's templates
 */
export function scanForTasks(
  given: readonly Given[],
  tasks: readonly GuardedTask[],
  common: readonly string[] = [],
): Contaminated[] {
  const index = indexTasks(tasks, common);
  return given.flatMap(({ kind, name, text }) => {
    const overlaps = index.search(kind === 'patch' ? added(text) : text);
    const [worst] = overlaps;
    if (worst === undefined) return [];
    const others = overlaps.length === 1 ? '' : ` and overlaps with ${overlaps.length - 1} more`;
    const what = worst.canary
      ? `holds the canary of ${worst.task}`
      : `shares ${worst.shared} of ${worst.runs} runs of words with ${worst.task}, ${worst.stretch.split(' ').length} words in one piece`;
    return [{ kind, name, overlaps, why: `The ${kind} ${name} ${what}${others}.` }];
  });
}

/** Of a split that nobody may learn of, not even which tasks lie in it: how many of them, and how much. */
export interface ContaminatedUnseen {
  readonly kind: Given['kind'];
  readonly name: string;
  /** A sentence without a task's name or words. */
  readonly why: string;
}

/** As `scanForTasks`, and says neither which tasks were found nor which of their words. */
export function scanForSealed(
  given: readonly Given[],
  tasks: readonly GuardedTask[],
  common: readonly string[] = [],
): ContaminatedUnseen[] {
  return scanForTasks(given, tasks, common).map(({ kind, name, overlaps }) => {
    const canaries = overlaps.filter(({ canary }) => canary).length;
    const [shared, runs] = [sum(overlaps.map((one) => one.shared)), sum(overlaps.map((one) => one.runs))];
    const planted = canaries === 0 ? '' : `, and holds the canary of ${counted(canaries, 'sealed task')}`;
    const what = `${shared} of ${runs} runs of words with ${counted(overlaps.length, 'sealed task')}${planted}`;
    return { kind, name, why: `The ${kind} ${name} shares ${what}.` };
  });
}

const sum = (all: readonly number[]): number => all.reduce((total, one) => total + one, 0);

/** Lines that a unified diff adds and names that it introduces; a text without any is taken as a whole. */
function added(patch: string): string {
  const lines = patch.split('\n');
  if (!lines.some((line) => /^(@@ |\+\+\+ )/.test(line))) return patch;
  return lines
    .filter((line) => line.startsWith('+') || !/^[- ]|^(diff|index) /.test(line))
    .map((line) => line.replace(/^\+(\+\+ (b\/)?)?/, ''))
    .join('\n');
}
