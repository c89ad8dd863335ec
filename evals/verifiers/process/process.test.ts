import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { componentScore } from '../../../contracts/judgement.ts';
import { completionTime } from './completion-time.ts';
import { languageMix } from './language-mix.ts';
import { structuredReasoning } from './structured-reasoning.ts';
import { toolFormat } from './tool-format.ts';
import type { Transcript, Turn } from './transcript.ts';

const READ = {
  type: 'object',
  required: ['path'],
  properties: { path: { type: 'string' } },
  additionalProperties: false,
};
const said = (content: string, more: Partial<Turn> = {}): Turn => ({ role: 'assistant', content, ...more });
const asked = (content: string): Turn => ({ role: 'user', content });
const transcript = (...turns: Turn[]): Transcript => ({ turns, tools: { read: READ } });
const call = (text: string, name = 'read'): Turn => said('', { calls: [{ name, arguments: text }] });

describe('tool format', () => {
  test.each([
    ['a call as it should be', [call('{"path":"a"}')], 1],
    ['one of two is no JSON', [call('{"path":"a"}'), call('{path: a}')], 0.5],
    ['another tool', [call('{}', 'delete')], 0],
    ['a name that every object has', [call('{}', 'constructor')], 0],
    ['a member missing', [call('{}')], 0],
    ['a member twice', [call('{"path":"a","path":"b"}')], 0],
    ['a call as text', [call('{"path":"a"}'), said('<tool_call>{"name": "read"}')], 0.5],
    ['a call as text in braces', [said('{"name": "read", "arguments": {}}')], 0],
  ])('%s', (_name, turns, score) => {
    expect(toolFormat(transcript(...turns))?.score).toBeCloseTo(score, 12);
  });
  test('without a call, and with code that shows one, nothing is said', () => {
    expect(
      toolFormat(transcript(said('Done.'), said('Write `<tool_call>` or\n```\n<tool_call>\n```'))),
    ).toBeUndefined();
  });
  test('calls of others are not counted', () => {
    expect(toolFormat(transcript({ role: 'user', content: '<tool_call>' }, call('{"path":"a"}')))?.score).toBe(1);
  });
});

describe('language mix', () => {
  test.each([
    ['one script', [asked('Say hello.'), said('Hello to everybody.')], 1],
    ['a name in another', [asked('Who?'), said(`${'The mathematician was of course '.repeat(6)}Лев`)], 1],
    ['half and half', [asked('Say hello.'), said('Hello 你好你好你')], 0],
    ['the script of the task', [asked('请用中文回答这个问题。'), said('好的，这是回答。')], 1],
    ['Japanese has three', [asked('カタカナで'), said('漢字とひらがな')], 1],
    ['another script in code', [asked('Print it.'), said('Here:\n```\nprint("你好你好你好你好")\n```')], 1],
    ['a script that only the policy uses', [asked('Скажи привет'), said('你好你好你好')], 0],
  ])('%s', (_name, turns, score) => {
    expect(languageMix(transcript(...turns))?.score).toBe(score);
  });
  test('more of another script is never better', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.nat(60), (few, more) => {
        const score = (count: number) =>
          languageMix(transcript(asked('Say hello.'), said(`${'hello '.repeat(20)}${'你'.repeat(count)}`)))!.score;
        expect(score(few + more)).toBeLessThanOrEqual(score(few));
      }),
    );
  });
});

describe('structured reasoning', () => {
  test.each([
    ['a block and an answer', '<think>First this, then that.</think>\n42', 1],
    ['no block', '42', 0],
    ['not closed', '<think>First this', 0],
    ['empty', '<think> </think>42', 0],
    ['no answer', '<think>First this.</think>\n', 0],
    ['two blocks', '<think>a</think><think>b</think>42', 0],
    ['after the answer', '42 <think>because</think>', 0],
    ['in circles', `<think>${'so we go on and on and on '.repeat(40)}</think>42`, 0],
  ])('%s', (_name, content, score) => {
    expect(structuredReasoning(transcript(said(content)))?.score).toBe(score);
  });
  test('a call is as good as an answer, and turns have their share', () => {
    const calling = said('<think>Look first.</think>', { calls: [{ name: 'read', arguments: '{}' }] });
    expect(structuredReasoning(transcript(calling, said('42')))?.score).toBe(0.5);
  });
});

describe('completion time', () => {
  const timed = (...seconds: number[]) => transcript(...seconds.map((one) => said('', { seconds: one })));
  test.each([
    [[5], 10, 1],
    [[4, 6], 10, 0.5],
    [[20], 10, 0],
    [[0], 10, 1],
  ])('%j s against %d s', (seconds, baseline, score) => {
    expect(completionTime(timed(...seconds), baseline)?.score).toBeCloseTo(score, 12);
  });
  test('tools count, users do not', () => {
    const turns = [said('', { seconds: 4 }), { role: 'tool', content: '', seconds: 6 }, { ...asked(''), seconds: 900 }];
    expect(completionTime(transcript(...(turns as Turn[])), 10)?.score).toBeCloseTo(0.5, 12);
  });
  test('a time that is not known, or is none, is no short one', () => {
    expect(completionTime(transcript(said('', { seconds: 1 }), said('')), 10)).toBeUndefined();
    for (const odd of [Number.NaN, -5]) expect(completionTime(timed(odd, 1), 10)).toBeUndefined();
    expect(completionTime(timed(1), null)).toBeUndefined();
  });
});

test('whatever a transcript holds, every score is one', () => {
  const turn = fc.record({
    role: fc.constantFrom<Turn['role']>('system', 'user', 'assistant', 'tool'),
    content: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('<think>', '</think>', '<tool_call>', '```')),
    calls: fc.array(fc.record({ name: fc.constantFrom('read', 'x'), arguments: fc.oneof(fc.json(), fc.string()) })),
    seconds: fc.double(),
  });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 5 }), (turns) => {
      const all = [toolFormat, languageMix, structuredReasoning].map((judge) => judge(transcript(...turns)));
      for (const score of [...all, completionTime(transcript(...turns), 10)])
        if (score !== undefined) expect(componentScore.safeParse(score).error).toBeUndefined();
    }),
  );
});
