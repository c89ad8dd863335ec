// Campaigns whose rollouts overlap with training, on a real Temporal server with scripted activities: the scheduler's decisions are real.
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { campaignWorkflowId } from '../contracts/names.ts';
import type { PipelineGroup, PipelineSpec } from '../contracts/pipeline.ts';
import type { CampaignStatus } from '../contracts/record.ts';
import { play, temporal, withTemporal } from '../tests/support/play-campaign.ts';
import { refOf, type Script, scriptedSpec, type Told } from '../tests/support/scripted-activities.ts';

withTemporal();

const WINDOW: PipelineSpec = {
  mode: 'async',
  scheduler: { kind: 'position-window', outstanding: 4, window: 2 },
};

/** Several rounds take longer than a gate is waited for elsewhere. */
async function someGate(status: () => Promise<CampaignStatus>): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if ((await status().catch(() => undefined))?.openGate !== undefined) return;
    await new Promise((done) => setTimeout(done, 100));
  }
}

/** The plan of the first group, sampled by version 0. */
const HEAD = refOf({ group: 0, by: 0 });

/** Plays a campaign with this pipeline to its end, the sealed split unopened. */
async function overlapped(
  name: string,
  script: Script,
  changes: Partial<CampaignSpec> = {},
  act: (told: Told) => Promise<void> = async () => undefined,
) {
  const given = { pipeline: WINDOW, rounds: 3, ...changes };
  const spec = scriptedSpec(name, given);
  return play(
    name,
    { ...script, pipeline: spec },
    async ({ status, gateOpen, answer, told }) => {
      await act(told);
      await someGate(status);
      await answer(await gateOpen('open-sealed'), 'keep');
    },
    { spec: given },
  );
}

const places = (groups: readonly PipelineGroup[]): number[] => groups.map(({ position }) => position);
const steps = ({ pipeline }: Told): number[][] => [...pipeline!.steps.values()].map(places);
/** Every group that started, in exactly one state. */
function balanced({ pipeline }: Told): { trained: number; givenUp: Record<string, number> } {
  const groups = pipeline!.groups();
  expect(new Set(places(groups)).size).toBe(groups.length);
  const givenUp: Record<string, number> = {};
  let trained = 0;
  for (const { state, gaveUp } of groups) {
    expect((state === 'trained' ? 1 : 0) + (gaveUp === undefined ? 0 : 1)).toBe(1);
    if (gaveUp === undefined) trained += 1;
    else givenUp[gaveUp.reason] = (givenUp[gaveUp.reason] ?? 0) + 1;
  }
  const taken = [...pipeline!.steps.values()].flat();
  expect(new Set(places(taken)).size).toBe(trained);
  return { trained, givenUp };
}

