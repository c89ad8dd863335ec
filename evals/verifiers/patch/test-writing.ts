// Judging written tests by what they tell apart: they pass on every right version, fail on the given one, and the share of wrong
// versions that they notice is their score. A test holds what it tests, as text and as compiled code, and may go by how that is written
// without ever calling it; so in Python each version is judged in other words as well, which the judgement's secret draws (rewrites.ts).
import type { EvidenceRun, GateResult } from '../../../contracts/judgement.ts';
import { type Artifact, artifactHash, textOf } from '../artifact.ts';
import { broken, held, refused } from '../gates.ts';
import type { Found, Instruments, JudgeInput } from '../verifier.ts';
import { applyChanges } from './apply.ts';
import type { RunnerName, TestWritingCheck } from './check.ts';
import { parseDiff } from './diff.ts';
import { isRewritable, type Mistake, rewritten } from './rewrites.ts';
import { runnerWorks } from './sentinels.ts';
import { runTrials } from './trials.ts';

/** Every right version is tried so often: a test that passes by luck is no test. */
const RIGHT_RUNS = 2;

const TEST_FILE: Readonly<Record<RunnerName, RegExp>> = {
  unittest: /(^|\/)(test_[^/]*|[^/]*_test)\.py$/,
  pytest: /(^|\/)(test_[^/]*|[^/]*_test)\.py$/,
  'node-test': /\.test\.[cm]?js$/,
  vitest: /\.(test|spec)\.[cm]?[jt]sx?$/,
  go: /_test\.go$/,
  cargo: /^(.*\/)?tests\/[^/]+\.rs$/,
  junit: /(^|\/)(Test[^/]*|[^/]*Tests?)\.java$/,
};

/** Of each version in other words, where its language has them: with those of right versions and the given one a guess has to agree at once. */
const RIGHT_REWRITES = 3;
const GIVEN_REWRITES = 3;
const WRONG_REWRITES = 2;
/** The given code with one mistake more: who passes on as many of these only looks for something else than the given code. */
const FURTHER_MISTAKES = 6;
const FURTHER_PASSED = 3;

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
  const passes = async (name: string, code: Artifact, times = 1): Promise<boolean> => {
    const version = new Map([...code, ...written]);
    const trials = Array.from({ length: times }, () => ids.map((id) => ({ id }))).flat();
    const done = await runTrials({
      ...{ check, repository: version, trials, instruments, purpose: `${name} ${purpose}` },
      untilOneFails: true,
    });
    runs.push(...done.runs);
    return done.tried.every(({ outcome }) => outcome === 'passed');
  };
  const all = (codes: readonly Artifact[], name: string, wanted: boolean): Promise<boolean> =>
    codes.reduce(
      async (before, code, index) => (await before) && (await passes(`${name} ${index}`, code)) === wanted,
      Promise.resolve(true),
    );
  const { right, wrong, others } = await versionsOf(check, given, instruments, purpose);

  for (const [index, code] of right.entries()) {
    if (await passes(`right ${index}`, code, RIGHT_RUNS)) continue;
    await runnerWorks(check, instruments);
    gates.push(
      broken('pass when right', `they do not pass on right version ${index + 1}, each of ${RIGHT_RUNS} times`),
    );
    return refused(gates, runs);
  }
  gates.push(held('pass when right', `they pass on ${right.length} right versions`));
  if (await passes('given', given))
    return refused([...gates, broken('fail before', 'they pass on the given code')], runs);
  gates.push(held('fail before', 'they fail on the given code'));
  if (others !== undefined) {
    const told = (why: string): Found => refused([...gates, broken('run the code', why)], runs);
    for (const [index, codes] of others.right.entries())
      if (!(await all(codes, `right ${index} otherwise`, true)))
        return told(`they do not pass on right version ${index + 1} in other words`);
    if (!(await all(others.given, 'given otherwise', false))) return told('they pass on the given code in other words');
    gates.push(held('run the code', 'they pass and fail alike on versions in other words'));
    const mended: number[] = [];
    for (const [index, code] of others.further.entries()) {
      if (mended.length >= FURTHER_PASSED) break;
      if (await passes(`given with another mistake ${index}`, code)) mended.push(index);
    }
    const why = `they pass on ${mended.length} of ${others.further.length} versions with what is wrong and one mistake more`;
    if (mended.length >= FURTHER_PASSED) return refused([...gates, broken('ask for what is right', why)], runs);
    gates.push(held('ask for what is right', why));
  }

  const noticed: boolean[] = [];
  const unlike: number[] = [];
  for (const [index, code] of wrong.entries()) {
    const asItIs = !(await passes(`wrong ${index}`, code));
    const otherwise = await all(others?.wrong[index] ?? [], `wrong ${index} otherwise`, !asItIs);
    if (!otherwise) unlike.push(index);
    noticed.push(asItIs && otherwise);
  }
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
  return { gates: [...gates, held('not vacuous', why)], components: [component], runs, seen: { noticed, unlike } };
}

