import { createHash } from 'node:crypto';
import { beforeAll, expect, test, vi } from 'vitest';
import { artifactRef } from '../../contracts/artifact.ts';
import { stdlibTasksSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { type Task, taskSetLock, taskSplit } from '../../contracts/task.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { gradeReply } from '../verifiers/registry.ts';
import { CATALOGUE } from './catalogue.ts';
import { certify, type Unit } from './certify.ts';
import { constructTaskSet } from './construct.ts';
import { type ConstructedTaskSet, lockTaskSet, merkleRoot, verifyLock } from './lock.ts';
import { PHRASINGS } from './phrasings.ts';
import { SPLITS } from './split.ts';

// Generous: a loaded machine must not fail a test; the limits under test are the sandbox's own.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const sandbox = createBubblewrapSandbox();
const ONLY = [
  ...['builtins.len', 'builtins.sorted', 'builtins.bin', 'builtins.repr', 'builtins.list'],
  ...[
    'math.floor',
    'math.ceil',
    'math.sqrt',
    'math.gcd',
    'operator.add',
    'operator.concat',
    'operator.gt',
    'operator.iadd',
  ],
  ...[
    'str.upper',
    'str.lower',
    'str.strip',
    'str.isdigit',
    'str.split',
    'str.swapcase',
    'list.append',
    'itertools.pairwise',
  ],
];
const base = {
  source: 'python-stdlib',
  modules: ['builtins', 'operator', 'math', 'str', 'list', 'itertools'],
  splits: { visible: 0.5, gate: 0.3, sealed: 0.2 },
  only: ONLY,
  phrasings: 8,
  compositions: 12,
  casesPerTask: 6,
};
const spec = (change: object = {}) => stdlibTasksSpec.parse({ ...base, ...change });
const all = (built: ConstructedTaskSet): Task[] => SPLITS.flatMap((split) => [...built.splits[split]]);

let built: ConstructedTaskSet;
const progress: string[] = [];
beforeAll(async () => {
  built = await constructTaskSet({
    spec: spec(),
    seed: 5,
    sandbox,
    onProgress: (p) => progress.push(`${p.done}/${p.total} ${p.unit}`),
  });
});

test('tasks are whole: schema, ids, cases, three different results, no hidden case shown', () => {
  for (const split of SPLITS) expect(taskSplit.safeParse({ split, tasks: built.splits[split] }).success).toBe(true);
  const tasks = all(built);
  expect(new Set(tasks.map((task) => task.id)).size).toBe(tasks.length);
  expect(built.considered).toBe(tasks.length + built.dropped.length);
  for (const task of tasks) {
    const results = new Set(task.cases.map((item) => canonicalJson(item.expected)));
    const predicate = task.cases.every((item) => item.expected.t === 'bool');
    expect(results.size).toBeGreaterThanOrEqual(predicate ? 2 : 3);
    expect(task.cases).toHaveLength(6);
    expect(task.instruction).toContain(task.entrypoint.name);
    expect(task.instruction).not.toMatch(/[{}]|undefined/);
    expect(task.gold).toContain(`def ${task.entrypoint.name}(`);
  }
  expect(new Set(tasks.filter((task) => !task.family.includes('+')).map((task) => task.phrasing)).size).toBe(8);
  const [done, total] = progress.at(-1)!.split(/[/ ]/);
  expect(done).toBe(total);
  expect(progress.filter((line) => line.endsWith('certificates')).length).toBeGreaterThan(3);
});

test('splits share no function, not even inside a composition, nor one under two names', () => {
  const owner = new Map<string, string>();
  for (const split of SPLITS) {
    for (const part of built.splits[split].flatMap((task) => task.family.split('+'))) {
      expect(owner.get(part) ?? split).toBe(split);
      owner.set(part, split);
    }
  }
  expect(built.splits.visible.some((task) => task.family.includes('+'))).toBe(true);
  expect(owner.get('operator.add')).toBe(owner.get('operator.concat'));
  expect(built.dropped.find((item) => item.family === 'operator.iadd')?.reason).toMatch(/in-place/);
});

test('the reference solves its task by the verifier itself; the instruction alone does not', async () => {
  const weights = { correctness: 1, partial: 0, format: 0.2 };
  const some = all(built).filter((_task, index) => index % 9 === 0);
  for (const task of some) {
    const gold = await gradeReply({ reply: `\`\`\`python\n${task.gold}\`\`\``, task, weights, sandbox });
    expect(gold.reward?.total).toBe(1.2);
    const null_ = await gradeReply({ reply: task.instruction, task, weights, sandbox });
    expect(null_.reward?.components.correctness).toBe(0);
  }
});

test('the same specification and seed give the same bytes; another seed gives others', async () => {
  expect(canonicalJson(await constructTaskSet({ spec: spec(), seed: 5, sandbox }))).toBe(canonicalJson(built));
  const change = { phrasings: 1, compositions: 0, exclude: ['math.floor', 'str.upper'] };
  const other = await constructTaskSet({ spec: spec(change), seed: 6, sandbox });
  expect(all(other).some((task) => /math\.floor|str\.upper/.test(task.family))).toBe(false);
  const ceil = (set: ConstructedTaskSet) => all(set).find((task) => task.id === 'math.ceil#plain')?.cases;
  expect(ceil(other)).toHaveLength(6);
  expect(ceil(other)).not.toEqual(ceil(built));
});

test('what two runs of the source disagree about is dropped as flaky', async () => {
  let runs = 0;
  const wobbling: Sandbox = {
    describe: () => sandbox.describe(),
    async run(request) {
      const result = await sandbox.run(request);
      runs += 1;
      return runs === 2
        ? { ...result, stdout: result.stdout.replace('"family": "math.gcd", "doc": "', '$&Changed. ') }
        : result;
    },
  };
  const set = await constructTaskSet({ spec: spec({ compositions: 0, phrasings: 1 }), seed: 5, sandbox: wobbling });
  expect(set.dropped).toContainEqual({
    id: 'math.gcd',
    family: 'math.gcd',
    reason: 'flaky: two runs gave different results',
  });
  expect(all(set).some((task) => task.family === 'math.gcd')).toBe(false);
});

test('what cannot be built says why', async () => {
  const fails = (change: object, code: string, source: Sandbox = sandbox) =>
    expect(constructTaskSet({ spec: spec(change), seed: 1, sandbox: source })).rejects.toMatchObject({ code });
  await fails({ only: ['operator.is_', 'math.no_such_function'] }, 'tasks.none_left');
  await fails({ only: ['math.floor', 'math.sqrt'] }, 'spec.impossible_split');
  await fails({ splits: { visible: 0.9, gate: 0.3, sealed: 0.2 } }, 'spec.impossible_split');
  const answer = (stdout: string, exitCode: number): Sandbox => ({
    describe: async () => '',
    run: async () => ({ how: 'exited', exitCode, stdout, stderr: 'Traceback\nImportError: no math', milliseconds: 1 }),
  });
  await fails({}, 'tasks.source_failed', answer('', 1));
  await fails({}, 'tasks.source_failed', answer('{}', 0));
  const stopped = constructTaskSet({ spec: spec(), seed: 1, sandbox, signal: AbortSignal.abort(new Error('stop')) });
  await expect(stopped).rejects.toThrow('stop');
});

test('certification refuses tasks that an empty answer solves, or the reference does not', async () => {
  const int = (value: number) => ({ t: 'int' as const, v: String(value) });
  const unit = (
    family: string,
    expected: (x: number) => Unit['cases'][number]['expected'],
    gold = 'def f(x):\n    return x + 1\n',
  ): Unit => ({
    family,
    entry: 'f',
    parameters: ['x'],
    gold,
    cases: [1, 2, 3].map((x) => ({ args: [int(x)], expected: expected(x) })),
  });
  const units = [
    unit('good', (x) => int(x + 1)),
    unit('wrong gold', (x) => int(x + 2)),
    unit('nothing', () => ({ t: 'none' }), 'def f(x):\n    return None\n'),
    unit('constant', () => int(7), 'def f(x):\n    return 7\n'),
    unit('identity', (x) => int(x), 'def f(x):\n    return x\n'),
  ];
  const refused = await certify(sandbox, units, { seed: 1 });
  expect([...refused.keys()].sort()).toEqual(['constant', 'identity', 'nothing', 'wrong gold']);
  expect(refused.get('wrong gold')).toMatch(/reference/);
  expect(refused.get('identity')).toMatch(/first argument/);
});

test('the lock verifies what it locked, and nothing else', async () => {
  const put = async (bytes: string) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    return artifactRef.parse({
      uri: `store:objects/${hash.slice(0, 2)}/${hash}`,
      sha256: hash,
      bytes: Buffer.byteLength(bytes),
    });
  };
  const lock = taskSetLock.parse(await lockTaskSet(built, { source: 'python-stdlib', seed: 5, put }));
  const splits = SPLITS.map((split) => ({ split, tasks: [...built.splits[split]] }));
  const [visible, gate] = splits as [(typeof splits)[number], (typeof splits)[number]];
  verifyLock(lock, splits);
  verifyLock(lock, [visible]);
  expect(merkleRoot([...visible.tasks].reverse())).toBe(lock.splits.visible.root);
  expect(await lockTaskSet(built, { source: 'python-stdlib', seed: 5, put })).toEqual(lock);
  const differs = (changed: typeof lock, at: typeof splits) =>
    expect(() => verifyLock(changed, at)).toThrow(expect.objectContaining({ code: 'tasks.lock_mismatch' }));
  const [first, ...rest] = visible.tasks as [Task, ...Task[]];
  differs(lock, [{ ...visible, tasks: rest }]);
  differs(lock, [{ ...visible, tasks: [{ ...first, gold: `${first.gold} ` }, ...rest] }]);
  differs(lock, [{ ...visible, tasks: [rest[0]!, ...rest] }]);
  differs(lock, [{ ...visible, tasks: gate.tasks }]);
  differs({ ...lock, root: lock.splits.gate.root }, []);
  differs({ ...lock, kept: lock.kept + 1 }, []);
  const leaked = [...lock.splits.gate.families, lock.splits.visible.families[0]!];
  differs({ ...lock, splits: { ...lock.splits, gate: { ...lock.splits.gate, families: leaked } } }, []);
});

test('the catalogue: every parameter is used, no entry point shadows a built-in, wordings differ', () => {
  const builtIn = new Set([...CATALOGUE.keys()].filter((f) => f.startsWith('builtins.')).map((f) => f.slice(9)));
  for (const [family, { name, parameters, phrase }] of CATALOGUE) {
    for (const parameter of parameters) expect(phrase, family).toContain(`{${parameter}}`);
    expect(builtIn.has(name), family).toBe(false);
  }
  const names = [...CATALOGUE.values()].map((d) => `${d.name}/${d.parameters.length}`);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(PHRASINGS.map(([name]) => name)).size).toBe(8);
});
