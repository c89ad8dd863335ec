import { expect, test } from 'vitest';
import type { ReverifiedRollout } from '../../contracts/reverification.ts';
import { judgedAgain } from './results.ts';

const one = (
  task: string,
  difference: ReverifiedRollout['difference'],
  outcome: ReverifiedRollout['after']['outcome'] = 'success',
) => ({ rollout: `${task}/1`, task, difference, after: { outcome } }) as unknown as ReverifiedRollout;
const withRubric = new Set(['essay']);

test('what rules alone judge is the same or it is not', () => {
  expect(judgedAgain([one('sum', 'same')], { withRubric, left: 1 })).toEqual([
    { part: 'rewards', verdict: 'same', why: '1 rewards, byte for byte; 1 left no completion' },
  ]);
  const [rewards] = judgedAgain([one('sum', 'same'), one('sum', 'unjudged', 'verifier_failure')], {
    withRubric,
    left: 0,
  });
  expect(rewards).toMatchObject({ verdict: 'different', why: '1 of 2 differ, first sum/1' });
});

test('a judge is named and not asked: what it said is read, and what it did not leave behind is no difference', () => {
  const all = [one('sum', 'same'), one('essay', 'same'), one('essay', 'unjudged', 'verifier_failure')];
  expect(judgedAgain(all, { withRubric, left: 0 })).toEqual([
    { part: 'rewards', verdict: 'same', why: '2 rewards, byte for byte' },
    {
      part: 'judge',
      verdict: 'left',
      why: expect.stringMatching(/^not asked again: its verdicts on 1 rollouts .* of 1 nothing is kept/),
    },
  ]);
  expect(judgedAgain(all.slice(2), { withRubric, left: 0 })[0]).toMatchObject({ verdict: 'left' });
});

test('rules before a rubric that hold no more are a difference, whatever the judge said', () => {
  const [rewards] = judgedAgain([one('essay', 'changed', 'policy_failure')], { withRubric, left: 0 });
  expect(rewards).toMatchObject({ part: 'rewards', verdict: 'different' });
  const [broke] = judgedAgain([one('essay', 'unjudged', 'infrastructure_failure')], { withRubric, left: 0 });
  expect(broke).toMatchObject({ verdict: 'different' });
});
