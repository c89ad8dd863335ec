// A campaign that promotes by evidence, on a real Temporal server with scripted activities.
import { describe, expect, test } from 'vitest';
import { certifiedSpec } from '../contracts/certified.ts';
import { play, withTemporal } from '../tests/support/play-campaign.ts';
import { scriptedSpec } from '../tests/support/scripted-activities.ts';

withTemporal();

const promotion = (more: object = {}) => ({
  ...scriptedSpec('any').promotion,
  certified: certifiedSpec.parse(more),
});
const MEASURES = /^(planEvaluation|planTraining|judgeCandidate|measureNoise)/;

describe('certified promotion', () => {
  test('measures version 0 twice, each candidate beside the visible part, and the best version again after its promotion', async () => {
    const { state, told } = await play(
      'certified',
      // By its pass rate the last one would be promoted; by evidence it is not.
      {
        passRates: [0.1, 0.4, 0.2, 0.9],
        looks: [{ verdict: 'promote' }, { verdict: 'hold', flagged: ['math'] }, { verdict: 'revert' }],
      },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { rounds: 3, promotion: promotion() } },
    );
    expect(told.calls.filter((call) => MEASURES.test(call))).toEqual([
      ...['planEvaluation gate v0', 'planEvaluation gate again v0', 'planEvaluation visible v0', 'measureNoise'],
      ...['planTraining r1 v0', 'planEvaluation gate v1', 'planEvaluation visible v1', 'judgeCandidate r1 look 1'],
      ...['planEvaluation gate again v1', 'planTraining r2 v1', 'planEvaluation gate v2', 'planEvaluation visible v2'],
      ...['judgeCandidate r2 look 2', 'planTraining r3 v2', 'planEvaluation gate v3', 'planEvaluation visible v3'],
      'judgeCandidate r3 look 3',
    ]);
    expect(state.rounds.map(({ verdict, look }) => [verdict, look?.look])).toEqual([
      ['promote', 1],
      ['hold', 2],
      ['revert', 3],
    ]);
    expect([state.best, state.latest]).toEqual([1, 1]);
    // The first look is held against version 0, later ones against what was measured after the promotion.
    expect(told.judged.map(({ best }) => best.policy)).toEqual(['certified.v0', 'certified.v1', 'certified.v1']);
    expect(told.judged.map(({ certified }) => certified.flagged)).toEqual([[], [], ['math']]);
    expect(told.judged.map(({ certified }) => certified.gap.calm)).toEqual([0, 1, 2]);
    expect(told.judged[1]?.best).toEqual(state.certified?.best?.result);
    expect(state.certified).toMatchObject({ looks: 3, flagged: [], gap: { calm: 3 }, best: { version: 1 } });
  });

  test('asks a human with the evidence where the rule cannot decide', async () => {
    const { state } = await play(
      'certified-ask',
      { passRates: [0.1, 0.4], looks: [{ verdict: 'ask' }] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('promotion'), 'promote');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { rounds: 1, promotion: promotion({ gap: null }) } },
    );
    expect(state.rounds[0]).toMatchObject({ verdict: 'promote', why: 'Scripted ask. A human chose promote.' });
    // Nothing follows that would be held against it.
    expect(state.certified).toMatchObject({ looks: 1 });
    expect(state.certified?.best).toBeUndefined();
    expect(state.certified?.visible).toBeUndefined();
  });

  test('a round that is played again after an abort is the same look', async () => {
    const spec = { rounds: 1, promotion: promotion() };
    const script = { passRates: [0.1, 0.4], looks: [{ verdict: 'ask' as const }, { verdict: 'promote' as const }] };
    const first = await play(
      'certified-left',
      script,
      async ({ gateOpen, cancel }) => {
        await gateOpen('promotion');
        await cancel();
      },
      { spec },
    );
    expect(first.state.ending).toBe('cancelled');
    expect(first.state.certified).toMatchObject({ looks: 0, gap: { calm: 0 } });
    const { told } = await play(
      'certified-left',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('promotion'), 'hold');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec, state: { ...first.state, ending: 'running' } },
    );
    expect(told.judged.map(({ certified }) => certified.looks)).toEqual([0]);
    expect(told.calls).not.toContain('measureNoise');
  });

  test('pauses where the policy is given what it is judged by, once for the same finding', async () => {
    const found = [
      'The prompt harness.prompt shares 3 of 9 runs of words with math.floor#plain, 15 words in one piece.',
    ];
    const { state } = await play(
      'certified-overlap',
      { passRates: [0.1, 0.2, 0.3, 0.4], overlaps: [found, found, [...found, 'Another.']] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('integrity-1'), 'resume');
        await answer(await gateOpen('integrity-2'), 'abort');
      },
      { spec: { rounds: 3, promotion: promotion() } },
    );
    expect(state.ending).toBe('aborted');
    expect(state.round).toBe(2);
    expect(state.gates.map(({ kind, recommended }) => [kind, recommended])).toEqual([
      ['integrity', 'abort'],
      ['integrity', 'abort'],
    ]);
  });
});
