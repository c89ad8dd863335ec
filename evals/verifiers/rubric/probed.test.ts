// The judge is scripted here: what is tried is what becomes of its answers.
import { expect, test } from 'vitest';
import type { Rubric } from '../../../contracts/judge.ts';
import { ORDERS, POOR_REPORTS } from '../../hacks/judge/orders.ts';
import { honestly, type ReadQuestion, scriptedJudge, verdictsOf } from '../../hacks/judge/scripted-judge.ts';
import { nullAnswers } from './null-answers.ts';
import { judgeByProbedRubric, probedSetup } from './probed.ts';
import { drawProbes, impossibleProbes } from './probes.ts';
import { judgeByRubric, judgeSetup } from './rubric.ts';

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
