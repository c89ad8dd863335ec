// Which processes a judgement starts beside the plain ones: twins that must fail, and a test of ours that must pass.
import { AnnealError } from '../../../contracts/errors.ts';
import type { Instruments } from '../verifier.ts';
import type { Flip, RunnerName } from './check.ts';
import { drawn } from './runners.ts';
import { runTrials, type Trial } from './trials.ts';

/**
 * A process that tosses a coin between "passed" and anything else is let through only when it says "passed" to all real runs and
 * nothing of the kind to all twins: with 3 of the first and 6 of the second, at best (1/3)³·(2/3)⁶ = 0.3% of the time.
 */
const REAL_RUNS = 3;
const FEWEST_TWINS = 6;
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
  const real = Math.max(1, Math.ceil(REAL_RUNS / ids.length));
  const twins = Math.max(1, Math.ceil(FEWEST_TWINS / ids.length));
  return ids.flatMap((id) => [...Array.from({ length: real }, () => ({ id })), ...twinsOf(id, twins)]);
}

const ALONE: Readonly<Record<RunnerName, { readonly id: string; readonly text: string }>> = {
  unittest: {
    id: 'test_alone.py::Alone::test_alone',
    text: 'import unittest\nclass Alone(unittest.TestCase):\n    def test_alone(self):\n        self.assertEqual(1 + 1, 2)\n',
  },
  pytest: { id: 'test_alone.py::test_alone', text: 'def test_alone():\n    assert 1 + 1 == 2\n' },
  'node-test': {
    id: 'alone.test.mjs::alone',
    text: "import test from 'node:test';\nimport assert from 'node:assert';\ntest('alone', () => assert.strictEqual(1 + 1, 2));\n",
  },
};

/**
 * Before a failure is held against anybody: a test that needs nothing, in an empty folder.
 * @throws AnnealError `verifier.failed` when the runner does not run here
 */
export async function runnerWorks(name: RunnerName, instruments: Instruments): Promise<void> {
  const { id, text } = ALONE[name];
  const check = { runner: name, sources: [''], tests: { [id.slice(0, id.indexOf('::'))]: text }, secondsPerTest: 60 };
  const { tried, runs } = await runTrials({
    check,
    repository: new Map(),
    trials: [{ id }],
    instruments,
    purpose: 'alone',
  });
  if (tried[0]?.outcome !== 'passed')
    throw new AnnealError(
      'verifier.failed',
      `${name} does not run here: a test of nothing ${runs[0]?.how} with ${runs[0]?.exitCode}`,
    );
}
