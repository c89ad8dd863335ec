// What a campaign does when a stage, a job or a rollout fails.
import { ApplicationFailure } from '@temporalio/client';
import { describe, expect, test } from 'vitest';
import { judgeSpec } from '../contracts/judge.ts';
import { play, withTemporal } from '../tests/support/play-campaign.ts';
import { refOf, scriptedSpec } from '../tests/support/scripted-activities.ts';

withTemporal();

describe('failures', () => {
  test('a failed job opens a gate with its reason; retry goes on', async () => {
    const failure = ApplicationFailure.create({
      type: 'job.failed',
      message: 'scripted crash',
      nonRetryable: true,
      details: [{ logTail: ['line 1', 'line 2'] }],
    });
    const { state } = await play(
      'crash',
      { passRates: [0.1, 0.2, 0.3], jobFailures: [failure] },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('job-failed');
        expect((await status()).error).toEqual({ code: 'job.failed', message: 'scripted crash' });
        await answer(gate, 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(state.rounds).toHaveLength(2);
    expect(state.gates[0]?.kind).toBe('job-failed');
  });

  test('a judge is measured before anything is built; one that is refused pauses the campaign, and is measured again', async () => {
    const refused = ApplicationFailure.nonRetryable('accepts 14 of 24 right artifacts (58.3%)', 'judge.refused');
    const judge = judgeSpec.parse({
      ...{ endpoint: 'http://127.0.0.1:1/v1', model: 'judge-8b', family: 'scripted' },
      calibration: 'set.json',
    });
    const { state, told } = await play(
      'judged',
      { passRates: [0.1, 0.2], judgeRefusals: [refused] },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('job-failed');
        const { error, state: now } = await status();
        expect(error).toMatchObject({ code: 'judge.refused', message: expect.stringContaining('58.3%') });
        expect(now.judge).toBeUndefined();
        await answer(gate, 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec: { rounds: 1, judge } },
    );
    const before = told.calls.slice(0, told.calls.indexOf('buildTaskSet'));
    expect(before.filter((call) => call === 'calibrateJudge')).toHaveLength(2);
    // Once a campaign, however many runs its rounds take.
    expect(told.calls.filter((call) => call === 'calibrateJudge')).toHaveLength(2);
    expect(state.judge).toEqual(refOf({ judge: 'judged' }));
    expect(state.stages[0]?.stage).toBe('calibrate');
  });

  test('abort leaves a state that resume starts from', async () => {
    const failure = ApplicationFailure.nonRetryable('scripted', 'job.configuration');
    const { state } = await play(
      'abort',
      { passRates: [0.1], jobFailures: [failure] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'abort');
      },
    );
    expect(state.ending).toBe('aborted');
    expect(state.round).toBe(0);
  });

  test('integrity alarms beyond the limit pause the campaign until a human has looked, listed or not; a single one does not', async () => {
    const { state } = await play(
      'alarmed',
      { passRates: [0.1, 0.2, 0.3], alarms: [1, 2], unlisted: ['integrity'] },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('integrity');
        expect((await status()).state.rounds).toHaveLength(1);
        await answer(gate, 'resume');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(state.rounds.map(({ ledger }) => ledger.masked)).toEqual([{ integrity_alarm: 1 }, { integrity_alarm: 2 }]);
    expect(state.gates[0]).toMatchObject({ kind: 'integrity', recommended: 'abort', result: { option: 'resume' } });
  });

  test('who does not want to go on after alarms ends the campaign, and nothing of that round is kept', async () => {
    const { state } = await play('stopped', { passRates: [0.1, 0.2], alarms: [3] }, async ({ gateOpen, answer }) => {
      await answer(await gateOpen('integrity'), 'abort');
    });
    expect(state).toMatchObject({ ending: 'aborted', round: 0, rounds: [] });
  });

  test('a rollout that fails for good masks its sample and the round goes on', async () => {
    const { told } = await play(
      'masked',
      { passRates: [0.1, 0.2, 0.3], brokenRollouts: [1] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(told.calls).toContain('mask 1 infrastructure_failure gateway.bad_request');
  });

  test('a machine that cannot roll out masks nothing: the stage stops and asks, and a retry goes on', async () => {
    const { state, told } = await play(
      'machine',
      { passRates: [0.1, 0.2, 0.3], brokenRollouts: [2], brokenWith: 'sandbox.unavailable', brokenTimes: 1 },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('job-failed');
        expect((await status()).error?.code).toBe('sandbox.unavailable');
        await answer(gate, 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(told.calls.filter((call) => call.startsWith('mask'))).toEqual([]);
    expect(state.rounds).toHaveLength(2);
  });

  test('a gateway that stays away masks nothing either', async () => {
    const { told } = await play(
      'away',
      { passRates: [0.1, 0.2, 0.3], brokenRollouts: [0], brokenWith: 'stack.gateway_unavailable', brokenTimes: 1 },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
    );
    expect(told.calls.filter((call) => call.startsWith('mask'))).toEqual([]);
  });

  test('a job that never ends is not waited for for ever: its time limit opens a gate that names it', async () => {
    await play(
      'endless',
      { passRates: [0.1], jobMs: 60_000 },
      async ({ gateOpen, answer, status }) => {
        const gate = await gateOpen('job-failed');
        expect((await status()).error).toEqual({
          code: 'campaign.stage_timed_out',
          message: expect.stringMatching(/^runJob: no answer within its .*-close limit$/),
        });
        await answer(gate, 'abort');
      },
      { spec: { training: { ...scriptedSpec('x').training, timeout: '2s' } } },
    );
  });

  test('a failure that may pass is advised to be tried again, and not for ever', async () => {
    const failure = () => ApplicationFailure.nonRetryable('scripted', 'job.accelerator');
    const { told, state } = await play(
      'node',
      { passRates: [0.1], jobFailures: [failure(), failure(), failure()] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed-1'), 'retry');
        await answer(await gateOpen('job-failed-2'), 'retry');
        await answer(await gateOpen('job-failed-3'), 'abort');
      },
    );
    expect(told.calls.filter((call) => call.startsWith('freezeEvidence'))).toEqual([
      'freezeEvidence node.job-failed-1 recommends retry',
      'freezeEvidence node.job-failed-2 recommends retry',
      'freezeEvidence node.job-failed-3 recommends abort',
    ]);
    expect(state.ending).toBe('aborted');
  });

  test('a gate that is not critical takes its recommended option by itself, on record; the two closing ones never do', async () => {
    const failure = ApplicationFailure.nonRetryable('scripted', 'job.accelerator');
    const { state, told } = await play(
      'unlisted',
      { passRates: [0.1, 0.3, 0.2], jobFailures: [failure], unlisted: ['job-failed', 'open-sealed', 'release'] },
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('open-sealed'), 'open');
        await answer(await gateOpen('release'), 'release');
      },
    );
    expect(state.gates.map((g) => [g.kind, g.result?.how, g.result?.option])).toEqual([
      ['job-failed', 'automatic', 'retry'],
      ['open-sealed', 'decided', 'open'],
      ['release', 'decided', 'release'],
    ]);
    expect(told.calls.filter((call) => call.startsWith('runJob unlisted-r1'))).toHaveLength(2);
    expect(state.ending).toBe('released');
  });
});
