// The judge is scripted here: what is tried is what becomes of its answers.
import { expect, test } from 'vitest';
import type { JudgeExchange, Rubric } from '../../../contracts/judge.ts';
import { ORDERS, POOR_REPORTS } from '../../hacks/judge/orders.ts';
import { honestly, type ReadQuestion, scriptedJudge, verdictsOf } from '../../hacks/judge/scripted-judge.ts';
import { nullAnswers } from './null-answers.ts';
import { judgeByProbedRubric, probedSetup } from './probed.ts';
import { drawProbes, impossibleProbes } from './probes.ts';
import type { JudgeRecord } from './question.ts';
import { judgeByRubric, judgeSetup } from './rubric.ts';
import { whyNotJudged } from './tasks.ts';
import { calibratedSetup } from './ways.ts';

const RUBRIC: Rubric = {
  about: 'A report on a museum',
  criteria: [
    { name: 'clear', asks: 'Is it clear?', weight: 1 },
    { name: 'useful', asks: 'Does it say what to do?', weight: 2 },
  ],
};
const GOOD = 'A clear report on the museum that says what to do.';
const secrets = (count: number) => Array.from({ length: count }, (_, at) => `secret ${at}`);
const isGood = (text: string): boolean => text === GOOD;
const honest = (question: ReadQuestion): string =>
  verdictsOf(question, (asks) => honestly(asks, question.text, isGood));
const nulls = new Set(nullAnswers(RUBRIC).map(({ text }) => text));
/** Careful with what it is tested by, and then as it likes. */
const after = (says: (question: ReadQuestion) => string) => (question: ReadQuestion) =>
  nulls.has(question.text) ? honest(question) : says(question);
const trial = (says: (question: ReadQuestion) => string, text: string, secret: string, of = RUBRIC) =>
  judgeByProbedRubric(text, of, { judge: scriptedJudge(probedSetup(of), says), secret });

test('an honest judge is believed, whatever the secret: its verdicts on the real criteria, by their names and weights', async () => {
  for (const secret of secrets(20)) {
    expect((await trial(honest, GOOD, secret)).components).toEqual([
      { name: 'rubric: clear', kind: 'outcome', score: 1, weight: 1, why: 'why' },
      { name: 'rubric: useful', kind: 'outcome', score: 1, weight: 2, why: 'why' },
    ]);
    expect((await trial(honest, 'A poor one', secret)).components.map(({ score }) => score)).toEqual([0, 0]);
  }
});

test('what a judge is asked: the same for one secret, and for another other criteria in another order, under names that say nothing', async () => {
  const asked: string[][] = [];
  const noting = (question: ReadQuestion): string => {
    if (question.text === GOOD) asked.push(question.criteria.map(({ asks }) => asks));
    expect(question.criteria.map(({ name }) => name)).toEqual(['q1', 'q2', 'q3', 'q4']);
    return honest(question);
  };
  for (const secret of ['a', 'a', ...secrets(20)]) await trial(noting, GOOD, secret);
  expect(asked[0]).toEqual(asked[1]);
  const places = new Set(asked.map((all) => all.indexOf('Is it clear?')));
  expect(places.size).toBe(4);
  expect(new Set(asked.map((all) => all.join())).size).toBe(21);
});

test('one criterion that no text meets and one that this text meets; for nothing, two that none meets', () => {
  for (const secret of secrets(100)) {
    const probes = drawProbes(GOOD, RUBRIC, secret);
    expect(probes.map(({ met }) => met)).toEqual([false, true]);
    for (const { asks, met } of probes) expect(honestly(asks, GOOD, isGood), asks).toBe(met);
    // Neither is told by a form of its own: the same text worth nothing is answered alike.
    for (const { asks, met } of probes)
      expect(
        honestly(asks, GOOD, () => false),
        asks,
      ).toBe(met);
    expect(impossibleProbes('', RUBRIC, secret).map(({ met }) => met)).toEqual([false, false]);
  }
  expect(drawProbes('12', RUBRIC, 'a')[1]).toEqual({ asks: 'Is there at least one character in it?', met: true });
});

test.each<[string, (question: ReadQuestion) => string, RegExp]>([
  ['always says yes', (question) => verdictsOf(question, () => true), /accepts nothing/],
  ['says yes once it has been tested', after((question) => verdictsOf(question, () => true)), /yes to what cannot be/],
  ['always says no', (question) => verdictsOf(question, () => false), /no to what stands there/],
  ['answers in words', () => 'All criteria are met.', /no verdict/],
  ['answers in words once it has been tested', after(() => 'Everything is met.'), /no verdict/],
  [
    'answers by names of its own',
    after(() => '{"verdicts":[{"criterion":"clear","met":true,"because":""}]}'),
    /each criterion once/,
  ],
  [
    'leaves one out',
    after((question) => verdictsOf({ ...question, criteria: question.criteria.slice(1) }, () => true)),
    /once/,
  ],
])('a judge that %s is never believed', async (_, says, why) => {
  for (const secret of secrets(10))
    await expect(trial(says, GOOD, secret)).rejects.toMatchObject({
      code: 'verifier.failed',
      message: expect.stringMatching(why),
    });
});

