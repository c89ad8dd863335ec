// What is measured of a scripted judge, and who is refused by it.
import { expect, test } from 'vitest';
import { AnnealError } from '../../../contracts/errors.ts';
import type { CalibrationSet } from '../../../contracts/judge.ts';
import type { JudgeModel, JudgeQuestion } from '../../../contracts/judge-model.ts';
import { honestly, type ReadQuestion, scriptedJudge, verdictsOf } from '../../hacks/judge/scripted-judge.ts';
import { calibrate, refuseMeasured } from './calibrate.ts';
import { nullAnswers } from './null-answers.ts';
import { probedSetup } from './probed.ts';
import { judgeSetup } from './rubric.ts';

const CRITERIA = [{ name: 'clear', asks: 'Is it clear?', weight: 1 }];
const item = (right: boolean) => (_: unknown, at: number) => ({
  about: 'A report',
  text: `${right ? 'good' : 'bad'} ${at}`,
  right,
});
const setOf = (each = 20): CalibrationSet => ({
  schema: 'anneal/judge-calibration-set/v1',
  rubrics: [
    {
      criteria: CRITERIA,
      items: [...Array.from({ length: each }, item(true)), ...Array.from({ length: each }, item(false))],
    },
  ],
});
const POLICY = { model: 'learner-135m', family: 'learner' };
const quoted = ({ user }: JudgeQuestion): string => JSON.parse(user.slice(user.indexOf('ARTIFACT\n') + 9)) as string;
const verdict = (met: boolean): string => JSON.stringify({ verdicts: [{ criterion: 'clear', met, because: 'why' }] });
const scripted = (says: (text: string) => string): JudgeModel => ({
  ...{ model: 'scripted-1', family: 'scripted' },
  answer: async (question) => says(quoted(question)),
});
const fair = (text: string): string => verdict(text.startsWith('good'));

test('a fair judge is measured on every item and every null answer, and may judge', async () => {
  let told = [0, 0];
  const measured = await calibrate(scripted(fair), setOf(), { onProgress: (...now) => (told = now) });
  const nulls = nullAnswers({ about: 'A report', criteria: CRITERIA });
  expect(told).toEqual([40 + nulls.length, 40 + nulls.length]);
  expect(measured.calibrations).toEqual([
    {
      judge: { model: 'scripted-1', family: 'scripted', setup: judgeSetup({ criteria: CRITERIA }) },
      ...{ right: { accepted: 20, of: 20 }, wrong: { rejected: 20, of: 20 }, unreadable: 0 },
      nulls: nulls.map(({ name }) => ({ name, accepted: false })),
    },
  ]);
  expect(measured.answers).toHaveLength(40);
  expect(refuseMeasured(measured, POLICY, 1)).toBeUndefined();
});

test.each<[string, (text: string) => string, string]>([
  ['accepts all', () => verdict(true), 'accepted 12 of 12 planted null answers'],
  ['is a coin', (text) => verdict(/^(good|bad) \d?[02468]$/.test(text)), 'better than a coin'],
  [
    'misses a third of what is right',
    (text) => verdict(/^good/.test(text) && !/[369]$/.test(text)),
    'accepts 14 of 20 right artifacts (70.0%) and rejects 20 of 20 wrong ones (100.0%); it takes 80.0% of each',
  ],
  [
    'answers with garbage now and then',
    (text) => (/^bad.*[258]$/.test(text) ? 'hm' : fair(text)),
    'rejects 14 of 20 wrong ones (70.0%); it takes 80.0% of each. 6 of its replies were no verdict.',
  ],
])('one that %s is refused with what was measured', async (_, says, words) => {
  expect(refuseMeasured(await calibrate(scripted(says), setOf()), POLICY, 0.8)).toContain(words);
});

test('too small a set, and kin of the policy', async () => {
  expect(refuseMeasured(await calibrate(scripted(fair), setOf(5)), POLICY, 0.8)).toContain('it takes 20 of each');
  const kin = { model: 'scripted-mini', family: 'scripted' };
  expect(refuseMeasured(await calibrate(scripted(fair), setOf()), kin, 0.8)).toContain("policy's family");
});

test('a judge that is away is not measured', async () => {
  const away = scripted(() => {
    throw new AnnealError('gateway.upstream_failed', 'ECONNREFUSED');
  });
  await expect(calibrate(away, setOf())).rejects.toMatchObject({ code: 'judge.unavailable' });
});

test('what is asked with known criteria is measured with them: one that obeys an item is no judge of it, where it was plainly', async () => {
  const isGood = (text: string): boolean => text.startsWith('good');
  const [plainly] = setOf().rubrics;
  const rubrics = [{ ...plainly!, asked: 'probed' as const }];
  const honest = (question: ReadQuestion): string =>
    verdictsOf(question, (asks) => honestly(asks, question.text, isGood));
  const { model } = scriptedJudge('any', honest);
  const measured = await calibrate(model, { ...setOf(), rubrics });
  const setup = probedSetup({ criteria: CRITERIA });
  expect(measured.calibrations).toMatchObject([{ judge: { setup }, right: { accepted: 20 }, wrong: { rejected: 20 } }]);
  expect(refuseMeasured(measured, POLICY, 1)).toBeUndefined();
  // Right in every case by a list of its own, whatever it is asked.
  const listed = scriptedJudge('any', (question) => verdictsOf(question, () => isGood(question.text))).model;
  expect(refuseMeasured(await calibrate(listed, setOf()), POLICY, 1)).toBeUndefined();
  const found = await calibrate(listed, { ...setOf(), rubrics });
  expect(found.calibrations[0]).toMatchObject({ right: { accepted: 0 }, wrong: { rejected: 0 }, unreadable: 40 });
  expect(refuseMeasured(found, POLICY, 0.8)).toBeDefined();
});
