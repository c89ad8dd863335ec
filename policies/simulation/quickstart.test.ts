// The prediction beside real rounds: those of bench/study that had the machine to themselves. Engines and verification are measured apart from
// them (bench/RESULTS.md), and what a reply has of tokens is each campaign's own; steps of the trainer are drawn from all of them together.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { type Distribution, simulationSpec } from '../../contracts/simulation.ts';
import { tellFigures } from '../../tests/support/told-figures.ts';
import { predictOne } from './predict.ts';

const root = join(import.meta.dirname, '../..');
const spec = simulationSpec.parse(parse(readFileSync(join(root, 'examples/simulate/quickstart.yaml'), 'utf8')));
const studied = z.object({
  document: z.object({
    rounds: z.array(z.looseObject({ tokens: z.number(), seconds: z.number() })),
    stages: z.array(z.looseObject({ stage: z.string(), round: z.number().optional(), seconds: z.number() })),
  }),
});
/** Replies of a round: 12 groups of 8, and 70 of the gate split. */
const REPLIES = 96 + 70;
const ALONE = ['brisk-s2', 'brisk-s3', 'hot-s2', 'hot-s3'];

function study(name: string) {
  const text = readFileSync(join(root, `bench/study/study-${name}.json`), 'utf8');
  const { rounds, stages } = studied.parse(JSON.parse(text)).document;
  const mean = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const of = (stage: string): number =>
    mean(stages.flatMap((one) => (one.stage === stage && one.round !== undefined ? [one.seconds] : [])));
  return {
    tokens: mean(rounds.map(({ tokens }) => tokens)) / REPLIES,
    rolling: of('rollout'),
    round: mean(rounds.map(({ seconds }) => seconds)),
  };
}

/** Replies that reach the limit, and others about half as long, in the measure that gives the mean. */
function replies(mean: number): Distribution {
  const long = Math.round((100 * (mean - 25)) / (48 - 25));
  const values = Array.from({ length: 100 }, (_, index) => (index < long ? 48 : 25));
  return { values, source: 'bench/study: tokens of the rounds' };
}

describe('the quickstart, predicted', () => {
  const gathered = { predicted: 0, measured: 0 };
  it.for(ALONE)('the rounds of %s, within a tenth', (name, { task }) => {
    const { tokens, rolling, round } = study(name);
    const played = predictOne(
      { ...spec, rollout: { ...spec.rollout, tokens: replies(tokens) } },
      { devices: 2, trainerShare: undefined },
      { kind: 'synchronous' },
    );
    if (played.kind !== 'predicted') throw new Error(played.reason);
    const predicted = played.seconds / spec.steps;
    tellFigures(task, { error: Math.abs(predicted / round - 1) });
    expect(Math.abs(predicted / round - 1), `${predicted} s, ${round} s measured`).toBeLessThan(0.1);
    gathered.predicted += predicted * (1 - played.trainer.training - played.trainer.syncing);
    gathered.measured += rolling;
  });

  it('their rollouts together, within a tenth', ({ task }) => {
    const { predicted, measured } = gathered;
    tellFigures(task, { error: Math.abs(predicted / measured - 1) });
    expect(Math.abs(predicted / measured - 1), `${predicted} s, ${measured} s measured`).toBeLessThan(0.1);
  });
});
