import { expect, test } from 'vitest';
import { checked, table } from './played.ts';

const turn = (who: string, seconds: number) => ({ who, turn: 1, seconds, waited: [1_000, 3_000], memory: 100 });

test('a row for each, the rate held against the first of the same turn', () => {
  const [, , own, other] = table([turn('ours', 1), turn('theirs', 10)], 'ours', { theirs: 'nothing' });
  expect(own).toBe('| ours | 2.0 | 1 | 3.00 | 3.00 | 100 |  |');
  expect(other).toBe('| theirs | 0.2 | 10.0 | 3.00 | 3.00 | 100 | nothing |');
});

test('a lost rollout and a wrong reward are no result', () => {
  const told = { seconds: 1, waited: [1, 1], rewards: [1, 1] };
  expect(checked('x', told, 2)).toBe(told);
  expect(() => checked('x', told, 3)).toThrow('2 of 3');
  expect(() => checked('x', { ...told, rewards: [1, 0] }, 2)).toThrow('1 the right one');
});
