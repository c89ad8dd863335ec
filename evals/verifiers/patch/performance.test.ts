import { expect, test, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { PERFORMANCE_CORPUS } from '../../hacks/patch/performance.ts';
import { artifactOf } from '../artifact.ts';
import { type PerformanceCheck, patchCheck } from './check.ts';
import { unitReasons, unshown } from './units.ts';

vi.setConfig({ testTimeout: 240_000 });

const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret of the tests' };
const checkOf = (sample: (typeof PERFORMANCE_CORPUS)[number]): PerformanceCheck => {
  const check = patchCheck.parse(sample.task.check);
  if (check.kind !== 'performance') throw new Error(check.kind);
  return check;
};

test.concurrent.each(PERFORMANCE_CORPUS)('all that the workload asks for shows: $task.family', async (sample) => {
  const [check, given] = [checkOf(sample), artifactOf(sample.given)];
  expect(await unitReasons({ check, given, instruments, seed: 1 })).toEqual([]);
});

const HEAD = 'import random\nfrom work.unique import unique\nrandom.seed(int(input()))\n';
const LIST = '[random.randrange(90) for _ in range(99)]';
test.concurrent.each([
  ['one line of all', `print(sum(len(unique(${LIST})) for _ in range(9)))`, 'prints 1 lines'],
  ['the same again', `given = ${LIST}\nfor _ in range(9):\n    print(unique(given))`, 'prints a line twice'],
  ['the same for every seed', 'for n in range(9):\n    print(unique([1] * n), n)', 'prints a line twice'],
  [
    'the same again, among others',
    `for n in range(9):\n    given = ${LIST}\n    for _ in range(9):\n        found = unique(given)\n    print(found)`,
    'asks for the same work twice',
  ],
  [
    'lines without work',
    `found = unique(${LIST})\nfor n in range(9):\n    print(n, found[n], random.random())`,
    'prints a line for which it asked for nothing',
  ],
  [
    'of a list its end',
    `for n in range(9):\n    print(n, unique(${LIST})[-3:])`,
    'prints the same where something is changed in what its call',
  ],
  [
    'of a list its length and its first',
    `for n in range(9):\n    found = unique(${LIST})\n    print(n, len(found), found[0], random.random())`,
    'prints the same where something is changed in what its call',
  ],
  [
    'work without lines',
    `for n in range(9):\n    unique(${LIST})\n    print(unique(${LIST}))`,
    'prints the same where its call 1 gives nothing',
  ],
])('a workload is refused that gives %s', async (_, body, why) => {
  const [sample] = PERFORMANCE_CORPUS as [(typeof PERFORMANCE_CORPUS)[number]];
  const check = { ...checkOf(sample), workload: `${HEAD}${body}\n` };
  const reasons = await unitReasons({ check, given: artifactOf(sample.given), instruments, seed: 1 });
  expect(reasons).toEqual([expect.stringContaining(why)]);
});

test('a workload may print a sum of all, or of a part of it and all beside', async () => {
  const [sample] = PERFORMANCE_CORPUS as [(typeof PERFORMANCE_CORPUS)[number]];
  for (const line of ['print(n, hash(tuple(found)))', 'print(n, found[:2], sum(found), len(found))']) {
    const check = {
      ...checkOf(sample),
      workload: `${HEAD}for n in range(9):\n    found = unique(${LIST})\n    ${line}\n`,
    };
    expect(await unitReasons({ check, given: artifactOf(sample.given), instruments, seed: 1 })).toEqual([]);
  }
});

test('what belongs to a class, or keeps what it gave, is watched as a function is', async () => {
  const [sample] = PERFORMANCE_CORPUS as [(typeof PERFORMANCE_CORPUS)[number]];
  const code = `from functools import lru_cache\n\n\n@lru_cache(maxsize=2)\ndef kept(n):\n    return n * 7\n\n\nclass Sums:\n    @staticmethod\n    def of(items):\n        return sum(items)\n\n    @classmethod\n    def all(cls, items):\n        return [cls.of(items), len(items)]\n`;
  const given = artifactOf({ 'work/sums.py': code });
  const head = `import random\nfrom work.sums import Sums, kept\nrandom.seed(int(input()))\n`;
  for (const call of [`Sums.of(${LIST})`, `Sums.all(${LIST})`, 'kept(n + 9 * random.randrange(10**6))']) {
    const check = { ...checkOf(sample), workload: `${head}for n in range(9):\n    print(n, ${call})\n` };
    expect(await unitReasons({ check, given, instruments, seed: 1 }), call).toEqual([]);
  }
});

test('lines of two seeds are compared as those of one', () => {
  expect(unshown(['1\n2\n3\n4\n5\n', '6\n7\n8\n9\n0\n'])).toBeUndefined();
  expect(unshown(['1\n2\n3\n4\n5\n', '6\n7\n8\n9\n1\n'])).toContain('prints a line twice');
  expect(unshown(['1\n2\n3\n4\n', '6\n7\n8\n9\n0\n'])).toContain('prints 4 lines');
});
