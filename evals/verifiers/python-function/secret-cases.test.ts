import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { taskId } from '../../../contracts/ids.ts';
import type { Task, TypedValue } from '../../../contracts/task.ts';
import { createBubblewrapSandbox } from '../../../infra/sandbox/bubblewrap.ts';
import { gradeReply } from '../registry.ts';
import { secretCases } from './secret-cases.ts';

vi.setConfig({ testTimeout: 60_000 });

const sandbox = createBubblewrapSandbox();
const weights = { correctness: 1, partial: 0.5, format: 0.2 };
const int = (value: number): TypedValue => ({ t: 'int', v: String(value) });
const str = (v: string): TypedValue => ({ t: 'str', v });
const list = (...values: number[]): TypedValue => ({ t: 'list', v: values.map(int) });

const task = (entry: string, gold: string, cases: [TypedValue[], TypedValue][]): Task => ({
  id: taskId.parse(`own.${entry}#plain`),
  family: `own.${entry}`,
  phrasing: 'plain',
  instruction: `Write ${entry}.`,
  entrypoint: { name: entry, parameters: ['a', 'b'].slice(0, cases[0]?.[0].length) },
  verifier: { name: 'python-function', version: 2 },
  cases: cases.map(([args, expected]) => ({ args, expected })),
  gold,
});
const ADD = task('add', 'def add(a, b):\n    return a + b\n', [
  [[int(2), int(3)], int(5)],
  [[int(10), int(-4)], int(6)],
  [[int(0), int(40)], int(40)],
]);
const UPPER = task('shout', 'def shout(a):\n    return a.upper()\n', [
  [[str('tea')], str('TEA')],
  [[str('coffee pot')], str('COFFEE POT')],
]);
const TOTAL = task('total', 'def total(a):\n    return sum(a)\n', [
  [[list(1, 2, 3)], int(6)],
  [[list(-5, 9)], int(4)],
]);
/** It picks the first, which an empty list has not: the reference raises there. */
const FIRST = task('first', 'def first(a):\n    return a[0] if a[0] >= 0 else [][0]\n', [
  [[list(1, 2, 3)], int(1)],
  [[list(7, -9, -8, -7)], int(7)],
]);
const grade = (reply: string, of: Task, secret: string | undefined = 'a secret') =>
  gradeReply({ reply: `\`\`\`python\n${reply}\n\`\`\``, task: of, weights, sandbox, secret });
const tableOf = ({ entrypoint, cases }: Task): string =>
  `def ${entrypoint.name}(*args):\n    return {${cases
    .map(({ args, expected }) => `${key(args)}: ${literal(expected)}`)
    .join(', ')}}.get(repr(args), 0)\n`;
const literal = (value: TypedValue): string =>
  value.t === 'str'
    ? JSON.stringify(value.v)
    : value.t === 'list'
      ? `[${value.v.map(literal).join(', ')}]`
      : `${'v' in value ? value.v : ''}`;
const key = (args: readonly TypedValue[]): string =>
  `repr((${args.map(literal).join(', ')}${args.length === 1 ? ',' : ''}))`;

test.each([ADD, UPPER, TOTAL, FIRST])('$family: the reference is right by version 2', async (of) => {
  expect(await grade(of.gold, of)).toMatchObject({
    outcome: 'success',
    reward: { components: { correctness: 1 }, verifier: { name: 'python-function', version: 2 } },
  });
});

test.each([ADD, UPPER, TOTAL])("$family: a table of the task's cases is right by version 1 alone", async (of) => {
  const cheat = tableOf(of);
  const one = { ...of, verifier: { name: 'python-function' as const, version: 1 } };
  expect((await grade(cheat, one)).outcome).toBe('success');
  expect(await grade(cheat, of)).toMatchObject({
    outcome: 'policy_failure',
    reward: { components: { correctness: 0 } },
  });
});

test("the same secret gives the same cases, another one others, and none of them is the task's own", async () => {
  const draw = (secret: string) => secretCases({ task: ADD, sandbox, secret });
  const [one, again, other] = [await draw('x'), await draw('x'), await draw('y')];
  expect(canonicalJson(one)).toBe(canonicalJson(again));
  expect(canonicalJson(one)).not.toBe(canonicalJson(other));
  expect(one.length).toBe(8);
  const own = ADD.cases.map(({ args }) => canonicalJson(args));
  for (const { args } of one) expect(own).not.toContain(canonicalJson(args));
});

test('inputs that the reference raises on are left out', async () => {
  for (const { expected } of await secretCases({ task: FIRST, sandbox, secret: 'x' })) expect(expected.t).toBe('int');
});

test('without a secret there is no verdict', async () => {
  const graded = await gradeReply({ reply: ADD.gold, task: ADD, weights, sandbox });
  expect(graded).toMatchObject({ outcome: 'verifier_failure', reason: 'verifier.failed' });
  expect(graded.reward).toBeUndefined();
});
