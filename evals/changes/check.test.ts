// Changes to small repositories in Python and JavaScript, judged by running their tests in the real sandbox.
import { describe, expect, it, test } from 'vitest';
import type { ChangeOutcome, CheckedChange } from '../../contracts/change.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { artifactOf } from '../verifiers/artifact.ts';
import { losing } from '../workspace/losing.fixture.ts';
import { checkChange } from './check.ts';

type Files = Readonly<Record<string, string>>;
const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret of this test' };
const check = (
  before: Files,
  changes: Readonly<Record<string, string | null>>,
  over: object = {},
): Promise<ChangeOutcome> => {
  const after = Object.fromEntries(
    Object.entries({ ...before, ...changes }).filter(([, text]) => text !== null),
  ) as Files;
  return checkChange({ before: artifactOf(before), after: artifactOf(after), instruments, ...over });
};
const checked = async (before: Files, changes: Readonly<Record<string, string | null>>): Promise<CheckedChange> => {
  const outcome = await check(before, changes);
  if (outcome.how !== 'checked') throw new Error(JSON.stringify(outcome));
  return outcome.check;
};
const QUIET = { failToPass: [], broken: [], failing: [], unsteady: [] };

const SUM = 'def add(a, b):\n    return a - b\n\n\ndef double(a):\n    return 2 * a\n';
const FIXED = SUM.replace('a - b', 'a + b');
const python = (...tests: string[]): string =>
  `import unittest\nfrom sums import *\n\n\nclass Sums(unittest.TestCase):\n    def test_double(self):\n        self.assertEqual(double(2), 4)\n${tests.map((one) => `\n    ${one.replaceAll('\n', '\n    ')}\n`).join('')}`;
const ADDS = 'def test_add(self):\n    self.assertEqual(add(2, 1), 3)';
const PYTHON: Files = { 'src/sums.py': SUM, 'tests/test_sums.py': python() };
const id = (name: string, file = 'tests/test_sums.py'): string => `${file}::Sums::${name}`;

describe('in Python', () => {
  it('a fix with its test turns it, and breaks nothing', async () => {
    const fix = { 'src/sums.py': FIXED, 'tests/test_sums.py': python(ADDS) };
    const found = await checked(PYTHON, fix);
    expect(found).toMatchObject({ ...QUIET, runner: 'unittest', failToPass: [id('test_add')], passToPass: 1 });
    expect(found.seconds).toBeGreaterThan(0);
  }, 200_000);

  it('a fix without a test turns what failed before, and other failures are not its own', async () => {
    const other = 'def test_other(self):\n    self.fail()';
    const before = { ...PYTHON, 'tests/test_sums.py': python(ADDS, other) };
    expect(await checked(before, { 'src/sums.py': FIXED })).toMatchObject({ ...QUIET, failToPass: [id('test_add')] });
    // Its own changes to that file do not make the other failure its own either.
    const both = { 'src/sums.py': FIXED, 'tests/test_sums.py': python(ADDS, other, 'def test_three(self):\n    pass') };
    expect(await checked(before, both)).toMatchObject({ ...QUIET, failToPass: [id('test_add')] });
  }, 400_000);

  it.each<[string, Record<string, string | null>, object]>([
    [
      'a source breaks what passed',
      { 'src/sums.py': 'def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a\n' },
      { broken: [id('test_double')] },
    ],
    [
      'a test is removed that would fail now',
      {
        'src/sums.py': 'def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a\n',
        'tests/test_sums.py': null,
        'tests/test_new.py':
          'import unittest\n\n\nclass New(unittest.TestCase):\n    def test_x(self):\n        pass\n',
      },
      { broken: [id('test_double')] },
    ],
    [
      'a test is weakened that would fail now',
      {
        'src/sums.py': SUM.replace('2 * a', 'a'),
        'tests/test_sums.py': python().replace('double(2), 4', 'double(2), 2'),
      },
      { broken: [id('test_double')] },
    ],
    [
      'a file of settings lets it pass',
      { 'src/sums.py': SUM.replace('2 * a', 'a'), 'tests/__init__.py': 'import sums\nsums.double = lambda a: 2 * a\n' },
      { broken: [id('test_double')] },
    ],
    ['a test of its own fails', { 'tests/test_sums.py': python(ADDS) }, { failing: [id('test_add')] }],
    [
      'a test of its own cannot be loaded',
      { 'tests/test_more.py': 'import nowhere\n\n\ndef test_x(self):\n    pass\n' },
      { failing: ['tests/test_more.py'] },
    ],
    [
      'a test that shows nothing',
      { 'tests/test_sums.py': python('def test_true(self):\n    self.assertTrue(True)') },
      {},
    ],
    ['nothing that tests see', { 'README.md': 'more' }, {}],
  ])(
    '%s',
    async (_, changes, said) => {
      const found = await checked(PYTHON, changes);
      expect(found).toMatchObject({ ...QUIET, ...said });
    },
    200_000,
  );

  it('what says something else each time counts neither way', async () => {
    // Sixteen coins, each thrown in four trees, twice.
    const coin = (at: number): string =>
      `def test_coin_${at}(self):\n    import os\n    self.assertTrue(os.urandom(1)[0] % 2)`;
    const coins = Array.from({ length: 16 }, (_, at) => coin(at));
    const fix = { 'src/sums.py': FIXED, 'tests/test_sums.py': python(ADDS, ...coins) };
    const found = await checked({ ...PYTHON, 'tests/test_sums.py': python(...coins) }, fix);
    expect(found.failToPass).toContain(id('test_add'));
    expect(found.unsteady.length).toBeGreaterThan(4);
    const told = [...found.failToPass, ...found.broken, ...found.failing];
    expect(told.filter((one) => found.unsteady.includes(one))).toEqual([]);
  }, 200_000);

  it('a hang is mended: its test does not end before, and passes after; the other way round it is broken', async () => {
    const hangs = SUM.replace('return a - b', 'import time\n    time.sleep(1_000)');
    const file = 'tests/test_add.py';
    const fileMs = 6_000;
    const mended = await check(
      { ...PYTHON, 'src/sums.py': hangs },
      { 'src/sums.py': FIXED, [file]: python(ADDS) },
      { fileMs },
    );
    const both = [id('test_add', file), id('test_double', file)];
    expect(mended).toMatchObject({ check: { ...QUIET, failToPass: both, passToPass: 1 } });
    const worse = await check(
      { ...PYTHON, 'src/sums.py': FIXED, [file]: python(ADDS) },
      { 'src/sums.py': hangs },
      { fileMs },
    );
    expect(worse).toMatchObject({ check: { ...QUIET, broken: both, passToPass: 1 } });
  }, 600_000);
});

