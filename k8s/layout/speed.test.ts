import { expect, test } from 'vitest';
import { shipped } from './shipped.fixture.ts';
import { flopsPerToken, generationSpeed, stepWork, timeOf, trainingSpeed } from './speed.ts';

test('operations of a token: 6 N, and attention that grows with the sequence', () => {
  const profile = shipped('minimax-m27-standard');
  expect(flopsPerToken(profile, 0) / 1e9).toBeCloseTo(6 * 10.416, 1);
  const more = flopsPerToken(profile, 4096) - flopsPerToken(profile, 0);
  expect(more).toBe(6 * 62 * 6144 * 4096);
});

test('a published run is met: Qwen3-30B-A3B on 8 H100 at 277 TFLOP/s made 12,040 tokens/s a GPU at 4,096 tokens', () => {
  const profile = shipped('qwen3-30b-a3b', (p) => {
    p.rollout.meanSequenceTokens = 4096;
    p.trainer.mfu = { value: 277 / 989, source: 'NeMo AutoModel, performance summary of April 2026' };
  });
  const perGpu = (trainingSpeed(profile)?.tokensPerSecond ?? 0) / 8;
  expect(Math.abs(perGpu / 12_040 - 1)).toBeLessThan(0.05);
});

test('every speed says what it rests on', () => {
  const profile = shipped('minimax-m27-standard');
  expect(trainingSpeed(profile)?.basis).toContain('assumption');
  expect(generationSpeed(profile)).toMatchObject({ tokensPerSecond: 32 * 480 });
  expect(trainingSpeed(shipped('cpu'))?.basis).toContain('measured');
});

test('without a peak or an MFU there is no training speed, hence no time', () => {
  const profile = shipped('minimax-m27-standard', (p) => Object.assign(p.trainer, { mfu: undefined }));
  expect([trainingSpeed(profile), timeOf(profile, stepWork(profile))]).toEqual([undefined, undefined]);
});

test('side by side the slower of the two counts, by turns both do', () => {
  const apart = shipped('minimax-m27-standard');
  const turns = shipped('minimax-m27-standard', (p) => Object.assign(p, { colocated: true }));
  const [a, b] = [timeOf(apart, stepWork(apart)), timeOf(turns, stepWork(turns))];
  if (a === undefined || b === undefined) throw new Error('no time');
  expect(a.total).toBeCloseTo(Math.max(a.generating, a.training) + a.syncing + a.saving);
  expect(b.total).toBeCloseTo(b.generating + b.training + b.syncing + b.saving);
});
