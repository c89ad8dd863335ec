import { expect, it } from 'vitest';
import type { Stage, StageTime } from '../../contracts/record.ts';
import { fixtureStatus } from '../../tests/fixtures/report.fixture.ts';
import { currentRound } from './round.ts';

const at = (stage: Stage, finished: number, stages: StageTime[]): number => {
  const status = fixtureStatus({ stage });
  return currentRound({ ...status, state: { ...status.state, round: finished, stages } });
};
const timed = (stage: Stage, round: number): StageTime => ({ stage, round, seconds: 1 });

it('is the one at work, not the last finished one', () => {
  expect(at('rollout', 0, [{ stage: 'baseline', seconds: 1 }])).toBe(1);
  expect(at('train', 0, [timed('rollout', 1)])).toBe(1);
  expect(at('rollout', 1, [timed('rollout', 1), timed('train', 1), timed('evaluate', 1)])).toBe(2);
  expect(at('evaluate', 2, [timed('evaluate', 2), timed('rollout', 3), timed('train', 3)])).toBe(3);
});

it('does not run ahead between two rounds', () => {
  expect(at('evaluate', 1, [timed('train', 1), timed('evaluate', 1)])).toBe(1);
  expect(at('decide', 3, [timed('evaluate', 3), timed('decide', 3)])).toBe(3);
});

it('is 0 before the rounds and the last one after them', () => {
  expect(at('baseline', 0, [])).toBe(0);
  expect(at('release-gate', 3, [timed('evaluate', 3)])).toBe(3);
  expect(at('ended', 3, [])).toBe(3);
});
