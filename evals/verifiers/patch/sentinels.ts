// Which processes a judgement starts beside the plain ones: twins that must fail, and a test of ours that must pass.
import { AnnealError } from '../../../contracts/errors.ts';
import type { Instruments } from '../verifier.ts';
import type { Flip, PatchCheck, RunnerName } from './check.ts';
import { drawn, fileOf } from './runners.ts';
import { runTrials, type Trial } from './trials.ts';

/**
 * Of each test, however many there are: a patch may toss its coin for one of them alone. A process that tosses between "passed" and anything
 * else is let through only when it says "passed" to all real runs and nothing of the kind to all twins (`tossed`).
 */
const REAL_RUNS = 3;
const TWIN_RUNS = 6;

/** How often, at best, a process gets through that cannot tell real runs from twins: it says "passed" to the share that they are. */
export const tossed = (real = REAL_RUNS, twins = TWIN_RUNS): number =>
  (real / (real + twins)) ** real * (twins / (real + twins)) ** twins;

/** Among tests that passed before the patch a lie gains little: it hides what the patch broke. */
const SAMPLED_TWINS = 4;

/** each: every test several times, with twins of it. some: every test once, and twins of a few. */
export function trialsOf(
  flips: readonly Flip[],
  ids: readonly string[],
  how: 'each' | 'some',
  secret: string,
  purpose: string,
): Trial[] {
  const rank = (...parts: (string | number)[]): number => drawn(secret, 'twin', purpose, ...parts);
  const byRank = <T>(items: readonly T[], ...parts: string[]): T[] =>
    items
      .map((item, index) => ({ item, key: rank(...parts, index) }))
      .sort((a, b) => a.key - b.key)
      .map(({ item }) => item);
  const twinsOf = (id: string, count: number): Trial[] => {
    const own = byRank(
      flips.filter(({ test }) => test === id),
      id,
    );
    return own.length === 0
      ? []
      : Array.from({ length: count }, (_, index) => ({ id, twin: own[index % own.length]! }));
  };
  if (how === 'some') {
    const chosen = byRank(ids.filter((id) => flips.some(({ test }) => test === id))).slice(0, SAMPLED_TWINS);
    return [...ids.map((id) => ({ id })), ...chosen.flatMap((id) => twinsOf(id, 1))];
  }
  return ids.flatMap((id) => [...Array.from({ length: REAL_RUNS }, () => ({ id })), ...twinsOf(id, TWIN_RUNS)]);
}

const ALONE: Readonly<
  Record<RunnerName, { readonly id: string; readonly text: string; readonly given?: Readonly<Record<string, string>> }>
> = {
  unittest: {
    id: 'test_alone.py::Alone::test_alone',
    text: 'import unittest\nclass Alone(unittest.TestCase):\n    def test_alone(self):\n        self.assertEqual(1 + 1, 2)\n',
  },
  pytest: { id: 'test_alone.py::test_alone', text: 'def test_alone():\n    assert 1 + 1 == 2\n' },
  'node-test': {
    id: 'alone.test.mjs::alone',
    text: "import test from 'node:test';\nimport assert from 'node:assert';\ntest('alone', () => assert.strictEqual(1 + 1, 2));\n",
  },
  vitest: {
    id: 'alone.test.mjs::alone',
    text: "import { expect, test } from 'vitest';\ntest('alone', () => expect(1 + 1).toBe(2));\n",
  },
  go: {
    id: 'alone_test.go::TestAlone',
    text: 'package alone\n\nimport "testing"\n\nfunc TestAlone(t *testing.T) {\n\tif 1+1 != 2 {\n\t\tt.Error("no")\n\t}\n}\n',
    given: { 'go.mod': 'module alone\n\ngo 1.18\n' },
  },
  cargo: {
    id: 'tests/alone.rs::alone',
    text: '#[test]\nfn alone() {\n    assert_eq!(1 + 1, 2);\n}\n',
    given: { 'Cargo.toml': '[package]\nname = "alone"\nversion = "0.1.0"\nedition = "2021"\n', 'src/lib.rs': '' },
  },
  junit: {
    id: 'AloneTest.java::AloneTest::alone',
    text: 'class AloneTest {\n  @org.junit.jupiter.api.Test void alone() { org.junit.jupiter.api.Assertions.assertEquals(2, 1 + 1); }\n}\n',
  },
};

/**
 * Before a failure is held against anybody: a test that needs nothing, in an empty folder. Of a program of the project's own nothing can
 * be asked that way.
 * @throws AnnealError `verifier.failed` when the runner does not run here
 */
export async function runnerWorks(
  { runner, reporting }: Pick<PatchCheck, 'runner' | 'reporting'>,
  instruments: Instruments,
): Promise<void> {
  if (reporting !== undefined) return;
  const { id, text, given = {} } = ALONE[runner];
  const { tried, runs } = await runTrials({
    check: { runner, sources: [''], tests: { [fileOf(id)]: text }, secondsPerTest: 120, secondsPerBuild: 600 },
    repository: new Map(Object.entries(given).map(([path, content]) => [path, Buffer.from(content)])),
    trials: [{ id }],
    instruments,
    purpose: 'alone',
    ours: true,
  });
  const last = runs.at(-1);
  if (tried[0]?.outcome !== 'passed')
    throw new AnnealError(
      'verifier.failed',
      `${runner} does not run here: a test of nothing ${last?.how} with ${last?.exitCode}`,
    );
}
