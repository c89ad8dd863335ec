// Replies to artifact tasks: what is recorded of them, and that neither a fault nor a cheat is scored.
import { expect, test, vi } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Purpose, RolloutId } from '../../contracts/ids.ts';
import { judgement } from '../../contracts/judgement.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import { reward as rewardSchema } from '../../contracts/trajectory.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { referenceTo, sampleTask } from '../hacks/variant.ts';
import { judgeTask } from '../verifiers/judge-task.ts';
import { MOST_GIVEN_BYTES, whyNotSingleTurn } from './fit.ts';
import { promptFor } from './prompt.ts';

vi.setConfig({ testTimeout: 60_000 });
const sandbox = createBubblewrapSandbox();
const broken: Sandbox = {
  describe: () => sandbox.describe(),
  run: () => Promise.reject(new AnnealError('sandbox.failed', 'it broke')),
};
const rollout = 'told/r1/train.v0/g0/s0' as RolloutId;
const GIVEN = 'name,units\npear,3\n';

const DATA = sampleTask({
  ...{ name: 'units', format: 'structured-data', verifier: { name: 'structured-data', version: 1 } },
  instruction: 'How many units? Hand in answer.json.',
  check: {
    ...{
      file: 'answer.json',
      as: { format: 'json' },
      schema: { type: 'object', properties: { units: {}, name: {} }, required: ['units'] },
    },
    checks: [
      { kind: 'equals', name: 'units', at: '/units', value: 3 },
      { kind: 'equals', name: 'name', at: '/name', value: 'pear' },
    ],
  },
  deliverables: [{ path: 'answer.json', maxBytes: 1_000, required: true }],
  given: { 'orders.csv': GIVEN },
  gold: { 'answer.json': '{"units": 3, "name": "pear"}' },
});
const helper = (source: string) => ({ language: 'python', source });
const DOUBLE = sampleTask({
  ...{ name: 'double', format: 'program', verifier: { name: 'program', version: 1 } },
  instruction: 'Write double(a).',
  check: {
    ...{ kind: 'function', language: 'python', file: 'solution.py', entry: 'double' },
    cases: [1, 20].map((a) => ({
      args: [{ t: 'int', v: String(a) }],
      expected: { t: 'int', v: String(2 * a) },
    })),
    secretInputs: {
      generator: helper(
        'import json, sys\nwant = json.load(sys.stdin)\nprint(json.dumps([[{"t": "int", "v": str(300 + n)}] for n in range(want["count"])]))\n',
      ),
      reference: helper('def double(a):\n    return 2 * a\n'),
      count: 6,
    },
  },
  deliverables: [{ path: 'solution.py', maxBytes: 1_000, required: true }],
  gold: { 'solution.py': 'def double(a):\n    return 2 * a\n' },
});

const judged = (
  task: typeof DATA,
  text: string,
  of: { purpose?: Purpose; on?: Sandbox; weights?: object; milliseconds?: number } = {},
) =>
  judgeTask(
    {
      ...{ sandbox: of.on ?? sandbox, secret: 'a secret', specialCasing: undefined },
      load: async (ref) => {
        expect(ref).toEqual(referenceTo(GIVEN));
        return Buffer.from(GIVEN);
      },
    },
    {
      ...{ task, purpose: of.purpose ?? 'train', reply: { rollout, text, milliseconds: of.milliseconds ?? 1_000 } },
      weights: { correctness: 1, partial: 0, format: 0.2, ...of.weights },
    },
  );
const json = (text: string) => `\`\`\`json\n${text}\n\`\`\``;
const python = (text: string) => `\`\`\`python\n${text}\`\`\``;

test('the prompt holds the instruction, what is given, and the rule; nothing that only the grader knows', () => {
  const prompt = promptFor(DATA, new Map([['orders.csv', Buffer.from(GIVEN)]]));
  expect(prompt).toBe(
    'How many units? Hand in answer.json.\n\norders.csv:\n```\nname,units\npear,3\n```\n\nReply with one fenced code block: what stands in it becomes answer.json.',
  );
  expect(prompt).not.toContain(DATA.canary);
  const tricky = promptFor(DATA, new Map([['a.md', Buffer.from('````\nx')]]));
  expect(tricky).toContain('a.md:\n`````\n````\nx\n`````\n');
  expect(() => promptFor(DATA, new Map([['a.bin', Uint8Array.of(0xff)]]))).toThrow(/a\.bin, which is no text/);
});

