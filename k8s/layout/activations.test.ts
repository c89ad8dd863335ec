import { describe, expect, test } from 'vitest';
import type { Architecture, TrainerSpec } from '../../contracts/profile.ts';
import { activations, layerBytesPerToken } from './activations.ts';
import { shipped } from './shipped.fixture.ts';

const { model, trainer } = shipped('minimax-m27-standard');
const a = model.architecture;
const sum = (of: Architecture, by: TrainerSpec, stage: 'first' | 'last' = 'first'): number => {
  const { layers, working, loss } = activations(of, by, stage);
  return layers + working + loss;
};

describe('what a layer keeps of a token', () => {
  test('full recomputation keeps the input: 2 h bytes, hence 2 sbh a layer (arXiv 2205.05198, section 5)', () => {
    expect(layerBytesPerToken(a, 'moe', 'full', 2)).toBe(2 * a.hidden);
  });

  test('a dense layer, counted by hand', () => {
    const one = shipped('one-gpu').model.architecture;
    // In units of h = 1024: input, norm; q 2, k 1, v 1; q and k before their norm 3; attention's output 2; residual, norm; gate 3, up 3, product 3.
    expect(layerBytesPerToken(one, 'dense', 'none', 2)).toBe(2 * 1024 * (2 + 4 + 3 + 2 + 2 + 9) + 4 * 16);
    // Without what the norms and the product give.
    expect(layerBytesPerToken(one, 'dense', 'selective', 2)).toBe(2 * 1024 * (1 + 4 + 3 + 2 + 1 + 6) + 4 * 16);
  });

  test('less with each step of recomputation', () => {
    for (const kind of ['dense', 'moe'] as const) {
      const of = kind === 'moe' ? a : shipped('one-gpu').model.architecture;
      const [none, selective, full] = (['none', 'selective', 'full'] as const).map((how) =>
        layerBytesPerToken(of, kind, how, 2),
      );
      expect(none).toBeGreaterThan(selective ?? 0);
      expect(selective).toBeGreaterThan(full ?? 0);
    }
  });
});

test('tensor and context parallelism divide everything', () => {
  const by = (tensor: number, context: number): TrainerSpec => ({
    ...trainer,
    lossChunkTokens: 1e9,
    parallel: { ...trainer.parallel, tensor, context },
  });
  expect(sum(a, by(4, 2), 'last')).toBeCloseTo(sum(a, by(2, 2), 'last') / 2);
  expect(sum(a, by(2, 4), 'last')).toBeCloseTo(sum(a, by(2, 2), 'last') / 2);
});

test('the first pipeline stage keeps as many micro batches as there are stages, the last one keeps the loss', () => {
  const single = { ...trainer, parallel: { ...trainer.parallel, pipeline: 1 } };
  const [first, last] = [activations(a, trainer, 'first'), activations(a, trainer, 'last')];
  expect(first.layers).toBe(activations(a, single, 'first').layers);
  expect(last.layers).toBe(first.layers / 2);
  expect([first.loss, last.loss > 0]).toEqual([0, true]);
});

test('the quickstart in two pods stays near the 3.3 GB that were measured for 32 shorter sequences', () => {
  const cpu = shipped('cpu');
  const bytes = sum(cpu.model.architecture, { ...cpu.trainer, sequenceTokens: 192 });
  expect(bytes / 1e9).toBeGreaterThan(1.5);
  expect(bytes / 1e9).toBeLessThan(3.5);
});
