import { expect, test } from 'vitest';
import { toldSteps } from '../../contracts/session.ts';
import { createSteps } from './steps.ts';

const call = (name: string, result = 'same') => ({ name, arguments: '{}', result });

test('steps are told as the gateway takes them: the same ones alike, others not, and no more than it takes', () => {
  const { did, told } = createSteps();
  expect(told()).toEqual([]);
  for (let at = 0; at < 50; at += 1) did([call(at % 2 === 0 ? 'ls' : 'cat', `${at < 48 ? 'same' : at}`)], undefined);
  expect(toldSteps.safeParse(told().join(' ')).success).toBe(true);
  const [first, second] = told();
  expect(told().slice(0, -2)).toEqual(
    told()
      .slice(2)
      .map((_, at) => (at % 2 === 0 ? first : second)),
  );
  expect(new Set(told()).size).toBe(4);
});

test('an agent that was told, and does something else, goes on in no circle', () => {
  const { did } = createSteps();
  for (const name of ['ls', 'cat', 'ls', 'cat', 'ls', 'cat']) expect(did([call(name)], undefined)).toBe(false);
  const loop = { kind: 'cycle', period: 2, times: 3 } as const;
  expect([did([call('ls')], loop), did([call('pwd')], loop)]).toEqual([true, false]);
});

test('several calls of one reply are one step', () => {
  const { did, told } = createSteps();
  did([call('ls'), call('cat')], undefined);
  did([call('ls')], undefined);
  expect(told()).toHaveLength(2);
});
