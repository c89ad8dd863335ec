// Judging written tests by what they tell apart: they pass on every right version, fail on the given one, and the share of wrong
// versions that they notice is their score. Tests that look at the text of the code instead of running it notice few.
import type { EvidenceRun, GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, artifactHash } from '../artifact.ts';
import { broken, held, refused } from '../gates.ts';
import type { Found, JudgeInput } from '../verifier.ts';
import { applyChanges } from './apply.ts';
import type { RunnerName, TestWritingCheck } from './check.ts';
import { parseDiff } from './diff.ts';
import { runnerWorks } from './sentinels.ts';
import { runTrials } from './trials.ts';

/** Every right version is tried so often: a test that passes by luck is no test. */
const RIGHT_RUNS = 3;

const TEST_FILE: Readonly<Record<RunnerName, RegExp>> = {
  unittest: /(^|\/)(test_[^/]*|[^/]*_test)\.py$/,
  pytest: /(^|\/)(test_[^/]*|[^/]*_test)\.py$/,
  'node-test': /\.test\.[cm]?js$/,
  vitest: /\.(test|spec)\.[cm]?[jt]sx?$/,
  go: /_test\.go$/,
  cargo: /^(.*\/)?tests\/[^/]+\.rs$/,
  junit: /(^|\/)(Test[^/]*|[^/]*Tests?)\.java$/,
};

export async function judgeTests(
  { check, artifact, given, instruments }: JudgeInput<TestWritingCheck>,
  repository: Artifact,
  changed: readonly string[],
  before: readonly GateResult[],
): Promise<Found> {
  const isWritable = (path: string) =>
    check.writable.some((one) => (one.endsWith('/') ? path.startsWith(one) : path === one));
  const outside = changed.filter((path) => !isWritable(path));
  if (outside.length > 0)
    return refused([...before, broken('writes only tests', `${outside.join(', ')} is no place for tests`)]);
  const written = new Map([...repository].filter(([path]) => changed.includes(path)));
  const ids = [...written.keys()].filter((path) => TEST_FILE[check.runner].test(path)).map((path) => `${path}::*`);
  if (ids.length === 0) return refused([...before, broken('writes only tests', 'no test file is written')]);
  const gates = [...before, held('writes only tests', ids.join(', '))];
  const runs: EvidenceRun[] = [];
  const purpose = artifactHash(artifact);

  /** Whether all tests pass on a version of the code. */
  const passes = async (name: string, diff: string, times = 1): Promise<boolean> => {
    const version = new Map([...applyChanges(given, parseDiff(diff)), ...written]);
    const trials = Array.from({ length: times }, () => ids.map((id) => ({ id }))).flat();
    const done = await runTrials({ check, repository: version, trials, instruments, purpose: `${name} ${purpose}` });
    runs.push(...done.runs);
    return done.tried.every(({ outcome }) => outcome === 'passed');
  };

  for (const [index, diff] of check.right.entries()) {
    if (await passes(`right ${index}`, diff, RIGHT_RUNS)) continue;
    await runnerWorks(check, instruments);
    gates.push(
      broken('pass when right', `they do not pass on right version ${index + 1}, each of ${RIGHT_RUNS} times`),
    );
    return refused(gates, runs);
  }
  gates.push(held('pass when right', `they pass on ${check.right.length} right versions`));
  if (await passes('given', '')) return refused([...gates, broken('fail before', 'they pass on the given code')], runs);
  gates.push(held('fail before', 'they fail on the given code'));

  const noticed: boolean[] = [];
  for (const [index, diff] of check.wrong.entries()) noticed.push(!(await passes(`wrong ${index}`, diff)));
  const count = noticed.filter((one) => one).length;
  const why = `${count} of ${noticed.length} wrong versions are noticed`;
  if (count === 0) return refused([...gates, broken('not vacuous', why)], runs);
  const component = {
    name: 'wrong versions noticed',
    kind: 'outcome',
    score: count / noticed.length,
    weight: 1,
    why,
  } as const;
  return { gates: [...gates, held('not vacuous', why)], components: [component], runs, seen: { noticed } };
}
