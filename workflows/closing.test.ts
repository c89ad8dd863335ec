// The end of a campaign when it does not go straight: cancelled, resumed, without a report.
import { ApplicationFailure } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { play, withTemporal } from '../tests/support/play-campaign.ts';

withTemporal();

const passRates = [0.1, 0.2, 0.3];

describe('closing', () => {
  test('an opening that was granted is not asked for again after a cancel: the resumed campaign measures by it', async () => {
    const first = await play(
      'reopened',
      { passRates, rolloutMs: 100 },
      async ({ gateOpen, answer, cancel, told, status }) => {
        await answer(await gateOpen('open-sealed'), 'open');
        while (!told.calls.some((call) => call.startsWith('planEvaluation sealed'))) await status();
        await cancel();
      },
    );
    expect(first.state).toMatchObject({ ending: 'cancelled', gates: [{ kind: 'open-sealed' }] });
    expect(first.state.sealed).toBeUndefined();

    const { state, told } = await play(
      'reopened',
      { passRates },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('release'), 'release');
      },
      { state: { ...first.state, ending: 'running' } },
    );
    expect(told.calls.filter((call) => call.startsWith('freezeEvidence'))).toEqual([
      'freezeEvidence reopened.release-1 recommends release',
    ]);
    expect(state.ending).toBe('released');
    expect(state.sealed).toBeDefined();
  });

  test('a report that cannot be written is told and hides nothing that was decided', async () => {
    const reportFailure = ApplicationFailure.nonRetryable('scripted', 'store.no_space');
    const { state } = await play('unreported', { passRates, reportFailure }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('open-sealed'), 'keep');
    });
    expect(state.ending).toBe('not-opened');
    expect(state.rounds).toHaveLength(2);
  });

  test('the time that humans take, and that between an end and a resume, costs no budget', async () => {
    const { state } = await play(
      'patient',
      { passRates },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      {
        spec: { budget: { tokens: 100_000, wallClock: '1h', sealedOpenings: 1 } },
        state: {
          startedAt: new Date(Date.now() - 72 * 3_600_000).toISOString(),
          stages: [{ stage: 'decide', round: 1, seconds: 7_200 }],
        },
      },
    );
    expect(state.stoppedBy).toBeUndefined();
    expect(state.rounds).toHaveLength(2);
  });

  test('time at work does cost budget', async () => {
    const { state } = await play(
      'spent',
      { passRates },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      {
        spec: { budget: { tokens: 100_000, wallClock: '1h', sealedOpenings: 1 } },
        state: { stages: [{ stage: 'rollout', round: 1, seconds: 7_200 }] },
      },
    );
    expect(state.stoppedBy).toMatch(/0 s are left/);
    expect(state.rounds).toHaveLength(0);
  });
});