describe('rollouts beside training', () => {
  test('groups of the next round start while one trains, and each is trained on once', async () => {
    const { state, told } = await overlapped('overlap', { passRates: [0.1, 0.3, 0.4, 0.5], jobMs: 1_500 });
    expect(state.rounds.map(({ verdict }) => verdict)).toEqual(['promote', 'promote', 'promote']);
    expect(balanced(told)).toEqual({ trained: 6, givenUp: {} });
    expect(steps(told).flat().toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    const versions = told.pipeline!.groups().map(({ policy }) => policy);
    // Two of the second round began with version 0, before there was another.
    expect(versions).toEqual([0, 0, 0, 0, 1, 1]);
    const ages = told.pipeline!.groups().map(({ taken, version }) => taken!.version - version);
    expect(Math.max(...ages)).toBe(1);
    expect(told.calls.filter((call) => call.startsWith('planTraining'))).toEqual([]);
  });

  test('what reverts takes along what it has sampled', async () => {
    // Version 1 samples groups of the third round while the second trains; the second reverts to version 0.
    const passRates = [0.5, 0.5, 0.1, 0.6];
    const promotion = { ...scriptedSpec('x').promotion, minGain: 0.05 };
    const pipeline = { ...WINDOW, replacements: 0 };
    const { state, told } = await overlapped('undone', { passRates, jobMs: 800 }, { promotion, pipeline });
    expect(state.rounds.map(({ verdict, from }) => [verdict, from])).toEqual([
      ['hold', 0],
      ['revert', 1],
    ]);
    expect(balanced(told)).toEqual({ trained: 4, givenUp: { reverted: 2 } });
    expect(state.stoppedBy).toMatch(/No group/);
  });

  test('what it has taken along is replaced, and the last round played', async () => {
    const promotion = { ...scriptedSpec('x').promotion, minGain: 0.05 };
    const { state, told } = await overlapped('redone', { passRates: [0.5, 0.5, 0.1, 0.9], jobMs: 800 }, { promotion });
    expect(state.rounds.map(({ verdict, from }) => [verdict, from])).toEqual([
      ['hold', 0],
      ['revert', 1],
      ['promote', 0],
    ]);
    expect(balanced(told)).toEqual({ trained: 6, givenUp: { reverted: 2 } });
    expect(steps(told).map(({ length }) => length)).toEqual([2, 2, 2]);
  });

  test('a group whose rollouts all fail is a tombstone, and the others go on', async () => {
    const script: Script = { passRates: [0.1, 0.3, 0.4], brokenRollouts: [0, 1], brokenPlan: HEAD };
    const { state, told } = await overlapped('head', script, { rounds: 2 });
    // Another one is begun for it, of the draw after the last round.
    expect(balanced(told)).toEqual({ trained: 4, givenUp: { failed: 1 } });
    expect(steps(told).map(({ length }) => length)).toEqual([2, 2]);
    expect(steps(told).flat()).toContain(4);
    expect(state.rounds).toHaveLength(2);
  });

  test('a group that hangs is given up and cancelled', async () => {
    const groupMs = ({ sha256 }: { sha256: string }): number => (sha256 === HEAD.sha256 ? 60_000 : 0);
    const pipeline = { ...WINDOW, groupTimeout: '2s', replacements: 0 };
    const { told } = await overlapped('silent-head', { passRates: [0.1, 0.3, 0.4], groupMs }, { pipeline, rounds: 2 });
    expect(balanced(told)).toEqual({ trained: 3, givenUp: { hung: 1 } });
    // Without replacements the last round is smaller.
    expect(steps(told).map(({ length }) => length)).toEqual([2, 1]);
  }, 200_000);

  test('servers of a whole model move while no group runs, and are never closed', async () => {
    const spec = scriptedSpec('x');
    const whole = { compute: 'kubernetes' as const, policy: { ...spec.policy, lora: null } };
    const script: Script = { passRates: [0.1, 0.3, 0.4, 0.5], jobMs: 500, rolloutMs: 300 };
    const { told } = await overlapped('moved', script, whole);
    expect(balanced(told)).toEqual({ trained: 6, givenUp: {} });
    expect(told.movedAmid.length).toBeGreaterThan(5);
    expect(told.movedAmid.filter((running) => running > 0)).toEqual([]);
    expect(told.calls.filter((call) => /^restServers|^closeServers/.test(call))).toEqual(['closeServers']);
  });

  test('a machine that is at fault stops the stage, and what it stopped is played again', async () => {
    const spec = { pipeline: WINDOW, rounds: 2 };
    const script: Script = {
      ...{ passRates: [0.1, 0.3, 0.4], pipeline: scriptedSpec('repaired', spec) },
      ...{ brokenRollouts: [0], brokenPlan: HEAD, brokenWith: 'sandbox.unavailable', brokenTimes: 1 },
    };
    const { state, told } = await play(
      'repaired',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec },
    );
    expect(state.gates[0]?.kind).toBe('job-failed');
    expect(balanced(told)).toEqual({ trained: 4, givenUp: {} });
  });

  test('a budget that is spent gives up what is open', async () => {
    const budget = { tokens: 130, wallClock: '1h', sealedOpenings: 1 };
    const { state, told } = await overlapped('spent', { passRates: [0.1, 0.3, 0.4, 0.5], jobMs: 500 }, { budget });
    expect(state.stoppedBy).toMatch(/token/i);
    const { givenUp } = balanced(told);
    expect(givenUp.ended).toBeGreaterThan(0);
  });

  test('a cancelled campaign leaves its groups open, and ends their workflows', async () => {
    const spec = { pipeline: WINDOW, rounds: 2 };
    const script: Script = { passRates: [0.1, 0.3, 0.4], pipeline: scriptedSpec('left', spec), rolloutMs: 5_000 };
    const { state, told } = await play(
      'left',
      script,
      async ({ status, cancel }) => {
        for (;;) {
          const { stage, pipeline } = await status();
          if (stage === 'rollout' && (pipeline?.running ?? 0) > 0) break;
          await new Promise((done) => setTimeout(done, 50));
        }
        await cancel();
      },
      { spec },
    );
    expect(state.ending).toBe('cancelled');
    expect(told.pipeline!.groups().every(({ gaveUp }) => gaveUp === undefined)).toBe(true);
    const id = `${campaignWorkflowId(state.campaign)}/r1/train`;
    const running = `WorkflowId STARTS_WITH '${id}' AND ExecutionStatus = 'Running'`;
    for (let tries = 0; ; tries += 1) {
      let count = 0;
      for await (const _ of temporal().workflow.list({ query: running })) count += 1;
      if (count === 0) break;
      if (tries === 100) throw new Error(`${count} groups still run`);
      await new Promise((done) => setTimeout(done, 100));
    }
  });

  test('a failed training is asked about, and its round trains on the same groups again', async () => {
    const failure = ApplicationFailure.nonRetryable('broke', 'job.failed');
    const spec = { pipeline: WINDOW, rounds: 1 };
    const script = { passRates: [0.1, 0.3], pipeline: scriptedSpec('again', spec), jobFailures: [failure] };
    const { told } = await play(
      'again',
      script,
      async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'retry');
        await answer(await gateOpen('open-sealed'), 'keep');
      },
      { spec },
    );
    expect(steps(told)).toEqual([[0, 1]]);
    expect(told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(2);
  });
});