test('a reward is recorded component by component, with its judgement as evidence', async () => {
  const right = await judged(DATA, json('{"units": 3, "name": "pear"}'));
  expect(right).toMatchObject({
    outcome: 'success',
    artifact: '{"units": 3, "name": "pear"}\n',
    reward: { total: 1.1, components: { format: 1, correctness: 1, partial: 1, process: 1 } },
    alarms: [],
  });
  const seen = judgement.parse(right.evidence);
  expect(seen.components.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
    'outcome units',
    'outcome name',
    'process reply-form@1',
  ]);
  expect(() => rewardSchema.parse({ ...right.reward, evidence: referenceTo('x') })).not.toThrow();
  const half = await judged(DATA, `The answer:\n${json('{"units": 3, "name": "plum"}')}`, {
    weights: { process: 0.5 },
  });
  expect(half).toMatchObject({
    outcome: 'policy_failure',
    reward: { components: { format: 0, correctness: 0, partial: 0.5 } },
  });
  // The form is 0, the language 1.
  expect(half.reward!.total).toBeCloseTo(0.5 + 0.5 * 0.5);
});

test('a broken gate, another form and no reply at all earn nothing, whatever their manner', async () => {
  for (const text of [json('{"units": 3'), 'I do not know.', '', json('[]')])
    expect(await judged(DATA, text), text).toMatchObject({ outcome: 'policy_failure', reward: { total: 0 } });
});

test('speed counts where the task has a baseline and the campaign a share for it', async () => {
  const task = { ...DATA, baselineSeconds: 10 };
  const reply = json('{"units": 3, "name": "pear"}');
  const of = (milliseconds: number) => judged(task, reply, { milliseconds, weights: { process: 0, speed: 0.5 } });
  expect((await of(1_000)).reward).toMatchObject({ total: 1.5, components: { speed: 1 } });
  expect((await of(60_000)).reward).toMatchObject({ total: 1, components: { speed: 0 } });
});

test('an infrastructure fault masks the sample: no reward, not one of 0', async () => {
  const masked = await judged(DOUBLE, python('def double(a):\n    return 2 * a\n'), { on: broken });
  expect(masked).toMatchObject({ outcome: 'infrastructure_failure', reason: 'sandbox.failed: it broke' });
  expect(masked.reward).toBeUndefined();
});

test.each([
  ['a table of the cases', 'def double(a):\n    return {1: 2, 20: 40}.get(a, 0)\n', 'special-casing'],
  ['a look at files', 'def double(a):\n    open("x")\n    return 2 * a\n', 'grader-read'],
])('%s is masked where it would train, and not solved where it is measured', async (_, source, detector) => {
  const trained = await judged(DOUBLE, python(source));
  expect(trained).toMatchObject({ outcome: 'integrity_alarm', reason: detector, alarms: [{ detector }] });
  expect(trained.reward).toBeUndefined();
  expect(trained.evidence).toMatchObject({ alarms: [{ detector }] });
  const measured = await judged(DOUBLE, python(source), { purpose: 'gate' });
  expect(measured).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, components: { correctness: 0 } } });
});

test('what a source was only read for takes no reward where it is measured, and is on record', async () => {
  const reply = python('import gc\n\ndef double(a):\n    gc.get_objects()\n    return 2 * a\n');
  const alarms = [{ detector: 'grader-read', read: true }];
  expect(await judged(DOUBLE, reply)).toMatchObject({ outcome: 'integrity_alarm', alarms });
  expect(await judged(DOUBLE, reply, { purpose: 'gate' })).toMatchObject({
    ...{ outcome: 'success', reward: { components: { correctness: 1 } }, alarms, evidence: { alarms } },
  });
});

test('the canary of its task in a reply is masked, whatever stands in the file', async () => {
  const reply = `I saw ${DATA.canary}.\n${json('{"units": 3, "name": "pear"}')}`;
  expect(await judged(DATA, reply)).toMatchObject({ outcome: 'integrity_alarm', alarms: [{ detector: 'canary' }] });
  expect(await judged(DATA, `no file, only ${DATA.canary}`)).toMatchObject({ outcome: 'integrity_alarm' });
});

test('judged again it is the same to the byte; another rollout has other secret inputs', async () => {
  const reply = python('def double(a):\n    return 2 * a\n');
  const [first, second] = [await judged(DOUBLE, reply), await judged(DOUBLE, reply)];
  expect(first).toMatchObject({ outcome: 'success', alarms: [] });
  expect(canonicalJson(second)).toBe(canonicalJson(first));
});

test('what one reply cannot do is told', () => {
  expect(whyNotSingleTurn(DATA)).toBeUndefined();
  expect(whyNotSingleTurn({ ...DATA, format: 'web-page' })).toMatch(/web-page, which takes an agent/);
  const more = [...DATA.deliverables, { path: 'b.json', maxBytes: 9, required: true }];
  expect(whyNotSingleTurn({ ...DATA, deliverables: more })).toMatch(/more than one file/);
  expect(whyNotSingleTurn({ ...DATA, deliverables: [{ path: 'out/', maxBytes: 9, required: true }] })).toMatch(/file/);
  const large = { ...referenceTo('x'), bytes: MOST_GIVEN_BYTES + 1 };
  expect(whyNotSingleTurn({ ...DATA, given: { 'a.csv': large } })).toMatch(/65537 bytes/);
});
