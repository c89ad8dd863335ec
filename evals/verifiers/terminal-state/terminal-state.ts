// terminal-state@1: what a terminal session left behind, judged by the task's own tests. They run in a fresh sandbox that holds the
// declared files and nothing else of the session; since they may start collected programs they count as candidate, and each has twins
// that nothing can pass (docs/decisions/0017-runners-are-candidates.md).
import { z } from 'zod';
import { relativePath } from '../../../contracts/artifact-task.ts';
import type { GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, alsoFolders } from '../artifact.ts';
import { broken, FORGED_GATES, held, refused } from '../gates.ts';
import { flip } from '../patch/check.ts';
import { flipped } from '../patch/flips.ts';
import { forbidden } from '../patch/paths.ts';
import { runnerWorks, trialsOf } from '../patch/sentinels.ts';
import { runTrials } from '../patch/trials.ts';
import { defineVerifier, type Instruments } from '../verifier.ts';

const testId = z
  .string()
  .regex(/^[A-Za-z0-9._/-]+\.py::\S+$/, 'a file and a test in it, for example tests/test_outputs.py::test_it');

export const terminalStateCheck = z
  .strictObject({
    runner: z.enum(['pytest', 'unittest']),
    /** The task's tests and what they read, by path beside the collected files; written over whatever the session left there. */
    tests: z.record(relativePath, z.string()),
    ids: z.array(testId).min(1),
    flips: z.array(flip),
    secondsPerTest: z.number().positive().max(600).default(30),
  })
  .superRefine(({ tests, ids, flips }, context) => {
    for (const path of new Set(ids.map((id) => id.slice(0, id.indexOf('::')))))
      if (tests[path] === undefined) context.addIssue({ code: 'custom', path: ['tests'], message: `lacks ${path}` });
    for (const id of ids)
      if (!flips.some(({ test }) => test === id))
        context.addIssue({ code: 'custom', path: ['flips'], message: `${id} has no twin that must fail` });
  });
export type TerminalStateCheck = z.infer<typeof terminalStateCheck>;

export const terminalState = defineVerifier<TerminalStateCheck>({
  ref: { name: 'terminal-state', version: 1 },
  format: 'terminal-state',
  runsCandidate: true,
  check: terminalStateCheck,
  async judge({ check, artifact, instruments }) {
    const guarded = Object.keys(check.tests);
    for (const path of artifact.keys()) {
      const why = forbidden(path, guarded, []);
      if (why !== undefined) return refused([broken('files', `${path} ${why}`)]);
    }
    // The tests are written over what was left: files that leave no place for them would have the sample masked.
    const [clash] = alsoFolders([...artifact.keys(), ...guarded]);
    if (clash !== undefined) return refused([broken('files', `${clash} is a file and a folder beside the tests`)]);
    const gates: GateResult[] = [held('files', `${artifact.size} files were left`)];
    const { failed, lied, runs } = await trials(check, artifact, instruments);
    if (failed !== undefined) await runnerWorks({ runner: check.runner }, instruments);
    if (lied !== undefined)
      return refused(
        [...gates, broken(FORGED_GATES['terminal-state'], `${lied} passed although it was made impossible`)],
        runs,
      );
    gates.push(held(FORGED_GATES['terminal-state'], 'no test passed that was made impossible'));
    const score = failed === undefined ? 1 : 0;
    const why = failed === undefined ? `all ${check.ids.length} tests pass` : `${failed} does not pass`;
    return {
      gates,
      components: [{ name: 'tests', kind: 'outcome', score, weight: 1, why }],
      runs,
      seen: { failed: failed ?? null },
    };
  },
  // The first test becomes its own twin.
  impossible: (check) => {
    const tests = { ...check.tests };
    const [first] = check.flips;
    if (first !== undefined) tests[first.path] = flipped(tests[first.path]!, first);
    return { ...check, tests };
  },
});

async function trials(check: TerminalStateCheck, files: Artifact, instruments: Instruments) {
  const { tried, runs } = await runTrials({
    // unittest imports tests by name, from the working directory; pytest finds them by path.
    check: { ...check, sources: check.runner === 'unittest' ? [''] : [] },
    repository: files,
    trials: trialsOf(check.flips, check.ids, 'each', instruments.secret, 'terminal-state'),
    instruments,
    purpose: 'terminal-state',
    untilOneFails: true,
  });
  const failed = tried.find(({ twin, outcome }) => twin === undefined && outcome !== 'passed')?.id;
  const lied = tried.find(({ twin, outcome }) => twin !== undefined && outcome === 'passed')?.id;
  return { failed, lied, runs };
}
