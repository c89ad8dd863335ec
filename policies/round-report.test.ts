// A round in facts, as its records have them.
import { expect, test } from 'vitest';
import { stepMetrics } from '../contracts/job.ts';
import { sightingRecord } from '../contracts/monitor.ts';
import { fixtureReport } from '../tests/fixtures/report.fixture.ts';
import { refOf } from '../tests/support/scripted-ref.ts';
import { roundReports, roundSentences } from './round-report.ts';

const { state } = fixtureReport();
const step = (round: number, number: number, loss: number) => ({
  ...stepMetrics.parse({
    ...{ step: number, loss, kl: 0.01, entropy: 1.5 - number / 10, clipFraction: 0, gradNorm: number, meanRatio: 1 },
    ...{ stalenessMin: 0, stalenessMax: 0, samples: 4, tokens: 100, seconds: 2 },
  }),
  round,
});
const seen = sightingRecord.parse({
  ...{ job: 'x-r9-train', specHash: '1'.repeat(64), cause: 'nan-or-inf', summary: 'The loss is nan.', confidence: 0.9 },
  ...{ step: 7, at: '2031-02-03T04:05:06.000Z', diagnosis: refOf('d'), round: 9, did: 'stopped', incident: 'x-r9-i1' },
});

test('each finished round with what its own steps, samples and measurements say', () => {
  const steps = [step(1, 1, 2), step(1, 2, 1.25), step(2, 1, 9)];
  const [first] = roundReports(state, steps);
  const record = state.rounds[0]!;
  expect(first).toMatchObject({
    ...{ round: 1, verdict: record.verdict, cost: { tokens: record.tokens, seconds: record.seconds } },
    training: { steps: 2, seconds: 4, loss: { first: 2, last: 1.25 }, gradNorm: 2, broken: 0 },
    samples: { requested: record.ledger.requested, trained: record.ledger.trained },
    sightings: [],
  });
  expect(roundSentences(first!)[0]).toBe(
    '2 steps in 4 s: loss 2 to 1.25, entropy 1.4 to 1.3, KL 0.01 at the end, gradient norm 2 at most.',
  );
});

test('a round that was stopped has no verdict, but what was seen and who was given it', () => {
  const last = roundReports({ ...state, sightings: [seen], incidents: [] }, []).at(-1)!;
  expect(last).toMatchObject({ round: 9, incidents: [{ incident: 'x-r9-i1', how: 'not waited for' }] });
  expect(last.verdict).toBeUndefined();
  expect(roundSentences(last)).toEqual([
    'Seen while it ran, at step 7: nan-or-inf. The loss is nan. Then the job was stopped.',
    'Agents: x-r9-i1, not waited for.',
  ]);
});

test('numbers that are none are counted, not averaged away', () => {
  const [first] = roundReports(state, [step(1, 1, 2), { ...step(1, 2, 1), loss: Number.NaN }]);
  expect(first!.training!.broken).toBe(1);
  expect(roundSentences(first!)[0]).toContain('loss 2 to NaN');
});
