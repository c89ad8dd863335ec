import { expect, test } from 'vitest';
import { type ReplicaClaim, replicaClaim } from '../contracts/replica.ts';
import { replicaName } from '../contracts/segment.ts';
import { lostRollouts, missingSegments } from './volume-losses.ts';

const replica = replicaName.parse('gw-1');
const at = '2026-11-22T10:00:00.000Z';
const volume = '3e0c7d5a-8b4f-4f0e-9a63-0c6d2f6f9b11';
const claim: ReplicaClaim = replicaClaim.parse({
  ...{ schema: 'anneal/replica/v1', replica, volume, at, clean: false, open: [] },
  writing: { completions: 9, trajectories: 4 },
  losses: [
    {
      ...{ reason: 'volume_vanished', volume, at },
      gaps: { completions: { from: 3, to: 4 }, trajectories: { from: 1, to: 1 } },
      rollouts: ['demo/r1/train.v0/g0/s0', 'other/r1/train.v0/g0/s0'],
    },
  ],
});
test('a claim of before there were operations says nothing of them', () => {
  expect(claim.writing.operations).toBeUndefined();
  const gaps = { ...claim.losses[0]!.gaps, operations: { from: 1, to: 2 } };
  const later = replicaClaim.parse({ ...claim, losses: [{ ...claim.losses[0]!, gaps }] });
  expect(missingSegments([later], []).at(-1)).toEqual({
    replica,
    stream: 'operations',
    from: 1,
    to: 2,
    reason: 'volume_vanished',
  });
});
const sealed = (stream: 'completions' | 'trajectories', ...sequences: number[]) =>
  sequences.map((sequence) => ({ replica, stream, sequence }));

test('the rollouts of a campaign that a vanished volume had records of', () => {
  expect([...lostRollouts([claim], 'demo')]).toEqual(['demo/r1/train.v0/g0/s0']);
});

test('a gap is explained by a lost volume, or told without an explanation', () => {
  expect(missingSegments([claim], [...sealed('completions', 1, 2, 5, 8), ...sealed('trajectories', 2, 3)])).toEqual([
    { replica, stream: 'completions', from: 3, to: 4, reason: 'volume_vanished' },
    { replica, stream: 'completions', from: 6, to: 7, reason: 'unexplained' },
    { replica, stream: 'trajectories', from: 1, to: 1, reason: 'volume_vanished' },
  ]);
  expect(missingSegments([], sealed('completions', 1, 2, 3))).toEqual([]);
});