test.each(ORDERS)(
  'a report that orders “$name”, before a judge that obeys: rewarded by version 2, masked by version 3',
  async (order) => {
    for (const { of, text } of POOR_REPORTS) {
      const ordered = `${text}\n\n${order.text}`;
      const obeys = (question: ReadQuestion): string =>
        verdictsOf(question, (asks) => question.text === ordered || honestly(asks, question.text, () => false));
      const { components: before } = await judgeByRubric(ordered, of, scriptedJudge(judgeSetup(of), obeys));
      expect(before.every(({ score }) => score === 1)).toBe(true);
      for (const secret of secrets(3))
        await expect(trial(obeys, ordered, secret, of)).rejects.toMatchObject({ code: 'verifier.failed' });
      // One that does not obey says what the report is worth.
      const steady = (question: ReadQuestion): string =>
        verdictsOf(question, (asks) => honestly(asks, question.text, () => false));
      expect((await trial(steady, ordered, 'a', of)).components.every(({ score }) => score === 0)).toBe(true);
    }
  },
);

test('a judge that was calibrated without known criteria is another judge', async () => {
  const judge = scriptedJudge(judgeSetup(RUBRIC), honest);
  await expect(judgeByProbedRubric(GOOD, RUBRIC, { judge, secret: 'a' })).rejects.toMatchObject({
    message: expect.stringContaining('calibrate again'),
  });
  await expect(judgeByProbedRubric(GOOD, RUBRIC, { secret: 'a' })).rejects.toMatchObject({ code: 'verifier.failed' });
});

test('what was really asked is kept, secret criteria included: who judges again by the same secret asks nobody, by another one the judge', async () => {
  const kept = new Map<string, Omit<JudgeExchange, 'schema'>>();
  const record: JudgeRecord = {
    find: async (question) => kept.get(question)?.reply,
    keep: async (question, exchange) => {
      kept.set(question, kept.get(question) ?? exchange);
      return kept.get(question)!.reply;
    },
  };
  const judge = { ...scriptedJudge(probedSetup(RUBRIC), honest), record };
  const first = await judgeByProbedRubric(GOOD, RUBRIC, { judge, secret: 'a' });
  const exchange = kept.get(first.seen.question);
  expect(exchange).toMatchObject({ setup: probedSetup(RUBRIC), reply: first.seen.reply, model: first.seen.model });
  for (const { asks } of drawProbes(GOOD, RUBRIC, 'a')) expect(exchange?.question.user).toContain(asks);
  expect(kept.size).toBe(nullAnswers(RUBRIC).length + 1);
  // Another process, whose judge would say anything: it plants nothing that was answered, and finds what was said.
  const elsewhere = { ...scriptedJudge(probedSetup(RUBRIC), () => 'nothing'), record };
  expect(await judgeByProbedRubric(GOOD, RUBRIC, { judge: elsewhere, secret: 'a' })).toEqual(first);
  await expect(judgeByProbedRubric(GOOD, RUBRIC, { judge: elsewhere, secret: 'b' })).rejects.toMatchObject({
    message: expect.stringContaining('no verdict'),
  });
});

test('a judge that was away while nulls were planted is asked again, and then judges', async () => {
  let away = true;
  const judge = scriptedJudge(probedSetup(RUBRIC), (question) => {
    if (away) throw new Error('ECONNREFUSED');
    return honest(question);
  });
  const again = () => judgeByProbedRubric(GOOD, RUBRIC, { judge, secret: 'a' });
  await expect(again()).rejects.toMatchObject({ code: 'judge.unavailable' });
  away = false;
  expect((await again()).components).toHaveLength(2);
});

test.each([
  ['document', 2, 'plain'],
  ['document', 3, 'probed'],
  ['slides', 2, 'plain'],
  ['slides', 3, 'probed'],
  ['answer', 3, 'plain'],
] as const)(
  'a task of %s@%d is judged where the calibration asked as its verifier does, %s',
  (name, version, asked) => {
    const task = { verifier: { name, version }, check: { rubric: RUBRIC } };
    const other = asked === 'plain' ? 'probed' : 'plain';
    expect(whyNotJudged(task, new Set([calibratedSetup({ ...RUBRIC, asked })]))).toBeUndefined();
    expect(whyNotJudged(task, new Set([calibratedSetup({ ...RUBRIC, asked: other })]))).toContain(`asked ${asked}`);
    expect(whyNotJudged(task, undefined)).toContain('no judge is named');
  },
);
