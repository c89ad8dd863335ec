import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { pipelineSpec } from '../../contracts/pipeline.ts';
import type { Prediction, SimulationResult } from '../../contracts/prediction.ts';
import { predicted } from '../../policies/simulation/spec.fixture.ts';
import { chosenPipeline } from './choose.ts';

const result = (predictions: Prediction[]): SimulationResult => ({
  ...{ schema: 'anneal/simulation/v1', name: 'told', seed: 1, assumptions: [], predictions },
});
const best = (of: Prediction, scheduler: Prediction['scheduler']): Prediction => ({ ...of, best: true, scheduler });

it('writes the best in groups, as a campaign takes it', () => {
  const one = predicted();
  const window = { kind: 'position-window', batch: 96, outstanding: 192, window: 58 } as const;
  const lines = chosenPipeline(result([{ ...one, best: false }, best(one, window)]), 8);
  const { pipeline } = parse(lines.join('\n')) as { pipeline: unknown };
  expect(pipelineSpec.parse(pipeline)).toEqual({
    mode: 'async',
    scheduler: { kind: 'position-window', outstanding: 24, window: 7 },
  });
  // (24 + 7 - 2) ÷ 12, rounded down.
  expect(lines).toContain('# training: { maxStaleness: 2 }, or more');
  for (const scheduler of [
    { kind: 'age-window', batch: 96, outstanding: 192, maxAge: 1 },
    { kind: 'admission-budget', batch: 96, eta: 1.5 },
  ] as const) {
    const written = parse(chosenPipeline(result([best(one, scheduler)]), 8).join('\n')) as { pipeline: unknown };
    expect(pipelineSpec.parse(written.pipeline).scheduler.kind).toBe(scheduler.kind);
  }
});

it('writes no pipeline where turns are best, or nothing is within the limits', () => {
  const one = predicted();
  const turns = chosenPipeline(result([best(one, { kind: 'synchronous', batch: 96 })]), 8);
  expect(parse(turns.join('\n'))).toBeNull();
  expect(chosenPipeline(result([{ ...one, best: false }]), 8)[0]).toContain('within the limits');
});
