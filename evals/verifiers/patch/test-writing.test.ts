import { expect, test, vi } from 'vitest';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { TEST_WRITING_CORPUS } from '../../hacks/patch/test-writing.ts';
import { runWorkspace } from '../../workspace/run.ts';
import { artifactOf } from '../artifact.ts';
import { certifyPatchTask } from './certify.ts';
import { PATCH_FILE, patchCheck } from './check.ts';
import { patch } from './patch.ts';
import { rewritten } from './rewrites.ts';
import { RUNNERS } from './runners.ts';

vi.setConfig({ testTimeout: 400_000 });

const instruments = { sandbox: createBubblewrapSandbox(), secret: 'a secret of the tests' };
const sample = TEST_WRITING_CORPUS[0]!;
const certify = (more: object = {}) =>
  certifyPatchTask({
    check: patchCheck.parse({ ...(sample.task.check as object), ...more }),
    given: artifactOf(sample.given),
    gold: String(sample.gold[PATCH_FILE]),
    instruments,
    seed: 1,
    reruns: 1,
  });

test('a task that asks for tests is certified in three draws of other words', async () => {
  expect(await certify()).toMatchObject({ kept: true, reasons: [] });
});

test('in a language without other words it is refused', () => {
  const check = patchCheck.parse({ ...(sample.task.check as object), runner: 'node-test' });
  expect(patch.unfit?.(check)).toEqual([expect.stringContaining('node-test')]);
  expect(patch.unfit?.(patchCheck.parse(sample.task.check))).toEqual([]);
});

const MODULE = `"""Doc."""
from functools import reduce


def total(items, first=0, *more, by=1, **named):
    """All of them."""
    result = first
    for item in items:
        if item > 2:
            result += item * by
        else:
            result -= item
    return result + sum(more) + len(named)


def upto(most):
    at = 0
    while at < most:
        yield f"{at}!"
        at += 1


class Count:
    def __init__(self, start):
        self.__at = start

    def next(self, by=2):
        self.__at += by
        return "even" if self.__at % 2 == 0 else "odd"


class Other(Count):
    def next(self, by=3):
        return super().next(by).upper()


def counter(step):
    at = 0

    def count():
        nonlocal at
        at += step
        return at

    count()
    return count


def sort(items):
    items.sort()


def shown(value, by=6):
    return f"{value!r:>{by}}|{value + 1:03d}" + "%s" % (value,)


def kind(value):
    match value:
        case 1 | 2:
            return "few"
        case [first, *_]:
            return first
    return "other"
`;
const MAIN = `from one import *
items = [3, 1, 5]
sort(items)
print(total([1, 2, 3], 4, 5, by=2, a=1), total([]), list(upto(3)), Count(1).next(), Other(1).next(), counter(4)(), items)
print(shown(4), kind(1), kind([7, 8]), kind("x"), total.__doc__, total.__name__, __import__("inspect").signature(total))
`;

test('a further mistake is made where it is asked for, another one at each turn, and none where there is no more', async () => {
  const text = 'def limit(x, low):\n    if x < low:\n        return low\n    return x\n';
  const version = artifactOf({ 'one.py': text });
  const mistakes = new Map(Array.from({ length: 12 }, (_, turn) => [turn + 1, { path: 'one.py', lines: [2], turn }]));
  const some = await rewritten(
    Array.from({ length: 13 }, () => version),
    ['one.py'],
    instruments,
    'test',
    mistakes,
  );
  // Three other comparisons, the condition turned round, each of two names for the other.
  expect(some).toHaveLength(1 + 6);
  const { steps } = await runWorkspace(instruments.sandbox, {
    files: artifactOf({}),
    steps: some.map((code, number) => ({
      what: `version ${number}`,
      argv: ['python3', '-c', 'from one import limit; print([limit(x, 5) for x in (4, 5, 6)])'] as const,
      wallMs: 30_000,
      fresh: code,
    })),
    collect: [],
    limits: RUNNERS.unittest.limits,
  });
  const [own, ...others] = steps.map(({ stdout }) => stdout.trim());
  expect(own).toBe('[5, 5, 6]');
  // At most means the same as less than here.
  expect(others.filter((one) => one !== own)).toHaveLength(5);
});

