import { describe, expect, test } from 'vitest';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { countParameters } from './parameters.ts';
import { shipped } from './shipped.fixture.ts';
import { optimizerBytes, sharers, sumState, trainerState, worldSize } from './trainer-state.ts';

const m27 = (change: (trainer: ProfileSpec['trainer']) => void): ProfileSpec =>
  shipped('minimax-m27-standard', ({ trainer }) => change(trainer));
const gigabytes = ({ model, trainer }: ProfileSpec): number => sumState(trainerState(model, trainer)) / 1e9;
const small = { weights: 'bf16', grads: 'bf16', master: 'fp32', moments: 'bf16' } as const;

describe('the known layouts of MiniMax-M2.7, within 1%', () => {
  test.each([
    ['128 GPUs, TP2 PP2 EP32', { tensor: 2, pipeline: 2, context: 1, data: 32, expert: 32 }, undefined, 48.5],
    ['64 GPUs, TP2 PP2 EP32', { tensor: 2, pipeline: 2, context: 1, data: 16, expert: 32 }, undefined, 70],
    ['64 GPUs, small gradients and moments', { tensor: 2, pipeline: 2, context: 1, data: 16, expert: 32 }, small, 46.6],
    ['32 GPUs, TP2 EP32', { tensor: 2, pipeline: 1, context: 1, data: 16, expert: 32 }, small, 93],
  ])('%s', (_name, parallel, precision, expected) => {
    const profile = m27((trainer) => {
      trainer.parallel = { ...parallel, expertTensor: 1 };
      if (precision !== undefined) trainer.precision = precision;
    });
    expect(Math.abs(gigabytes(profile) / expected - 1)).toBeLessThan(0.01);
  });

  test('the published TP2 PP2 EP4 on 128 GPUs needs 174 GB a GPU even with the optimizer in main memory', () => {
    const profile = m27((trainer) => {
      trainer.parallel = { tensor: 2, pipeline: 2, context: 1, data: 32, expert: 4, expertTensor: 1 };
      trainer.offload = 'optimizer';
    });
    expect(gigabytes(profile)).toBeCloseTo(174.5, 0);
  });

  test('all of it: 4.12 TB, of which 2.74 TB are what an offloaded optimizer takes', () => {
    const { model, trainer } = shipped('minimax-m27-standard');
    const { total } = countParameters(model.architecture);
    expect((total * (2 + 4 + optimizerBytes(trainer))) / 1e12).toBeCloseTo(4.12, 2);
    expect((total * optimizerBytes(trainer)) / 1e12).toBeCloseTo(2.74, 2);
  });
});

test('context parallelism shares the optimizer like data parallelism', () => {
  const { trainer } = shipped('minimax-m27-standard');
  expect(worldSize(trainer)).toBe(64);
  expect(sharers(trainer)).toEqual({ dense: 16, experts: 1 });
  expect(sharers({ ...trainer, shardOptimizer: false })).toEqual({ dense: 1, experts: 1 });
});

test('the stages together hold every parameter once, and a tied embedding twice', () => {
  const { model, trainer } = shipped('minimax-m27-standard');
  const bytes = (stage: 'first' | 'last'): number => trainerState(model, trainer, stage).weights;
  expect(bytes('first')).toBe(bytes('last'));
  const one = shipped('one-gpu');
  const halves = { ...one.trainer, parallel: { ...one.trainer.parallel, pipeline: 2 } };
  const { total, embedding } = countParameters(one.model.architecture);
  const both = trainerState(one.model, halves, 'first').weights + trainerState(one.model, halves, 'last').weights;
  expect(both).toBe(2 * (total + embedding));
});

test('under LoRA only adapters have gradients and moments', () => {
  const { model, trainer } = shipped('cpu');
  const state = trainerState(model, trainer);
  expect(state.weights / 4).toBeCloseTo(countParameters(model.architecture).total + 814_080, 0);
  expect(state.gradients).toBe(4 * 814_080);
  expect(state.optimizer).toBe(8 * 814_080);
});