describe('in JavaScript', () => {
  const SUMS = 'export const add = (a, b) => a - b;\nexport const double = (a) => 2 * a;\n';
  const tests = (...more: string[]): string =>
    `import assert from 'node:assert';\nimport { describe, test } from 'node:test';\nimport { add, double } from '../src/sums.mjs';\ntest('doubles', () => assert.equal(double(2), 4));\n${more.join('\n')}\n`;
  const ADDED = "describe('sums', () => { test('adds', () => assert.equal(add(2, 1), 3)); });";
  const JAVASCRIPT: Files = { 'src/sums.mjs': SUMS, 'test/sums.test.mjs': tests() };

  test('a fix, a break, a test that fails', async () => {
    const file = 'test/sums.test.mjs';
    const fix = { 'src/sums.mjs': SUMS.replace('a - b', 'a + b'), [file]: tests(ADDED) };
    expect(await checked(JAVASCRIPT, fix)).toMatchObject({
      ...{ ...QUIET, runner: 'node-test', failToPass: [`${file}::sums > adds`], passToPass: 1 },
    });
    const worse = {
      'src/sums.mjs': SUMS.replace('2 * a', 'a'),
      [file]: tests(ADDED).replace('double(2), 4', 'double(2), 2'),
    };
    expect(await checked(JAVASCRIPT, worse)).toMatchObject({
      ...{ failToPass: [], broken: [`${file}::doubles`], failing: [`${file}::sums > adds`], passToPass: 0 },
    });
  }, 400_000);
});

describe('what cannot be judged by tests', () => {
  it('a repository without any, or with those that need what is not here', async () => {
    expect(await check({ 'a.py': 'x = 1\n' }, { 'a.py': 'x = 2\n' })).toEqual({
      ...{ how: 'untested', why: ['it has no tests that can be run'] },
    });
    const needs = {
      'test_a.py':
        'import unittest\nimport nowhere\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n',
    };
    const outcome = await check(needs, { 'README.md': 'x' });
    expect(outcome).toMatchObject({ how: 'untested', why: expect.arrayContaining(['it needs the package nowhere']) });
  }, 200_000);

  it('one whose first tests come with the change', async () => {
    const found = await checked({ 'src/sums.py': SUM }, { 'src/sums.py': FIXED, 'tests/test_sums.py': python(ADDS) });
    expect(found).toMatchObject({ ...QUIET, failToPass: [id('test_add')], passToPass: 0 });
  }, 200_000);

  it('one in which nothing ends', async () => {
    const sleeps =
      'import time\nimport unittest\n\ntime.sleep(1000)\n\n\nclass A(unittest.TestCase):\n    def test_a(self):\n        pass\n';
    const before = Object.fromEntries([1, 2, 3, 4, 5].map((at) => [`tests/test_${at}.py`, sleeps]));
    const outcome = await check(before, { 'README.md': 'x' }, { fileMs: 1_500 });
    expect(outcome).toMatchObject({ how: 'hangs', when: 'before' });
  }, 200_000);

  it('one whose tests end their driver; and a machine that loses one, once or always, is at fault itself', async () => {
    const fix = { 'src/sums.py': FIXED, 'tests/test_sums.py': python(ADDS) };
    const on = (word: string, times: number) =>
      check(PYTHON, fix, {
        instruments: { ...instruments, sandbox: losing(instruments.sandbox, word, times).sandbox },
      });
    expect(await on('test_sums', 1)).toMatchObject({ how: 'checked', check: { failToPass: [id('test_add')] } });
    expect(await on('test_sums', 1_000)).toMatchObject({ how: 'ends-driver' });
    await expect(on('', 1_000)).rejects.toMatchObject({ code: 'verifier.failed' });
  }, 200_000);
});