test('a further mistake is made in a function that the versions differ in, as long as there is one to make', async () => {
  const other = Array.from({ length: 9 }, (_, at) => `def other_${at}(x, y):\n    return x + y\n`).join('');
  const [given, right] = ['x', 'min(x, 9)'].map((result) =>
    artifactOf({ 'one.py': `${other}def limit(x, low):\n    if x < low:\n        return low\n    return ${result}\n` }),
  );
  const lines = Array.from({ length: 20 }, (_, at) => at + 1);
  const mistakes = new Map(Array.from({ length: 5 }, (_, turn) => [turn + 1, { path: 'one.py', lines, turn }]));
  const versions = [right!, ...Array.from({ length: 5 }, () => given!)];
  const some = await rewritten(versions, ['one.py'], instruments, 'test', mistakes);
  const { steps } = await runWorkspace(instruments.sandbox, {
    files: artifactOf({}),
    steps: some.map((code, number) => ({
      what: `version ${number}`,
      argv: ['python3', '-c', 'import one; print([getattr(one, f"other_{n}")(2, 3) for n in range(9)])'] as const,
      wallMs: 30_000,
      fresh: code,
    })),
    collect: [],
    limits: RUNNERS.unittest.limits,
  });
  expect(steps.map(({ stdout }) => stdout.trim())).toEqual(
    Array(6).fill(JSON.stringify(Array(9).fill(5)).replaceAll(',', ', ')),
  );
});

test('pieces of all versions stand in each, and none of them is run', async () => {
  const [one, other] = ['return value.strip()', 'return " ".join(value.split())'].map((body) =>
    artifactOf({ 'one.py': `def clean(value):\n    ${body}\n` }),
  );
  const some = await rewritten(
    Array.from({ length: 12 }, (_, number) => (number % 2 === 0 ? one! : other!)),
    ['one.py'],
    instruments,
    'pieces',
  );
  const read = `import re, zlib, base64
text = open("one.py").read()
packed = re.search(r'b64decode."([^"]*)"', text)
text = zlib.decompress(base64.b64decode(packed[1])).decode() if packed else text
from one import clean
print(clean(" a b "), "strip" in text, "split" in text)`;
  const { steps } = await runWorkspace(instruments.sandbox, {
    files: artifactOf({}),
    steps: some.map((code, number) => ({
      what: `version ${number}`,
      argv: ['python3', '-c', read] as const,
      wallMs: 30_000,
      fresh: code,
    })),
    collect: [],
    limits: RUNNERS.unittest.limits,
  });
  const seen = steps.map(({ stdout }) => stdout.trim());
  for (const line of seen) expect(line).toContain('a b');
  expect(seen.filter((line) => line === 'a b True True').length).toBeGreaterThanOrEqual(6);
});

test('other words mean the same, differ by the secret and by the draw, and are the same again for the same', async () => {
  const version = artifactOf({ 'one.py': MODULE, 'broken.py': 'def (' });
  const draw = (secret: string) =>
    rewritten(
      Array.from({ length: 12 }, () => version),
      ['one.py', 'broken.py'],
      { ...instruments, secret },
      'test',
    );
  const [first, again, other] = [await draw('a'), await draw('a'), await draw('b')];
  const textsOf = (some: typeof first) => some.map((one) => Buffer.from(one.get('one.py')!).toString());
  expect(textsOf(again)).toEqual(textsOf(first));
  expect(new Set([...textsOf(first), ...textsOf(other), MODULE]).size).toBe(25);
  expect(Buffer.from(first[0]!.get('broken.py')!).toString()).toBe('def (');
  const files = [MODULE, ...textsOf(first), ...textsOf(other)];

  const { steps } = await runWorkspace(instruments.sandbox, {
    files: artifactOf({ 'main.py': MAIN }),
    steps: files.map((text, number) => ({
      what: `version ${number}`,
      argv: ['python3', 'main.py'] as const,
      wallMs: 30_000,
      fresh: artifactOf({ 'one.py': text, 'main.py': MAIN }),
    })),
    collect: [],
    limits: RUNNERS.unittest.limits,
  });
  expect(steps[0]).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('few 7 other') });
  for (const [number, step] of steps.entries())
    expect(step, files[number]).toMatchObject({ exitCode: 0, stdout: steps[0]!.stdout });
});
