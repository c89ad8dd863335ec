// Judging written tests by what they tell apart: they pass on every right version, fail on the given one, and the share of wrong
// versions that they notice is their score. Tests that look at the text of the code instead of running it notice few, and in Python fail
// where a right version's text is hidden from them.
import { deflateSync } from 'node:zlib';
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

type Retold = (version: Artifact, changed: readonly string[]) => Artifact;
const asItIs: Retold = (version) => version;

/** The same modules, whose text neither `inspect` nor whoever reads their files finds: a test by the code's words fails on it. */
const hiddenInPython: Retold = (version, changed) =>
  new Map(
    [...version].map(([path, bytes]) => {
      if (!changed.includes(path) || !path.endsWith('.py')) return [path, bytes];
      const text = deflateSync(bytes).toString('base64');
      const hidden = `exec(compile(__import__("zlib").decompress(__import__("base64").b64decode("${text}")), "", "exec"))\n`;
      return [path, Buffer.from(hidden)];
    }),
  );
const HIDDEN_BY: Partial<Record<RunnerName, Retold>> = { unittest: hiddenInPython, pytest: hiddenInPython };

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
  const passes = async (name: string, diff: string, times = 1, retold: Retold = asItIs): Promise<boolean> => {
    const changes = parseDiff(diff);
    const paths = changes.flatMap(({ to }) => to ?? []);
    const version = new Map([...retold(applyChanges(given, changes), paths), ...written]);
    const trials = Array.from({ length: times }, () => ids.map((id) => ({ id }))).flat();
    const done = await runTrials({
      ...{ check, repository: version, trials, instruments, purpose: `${name} ${purpose}` },
      untilOneFails: true,
    });
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
  const hidden = HIDDEN_BY[check.runner];
  if (hidden !== undefined) {
    if (!(await passes('right, its text hidden', check.right[0] ?? '', 1, hidden)))
      return refused([...gates, broken('run the code', 'they pass on a right version only where they read it')], runs);
    gates.push(held('run the code', 'they pass on a right version whose text they cannot read'));
  }
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