interface Versions<Code> {
  readonly right: readonly Code[];
  readonly wrong: readonly Code[];
}

/** Every version of the code as it is, and each in other words, several times. */
async function versionsOf(
  check: TestWritingCheck,
  given: Artifact,
  instruments: Instruments,
  purpose: string,
): Promise<
  Versions<Artifact> & {
    others?: Versions<readonly Artifact[]> & {
      readonly given: readonly Artifact[];
      readonly further: readonly Artifact[];
    };
  }
> {
  const diffs = [...check.right, ...check.wrong].map(parseDiff);
  const codes = diffs.map((changes) => applyChanges(given, changes));
  const right = codes.slice(0, check.right.length);
  const wrong = codes.slice(check.right.length);
  if (!isRewritable(check.runner)) return { right, wrong };
  const paths = [...new Set(diffs.flat().flatMap(({ to }) => to ?? []))];
  const times = (code: Artifact, count: number): Artifact[] => Array.from({ length: count }, () => code);
  const groups = [
    ...right.map((code) => times(code, RIGHT_REWRITES)),
    times(given, GIVEN_REWRITES),
    ...wrong.map((code) => times(code, WRONG_REWRITES)),
  ];
  const before = groups.flat().length;
  const mistakes = new Map(furtherMistakes(given, right, paths).map((one, turn) => [before + turn, one]));
  const versions = [...groups.flat(), ...times(given, mistakes.size)];
  const retold = await rewritten(versions, paths, instruments, purpose, mistakes);
  let taken = 0;
  const back = groups.map(({ length }) => {
    taken += length;
    return retold.slice(taken - length, taken);
  });
  const own = back[right.length]!;
  return {
    right,
    wrong,
    others: {
      right: back.slice(0, right.length),
      given: own,
      wrong: back.slice(right.length + 1),
      further: retold.slice(taken),
    },
  };
}

/** On lines that every right version has as well: what is to be mended stays as it is. */
function furtherMistakes(given: Artifact, right: readonly Artifact[], paths: readonly string[]): Mistake[] {
  const linesOf = (code: Artifact, path: string): string[] =>
    (textOf(code.get(path) ?? new Uint8Array()) ?? '').split('\n');
  const places = paths
    .filter((path) => path.endsWith('.py') && given.has(path) && right.some((code) => !isSame(code, given, path)))
    .map((path) => {
      const kept = right.map((code) => new Set(linesOf(code, path)));
      const lines = linesOf(given, path).flatMap((line, at) => (kept.every((own) => own.has(line)) ? [at + 1] : []));
      return { path, lines };
    });
  return Array.from({ length: places.length === 0 ? 0 : FURTHER_MISTAKES }, (_, number) => ({
    ...places[number % places.length]!,
    turn: Math.floor(number / places.length),
  }));
}

const isSame = (one: Artifact, other: Artifact, path: string): boolean =>
  Buffer.compare(one.get(path) ?? new Uint8Array(), other.get(path) ?? new Uint8Array()) === 0;
