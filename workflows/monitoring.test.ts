// What a campaign does about what is seen in a training that still runs, on a real Temporal server.
import { describe, expect, test, vi } from 'vitest';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { repositoryName } from '../contracts/change.ts';
import { type Sighting, sighting } from '../contracts/monitor.ts';
import { campaignWorkflowId, GATE, MONITOR } from '../contracts/names.ts';
import { keepHistory, play, temporal, withTemporal } from '../tests/support/play-campaign.ts';
import { refOf, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { scriptedIncidents } from '../tests/support/scripted-incidents.ts';

withTemporal();

type Act = NonNullable<CampaignSpec['monitor']>['act'];
const look = { timeout: 60_000, interval: 100 };
/** Pass rates that ask nobody to open the sealed split. */
const RATES = { passRates: [0.1, 0.05] };
const spec = (act: Act, more: Partial<CampaignSpec> = {}): Partial<CampaignSpec> => ({
  ...{ rounds: 1, monitor: { act, hangAfter: '1m' } },
  ...more,
});
const CODE = {
  ...scriptedSpec('x').training,
  code: { repository: repositoryName.parse('trainer'), incidents: 'propose' as const },
};
const seen = (name: string, more: Partial<Sighting> = {}): Sighting =>
  sighting.parse({
    ...{ schema: 'anneal/sighting/v1', job: `${name}-r1-train`, specHash: '1'.repeat(64), cause: 'nan-or-inf' },
    ...{ summary: 'A number became NaN or infinite: loss is nan.', confidence: 0.92, step: 7 },
    ...{ at: '2031-02-03T04:05:06.000Z', lines: ['step 7 loss nan'], diagnosis: refOf('diagnosis') },
    ...{ logs: [{ name: 'log', object: refOf('log') }], ...more },
  });
const raise = (name: string, one: Sighting) =>
  temporal()
    .workflow.getHandle(campaignWorkflowId(name as never))
    .signal(MONITOR.sighted, one);

type Api = Parameters<Parameters<typeof play>[2]>[0];
const training = async ({ told }: Api, times = 1): Promise<unknown> =>
  vi.waitFor(() => expect(told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(times), look);
const did = ({ state }: { state: { sightings?: readonly { cause: string; did: string }[] | undefined } }) =>
  state.sightings?.map(({ cause, did }) => `${cause} ${did}`);
const close = async ({ gateOpen, answer }: Api): Promise<void> => {
  await answer(await gateOpen('open-sealed'), 'keep');
};

describe('what no step heals', () => {
  test('is asked about while the job runs; a job that is stopped is a failed training, with what was seen', async () => {
    const played = await play(
      'asked',
      { ...RATES, jobMs: 60_000 },
      async (api) => {
        await training(api);
        // By an attempt that was killed before it knew that it had been heard.
        for (const _ of [1, 2, 3]) await raise('asked', seen('asked'));
        const gate = await api.gateOpen('monitor');
        expect(await api.status()).toMatchObject({ stage: 'train', waitingFor: `a decision on ${gate}` });
        expect(api.told.shown.at(-1)).toMatchObject({
          recommended: 'stop',
          safe: 'go-on',
          logTail: ['step 7 loss nan'],
        });
        await api.answer(gate, 'stop');
        const failed = await api.gateOpen('job-failed');
        expect(api.told.calls).toContain('cancelJob asked-r1-train');
        expect((await api.status()).error).toEqual({
          code: 'job.unsound',
          message: 'asked-r1-train was stopped for nan-or-inf: A number became NaN or infinite: loss is nan.',
        });
        await api.answer(failed, 'abort');
      },
      { spec: spec('ask') },
    );
    expect(did(played)).toEqual(['nan-or-inf stopped']);
    expect(played.state.gates.map(({ kind }) => kind)).toEqual(['monitor', 'job-failed']);
    expect(played.state.ending).toBe('aborted');
  });

  test('goes on where a human says so, and is not asked about again', async () => {
    const played = await play(
      'went-on',
      { ...RATES, jobMs: 6_000 },
      async (api) => {
        await training(api);
        await raise('went-on', seen('went-on'));
        await api.answer(await api.gateOpen('monitor'), 'go-on');
        await raise('went-on', seen('went-on'));
        await close(api);
      },
      { spec: spec('ask') },
    );
    expect(did(played)).toEqual(['nan-or-inf went-on']);
    expect(played.state.rounds).toHaveLength(1);
    expect(played.state.gates.map(({ kind }) => kind)).toEqual(['monitor', 'open-sealed']);
  });

  test('takes its question back when the job ends first', async () => {
    const played = await play(
      'ended',
      { ...RATES, jobMs: 4_000 },
      async (api) => {
        await training(api);
        await raise('ended', seen('ended'));
        const gate = await api.gateOpen('monitor');
        const handle = temporal().workflow.getHandle(`gate/${gate}`);
        await vi.waitFor(async () => expect(await handle.query(GATE.view)).toMatchObject({ state: 'withdrawn' }), look);
        const sealed = await api.gateOpen('open-sealed');
        expect(await api.status()).toMatchObject({ waitingFor: `a decision on ${sealed}` });
        await api.answer(sealed, 'keep');
      },
      { spec: spec('ask') },
    );
    expect(did(played)).toEqual(['nan-or-inf asked']);
    expect(played.state.rounds).toHaveLength(1);
  });

  test('stops the job without a question where the campaign says so; what may pass is only told', async () => {
    const played = await play(
      'stopped',
      { ...RATES, jobMs: 60_000 },
      async (api) => {
        await training(api);
        await raise('stopped', seen('stopped', { cause: 'throughput-drop', confidence: 0.8 }));
        await raise('stopped', seen('stopped', { cause: 'disk-full' }));
        const failed = await api.gateOpen('job-failed');
        expect((await api.status()).error?.code).toBe('job.no_space');
        await api.answer(failed, 'abort');
      },
      { spec: spec('stop') },
    );
    expect(did(played)).toEqual(['throughput-drop told', 'disk-full stopped']);
    expect(played.state.gates.map(({ kind }) => kind)).toEqual(['job-failed']);
  });
});

test('a campaign that wants nobody to watch asks no job to be watched, and hears nothing', async () => {
  const played = await play(
    'unwatched',
    { ...RATES, jobMs: 1_500 },
    async (api) => {
      await training(api);
      await raise('unwatched', seen('unwatched'));
      await close(api);
    },
    { spec: spec('none') },
  );
  expect(did(played)).toBeUndefined();
});

describe('where the trainer comes from a repository', () => {
  test('agents are given it while the job runs; once it is stopped the campaign waits for the same incident, and tries again', async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const incidents = scriptedIncidents({ hold });
    const played = await play(
      'early',
      { ...RATES, jobMs: 8_000, incidents },
      async (api) => {
        await training(api);
        await raise('early', seen('early'));
        await vi.waitFor(() => expect(incidents.told.analysed).toHaveLength(1), look);
        await vi.waitFor(
          async () =>
            expect(await api.status()).toMatchObject({
              waitingFor: 'agents, who look at it: ./anneal incident show early-r1-i1',
              error: { code: 'job.unsound' },
            }),
          look,
        );
        release();
        await training(api, 2);
        // The same cause in what was mended is another sighting.
        await raise('early', seen('early', { specHash: '2'.repeat(64) as never, cause: 'loss-spike' }));
        await close(api);
        await keepHistory('early-r1-i1', 'incident/early-r1-i1');
      },
      { spec: spec('stop', { training: CODE }) },
    );
    expect(did(played)).toEqual(['nan-or-inf stopped', 'loss-spike told']);
    expect(played.state.incidents).toEqual([{ incident: 'early-r1-i1', round: 1, stage: 'train', how: 'merged' }]);
    expect(incidents.told.analysed[0]).toEqual({
      incident: 'early-r1-i1',
      logs: [{ name: 'log', object: refOf('log') }],
    });
    expect(incidents.told.calls.filter((call) => call.startsWith('keepLogs'))).toEqual([]);
    expect(played.state.sightings?.map(({ incident }) => incident)).toEqual(['early-r1-i1', 'early-r1-i2']);
  });
});
