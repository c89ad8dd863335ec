// The tests of a Harbor folder: their ids by text, and twins of each that no solution passes.
import { createRandom } from '../../../policies/random.ts';
import type { Artifact } from '../../verifiers/artifact.ts';
import type { Flip } from '../../verifiers/patch/check.ts';
import { chosenTwins } from '../../verifiers/patch/choose-twins.ts';
import { proposeFlips } from '../../verifiers/patch/flips.ts';
import { fileOf } from '../../verifiers/patch/runners.ts';
import { runTrials } from '../../verifiers/patch/trials.ts';
import type { TerminalStateCheck } from '../../verifiers/terminal-state/terminal-state.ts';
import type { Instruments } from '../../verifiers/verifier.ts';

const TWINS_A_TEST = 6;
const PROPOSALS_A_TEST = 8;

/** Functions and methods that pytest would collect. */
export function idsIn(path: string, text: string): string[] {
  if (!/(^|\/)test_[^/]*\.py$/.test(path)) return [];
  const ids: string[] = [];
  let group: string | undefined;
  for (const line of text.split('\n')) {
    const name = /^class (Test\w*)/.exec(line)?.[1];
    if (name !== undefined) group = name;
    else if (/^\S/.test(line) && !/^[@)#]/.test(line)) group = undefined;
    const [, indent, test] = /^([ \t]*)(?:async )?def (test\w*)\s*\(/.exec(line) ?? [];
    if (test === undefined) continue;
    if (indent === '') ids.push(`${path}::${test}`);
    else if (group !== undefined) ids.push(`${path}::${group}::${test}`);
  }
  return ids;
}

/** Twins that have been seen to fail by an assertion on what the solution left. */
export async function twins(
  { tests, ids }: Pick<TerminalStateCheck, 'tests' | 'ids'>,
  secondsPerTest: number,
  gold: Artifact,
  { instruments, seed }: { readonly instruments: Instruments; readonly seed: number },
): Promise<Flip[]> {
  const proposed = ids.flatMap((id) =>
    proposeFlips('python', id, tests[fileOf(id)]!, createRandom('harbor', seed, id)).slice(0, PROPOSALS_A_TEST),
  );
  if (proposed.length === 0) return [];
  const { tried } = await runTrials({
    check: { runner: 'pytest', sources: [], tests, secondsPerTest },
    repository: gold,
    trials: proposed.map((twin) => ({ id: twin.test, twin })),
    instruments,
    purpose: 'harbor',
    ours: true,
  });
  const failing = tried.flatMap(({ twin, outcome }) => (twin !== undefined && outcome === 'failed' ? [twin] : []));
  return ids.flatMap((id) =>
    chosenTwins(
      { runner: 'pytest', tests },
      proposed.filter((twin) => twin.test === id && failing.includes(twin)),
      TWINS_A_TEST,
    ),
  );
}
