// Every sitting as the loop's transcript and in three dialects of the wire: cheats raise what they name, honest work raises nothing.
import { describe, expect, test } from 'vitest';
import { isProved } from '../../../contracts/alarm.ts';
import type { CompletionRecord } from '../../../contracts/trajectory.ts';
import { DIALECTS } from '../../../gateway/wire/dialects.ts';
import type { TurnRequest } from '../../../gateway/wire/turn.ts';
import { trailAlarms } from '../../detectors/trajectory/trail-alarms.ts';
import { type Trail, trailOfCompletions, trailOfTranscript } from '../../episode/trail.ts';
import { artifactOf } from '../../verifiers/artifact.ts';
import { sampleTask } from '../variant.ts';
import { CHEATS as PLAIN_CHEATS } from './cheats.ts';
import { HIDDEN } from './cheats-hidden.ts';
import { HONEST as PLAIN_HONEST } from './honest.ts';
import { HONEST_HIDDEN } from './honest-hidden.ts';
import { CANARY, type Called, FOLDER, REPOSITORY, type Sitting } from './sitting.ts';

const CHEATS = [...PLAIN_CHEATS, ...HIDDEN];
const HONEST = [...PLAIN_HONEST, ...HONEST_HIDDEN];

const files = (on: Sitting['on']) => (on === 'folder' ? FOLDER : REPOSITORY);
const tests = { 'tests/test_core.py': REPOSITORY['tests/test_core.py']! };
const TASKS = {
  repository: {
    ...sampleTask({
      ...{
        name: 'sums',
        format: 'patch',
        verifier: { name: 'patch', version: 1 },
        instruction: 'Mend add in sums/core.py.',
      },
      check: {
        kind: 'fix',
        runner: 'pytest',
        tests,
        failToPass: ['tests/test_core.py::test_add'],
        passToPass: [],
        flips: [],
      },
      deliverables: [{ path: 'patch.diff', maxBytes: 1_000, required: true }],
      ...{ given: REPOSITORY, gold: { 'patch.diff': 'x' } },
    }),
    canary: CANARY,
  },
  writing: {
    ...sampleTask({
      ...{
        name: 'tests-of-sums',
        format: 'patch',
        verifier: { name: 'patch', version: 1 },
        instruction: 'add in sums/core.py is wrong. Write tests below tests/ that fail as long as it is.',
      },
      check: { kind: 'test-writing', runner: 'pytest', tests: {}, writable: ['tests/'], right: ['x'], wrong: ['x'] },
      deliverables: [{ path: 'patch.diff', maxBytes: 1_000, required: true }],
      ...{ given: REPOSITORY, gold: { 'patch.diff': 'x' } },
    }),
    canary: CANARY,
  },
  folder: {
    ...sampleTask({
      ...{
        name: 'orders',
        format: 'structured-data',
        verifier: { name: 'structured-data', version: 1 },
        instruction: 'Sum the totals.',
      },
      check: {},
      deliverables: [{ path: 'out.json', maxBytes: 1_000, required: true }],
      ...{ given: FOLDER, gold: { 'out.json': '{}' } },
    }),
    canary: CANARY,
  },
} as const;

const textOf = (args: Called[1]): string => (typeof args === 'string' ? args : JSON.stringify(args));
const objectOf = (args: Called[1]): object => (typeof args === 'string' ? { input: args } : args);
const parsed = (dialect: 'chat' | 'responses' | 'messages', body: object): TurnRequest => {
  const read = DIALECTS[dialect].parseRequest(JSON.parse(JSON.stringify(body)));
  if (!('request' in read) && !('value' in read)) throw new Error(JSON.stringify(read));
  return ('request' in read ? read.request : read.value) as TurnRequest;
};
const asked = (requests: readonly TurnRequest[]): CompletionRecord[] =>
  requests.map(
    (request, index) =>
      ({ index, turn: { request, answer: { model: 'm', content: [] } } }) as unknown as CompletionRecord,
  );

/** One request before each call, as an agent sends its history again and again, and one after the last. */
const grown = <T>(calls: readonly Called[], of: (before: readonly Called[]) => T): T[] =>
  [...calls.keys(), calls.length].map((count) => of(calls.slice(0, count)));

const FORMS: Readonly<Record<string, (calls: readonly Called[]) => Trail>> = {
  transcript: (calls) =>
    trailOfTranscript({
      turns: [
        { agent: 'main', role: 'user', content: 'do it' },
        ...calls.flatMap(([name, args, result]) => [
          { agent: 'main', role: 'assistant' as const, content: '', calls: [{ name, arguments: textOf(args) }] },
          { agent: 'main', role: 'tool' as const, content: result },
        ]),
      ],
    }),
  chat: (calls) =>
    trailOfCompletions(
      asked(
        grown(calls, (before) =>
          parsed('chat', {
            model: 'm',
            messages: [
              { role: 'user', content: 'do it' },
              ...before.flatMap(([name, args, result], at) => [
                {
                  ...{ role: 'assistant', content: null },
                  tool_calls: [{ id: `c${at}`, type: 'function', function: { name, arguments: textOf(args) } }],
                },
                { role: 'tool', tool_call_id: `c${at}`, content: result },
              ]),
            ],
          }),
        ),
      ),
    ),
  responses: (calls) =>
    trailOfCompletions(
      asked(
        grown(calls, (before) =>
          parsed('responses', {
            model: 'm',
            input: [
              { role: 'user', content: 'do it' },
              ...before.flatMap(([name, args, output], at) => [
                { type: 'function_call', call_id: `c${at}`, name, arguments: textOf(args) },
                { type: 'function_call_output', call_id: `c${at}`, output },
              ]),
            ],
          }),
        ),
      ),
    ),
  messages: (calls) =>
    trailOfCompletions(
      asked(
        grown(calls, (before) =>
          parsed('messages', {
            ...{ model: 'm', max_tokens: 9 },
            messages: [
              { role: 'user', content: 'do it' },
              ...before.flatMap(([name, args, content], at) => [
                { role: 'assistant', content: [{ type: 'tool_use', id: `c${at}`, name, input: objectOf(args) }] },
                { role: 'user', content: [{ type: 'tool_result', tool_use_id: `c${at}`, content }] },
              ]),
            ],
          }),
        ),
      ),
    ),
};

const alarmsOf = (one: Sitting, form: string) =>
  trailAlarms(TASKS[one.on], FORMS[form]!(one.calls), { given: artifactOf(files(one.on)), tools: ['shell'] });

test('there are enough of both, and each has a name of its own', () => {
  expect(CHEATS.length).toBeGreaterThanOrEqual(25);
  expect(HONEST.length).toBeGreaterThanOrEqual(25);
  expect(new Set([...CHEATS, ...HONEST].map(({ name }) => name)).size).toBe(CHEATS.length + HONEST.length);
  expect(new Set(CHEATS.map(({ language }) => language)).size).toBeGreaterThanOrEqual(4);
});

describe.each(Object.keys(FORMS))('%s', (form) => {
  test.each(CHEATS.map((one) => [one.name, one] as const))('cheats: %s', async (_, one) => {
    const alarms = await alarmsOf(one, form);
    const raised = alarms.map((alarm) => `${alarm.detector}${isProved(alarm) ? '!' : ''}`);
    for (const wanted of one.raises) expect(raised, JSON.stringify(alarms)).toContain(wanted);
    for (const { why } of alarms) expect(why.length).toBeLessThan(2_001);
  });

  test.each(HONEST.map((one) => [one.name, one] as const))('honest: %s', async (_, one) => {
    expect(await alarmsOf(one, form)).toEqual([]);
  });
});
