// What a text shares with a task set that it must not know: runs of words, the same letters however they are joined, and canaries.

import { indexLetters, runsWithOneMore } from './overlap-hidden.ts';
import { lettersOf, wordsOf } from './plain-words.ts';

/** Words of a run; the length that GPT-3's and later contamination studies use (Brown et al., arXiv 2005.14165, appendix C). */
export const RUN = 13;
/** A task text of fewer words than a run is compared as a whole, if it has this many: fewer words are anybody's. */
const SHORTEST = 8;

/** A task's texts that must stay out of skills, memory, prompts and patches, and the canary planted in it. */
export interface GuardedTask {
  readonly task: string;
  /** Instruction, tests, solution … */
  readonly texts: readonly string[];
  /** Random, so that no text holds it by chance; empty where none was planted. */
  readonly canary: string;
}

export interface Overlap {
  readonly task: string;
  /** The canary itself stands in the text, as written or with other spacing, punctuation or case. */
  readonly canary: boolean;
  /** Runs of the task that the text holds, and all that it has. */
  readonly shared: number;
  readonly runs: number;
  /** The longest stretch in common, in words; empty where none is a run long. */
  readonly stretch: string;
}

/** Made once for a task set, then asked for every text. */
export interface OverlapIndex {
  /** Tasks that the text overlaps with: those with a canary first, then by shared runs. */
  search(text: string): Overlap[];
}

/**
 * @param common texts that everybody may quote: the harness's templates, the wording that all instructions share. Their runs are no evidence.
 * @throws RangeError for a canary of fewer than 8 letters and digits, which a text may hold by chance
 */
export function indexTasks(tasks: readonly GuardedTask[], common: readonly string[] = []): OverlapIndex {
  const harmless = new Set(common.flatMap((text) => runsOf(wordsOf(text))));
  const runs = new Map<string, Set<number>>();
  const sizes = tasks.map(({ texts, canary }, at) => {
    if (canary !== '' && lettersOf(canary).length < 8)
      throw new RangeError(`the canary of ${tasks[at]!.task} is too short`);
    const own = new Set(texts.flatMap((text) => runsOf(wordsOf(text))).filter((run) => !harmless.has(run)));
    for (const run of own) {
      const holders = runs.get(run);
      if (holders === undefined) runs.set(run, new Set([at]));
      else holders.add(at);
    }
    return own.size;
  });
  const lengths = new Set([...runs.keys()].map((run) => run.split(' ').length));
  const joined = indexLetters(runs.keys());
  return {
    search(text) {
      // Marks of a diff or a comment and signs between words are gone here; a word put in between is left out again, one at a time.
      const words = wordsOf(text);
      const found = new Map<number, { shared: Set<string>; stretch: string }>();
      for (const length of lengths) collect(words, length, runs, found);
      const flat = lettersOf(text);
      for (const run of [...runsWithOneMore(words, joined.halves), ...joined.runsIn(flat)]) {
        for (const at of runs.get(run) ?? []) {
          const known = found.get(at) ?? { shared: new Set<string>(), stretch: run };
          known.shared.add(run);
          found.set(at, known);
        }
      }
      return tasks
        .flatMap(({ task, canary }, at): Overlap[] => {
          const planted = canary !== '' && flat.includes(lettersOf(canary));
          const { shared, stretch } = found.get(at) ?? { shared: new Set(), stretch: '' };
          if (!planted && shared.size === 0) return [];
          return [{ task, canary: planted, shared: shared.size, runs: sizes[at]!, stretch }];
        })
        .sort((a, b) => Number(b.canary) - Number(a.canary) || b.shared - a.shared);
    },
  };
}

/** Walks the text once per run length; runs that follow each other in one task grow into a stretch. */
function collect(
  words: readonly string[],
  length: number,
  runs: ReadonlyMap<string, ReadonlySet<number>>,
  found: Map<number, { shared: Set<string>; stretch: string }>,
): void {
  let open = new Map<number, number>();
  for (let start = 0; start + length <= words.length; start += 1) {
    const run = words.slice(start, start + length).join(' ');
    const still = new Map<number, number>();
    for (const at of runs.get(run) ?? []) {
      const since = open.get(at) ?? start;
      still.set(at, since);
      const known = found.get(at) ?? { shared: new Set<string>(), stretch: '' };
      known.shared.add(run);
      const stretch = words.slice(since, start + length).join(' ');
      found.set(at, stretch.length > known.stretch.length ? { ...known, stretch } : known);
    }
    open = still;
  }
}

function runsOf(words: readonly string[]): string[] {
  if (words.length < RUN) return words.length < SHORTEST ? [] : [words.join(' ')];
  return Array.from({ length: words.length - RUN + 1 }, (_, start) => words.slice(start, start + RUN).join(' '));
}

/** As `indexTasks` finds it: as written, or with other spacing, punctuation, case or look-alikes. */
export const holdsCanary = (text: string, canary: string): boolean => lettersOf(text).includes(lettersOf(canary));
