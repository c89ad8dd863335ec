// What a campaign does when a training fails that runs from a repository's code: agents first, a human where they come to nothing.
import { ApplicationFailure } from '@temporalio/client';
import { describe, expect, test, vi } from 'vitest';
import type { CampaignSpec } from '../contracts/campaign.ts';
import { repositoryName } from '../contracts/change.ts';
import { campaignWorkflowId, GATE, QUEUES } from '../contracts/names.ts';
import type { CampaignStatus } from '../contracts/record.ts';
import {
  keepHistory,
  play,
  scriptedDecision,
  startWorkers,
  temporal,
  withTemporal,
} from '../tests/support/play-campaign.ts';
import { firstState, refOf, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { type IncidentScript, machineFault, scriptedIncidents } from '../tests/support/scripted-incidents.ts';

withTemporal();

const failed = (type = 'job.failed') =>
  ApplicationFailure.create({ type, message: 'scripted crash', nonRetryable: true, details: [{ logTail: ['line'] }] });
const fromCode = (incidents: 'propose' | 'none' = 'propose'): Partial<CampaignSpec> => ({
  rounds: 1,
  training: { ...scriptedSpec('x').training, code: { repository: repositoryName.parse('trainer'), incidents } },
});
/** Pass rates that ask nobody to open the sealed split. */
const RATES = { passRates: [0.1, 0.05] };
const look = { timeout: 60_000, interval: 100 };

const incidentAt = (name: string) => temporal().workflow.getHandle(`incident/${name}`);
async function answerMerge(gate: string, option: string): Promise<void> {
  const handle = temporal().workflow.getHandle(`gate/${gate}`);
  const view = () => handle.query<{ context: Parameters<typeof scriptedDecision>[0] }>(GATE.view);
  const { context } = await vi.waitFor(view, look);
  await handle.executeUpdate(GATE.decide, { args: [scriptedDecision(context, option)] });
}
type Api = Parameters<Parameters<typeof play>[2]>[0];

async function mended(
  name: string,
  {
    failures = [failed()],
    spec = fromCode(),
    passRates = RATES.passRates,
    ...script
  }: IncidentScript & {
    failures?: ApplicationFailure[];
    spec?: Partial<CampaignSpec>;
    passRates?: number[];
  },
  act: (api: Api) => Promise<void> = async () => {},
) {
  const incidents = scriptedIncidents(script);
  const played = await play(name, { passRates, jobFailures: failures, incidents }, act, { spec });
  return { ...played, of: incidents.told };
}
const close = async ({ gateOpen, answer }: Api): Promise<void> => {
  await answer(await gateOpen('open-sealed'), 'keep');
};
const facts = (...all: [string, string][]) => all.map(([name, value]) => ({ name, value }));
const asked = ({ told }: Api, gate: string) => told.shown.find((one) => one.gate === gate);
const gates = ({ state }: { state: { gates: readonly { kind: string }[] } }): string[] =>
  state.gates.map(({ kind }) => kind);

describe('a training of a repository’s code that fails', () => {
  test('is given to agents with its logs, is waited for, and is tried again after their merge, without a gate', async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const played = await mended('mended', { hold, ask: 'always' }, async (api) => {
      await vi.waitFor(
        async () =>
          expect(await api.status()).toMatchObject({
            waitingFor: 'agents, who look at it: ./anneal incident show mended-r1-i1',
            activeWorkflow: 'incident/mended-r1-i1',
            error: { code: 'job.failed' },
          }),
        look,
      );
      release();
      await answerMerge('mended-r1-i1.merge-1', 'merge');
      const gate = await api.gateOpen('open-sealed');
      const { waitingFor, error } = await api.status();
      expect([waitingFor, error]).toEqual([`a decision on ${gate}`, undefined]);
      await api.answer(gate, 'keep');
      for (const id of ['incident/mended-r1-i1', 'merges/trainer']) await keepHistory('mended-r1-i1', id);
    });
    expect(gates(played)).toEqual(['open-sealed']);
    expect(played.state.incidents).toEqual([{ incident: 'mended-r1-i1', round: 1, stage: 'train', how: 'merged' }]);
    expect(played.told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(2);
    expect(played.of.calls[0]).toBe('keepLogs mended-r1-train');
    const [analysed] = played.of.analysed;
    expect(analysed).toEqual({ incident: 'mended-r1-i1', logs: [{ name: 'train.log', object: refOf('train.log') }] });
    expect(played.of.ends).toMatchObject([{ how: 'merged' }]);
  });

  const usual = facts(['stage', 'train'], ['error', 'job.failed'], ['retries so far', '0']);

  test('asks a human as before where agents leave it to people, with what they found', async () => {
    const played = await mended('parked', { mends: () => false }, async (api) => {
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)).toMatchObject({ recommended: 'abort', logTail: ['line'] });
      expect(asked(api, gate)?.facts).toEqual([
        ...usual,
        ...facts(
          ['incident', 'parked-r1-i1: parked'],
          ['agents found', 'exception: It divides by zero.'],
          ['not mended', 'no change that was tried is borne out by tests'],
        ),
      ]);
      await api.answer(gate, 'abort');
      await keepHistory('parked-r1-i1', 'incident/parked-r1-i1');
    });
    expect(played.state).toMatchObject({ ending: 'aborted', incidents: [{ how: 'parked' }] });
  });

  test('asks where a human said no to the merge, and where the machine was at fault', async () => {
    const denied = await mended('denied', { ask: 'always' }, async (api) => {
      await answerMerge('denied-r1-i1.merge-1', 'leave');
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts.slice(3)).toEqual(
        facts(['incident', 'denied-r1-i1: denied'], ['agents found', 'exception: It divides by zero.']),
      );
      await api.answer(gate, 'abort');
    });
    expect(denied.state.incidents).toMatchObject([{ how: 'denied' }]);
    const broken = await mended('broken', { landings: [machineFault()] }, async (api) => {
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts.slice(3)).toEqual(
        facts(['incident', 'broken-r1-i1: failed'], ['agents came to nothing', 'store.no_space: scripted']),
      );
      await api.answer(gate, 'abort');
    });
    expect(broken.of.ends).toMatchObject([{ how: 'failed', code: 'store.no_space' }]);
  });

  test('asks where agents could not even be asked', async () => {
    const played = await mended('unkept', { unkept: machineFault() }, async (api) => {
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts.slice(3)).toEqual(
        facts(['incident', 'unkept-r1-i1: failed'], ['agents came to nothing', 'store.no_space: scripted']),
      );
      await api.answer(gate, 'abort');
    });
    expect(played.of.analysed).toEqual([]);
  });

  test('is tried again as well where somebody else’s commit had mended it', async () => {
    const played = await mended('there', { rebased: () => 'nothing-left' }, close);
    expect(gates(played)).toEqual(['open-sealed']);
    expect(played.state.incidents).toMatchObject([{ how: 'not-merged' }]);
  });

  test('after their merge takes that back where it did harm, once, and is tried again', async () => {
    const takesBack = (incident: string): boolean => incident === 'harmed-r1-i1';
    const played = await mended('harmed', { failures: [failed(), failed()], takesBack }, async (api) => {
      await close(api);
      for (const id of ['incident/harmed-r1-i1', 'revert/harmed-r1-i1']) await keepHistory('harmed-r1-i1', id);
    });
    expect(played.state.incidents).toEqual([
      { incident: 'harmed-r1-i1', round: 1, stage: 'train', how: 'merged', revert: 'reverted' },
    ]);
    expect(played.state.landed).toBeUndefined();
    expect(played.of.landed).toHaveLength(2);
    expect(played.of.calls.filter((call) => /Revert/.test(call))).toEqual([
      'considerRevert harmed-r1-i1 training',
      'recordRevert harmed-r1-i1 reverted',
    ]);
    expect(played.told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(3);
  });

  test('that goes well is measured: what agents brought is taken back where that regressed, and only then', async () => {
    const takesBack = (_: string, next: { what: string }): boolean => next.what === 'evaluation';
    // By the rule of the campaign's promotion the second is far worse.
    const worse = await mended('worse-yet', { takesBack, passRates: [0.5, 0.05] }, async (api) => {
      await api.answer(await api.gateOpen('open-sealed'), 'keep');
    });
    expect(worse.state.rounds[0]?.verdict).toBe('revert');
    expect(worse.of.calls.filter((call) => /Revert/.test(call))).toEqual([
      'considerRevert worse-yet-r1-i1 evaluation',
      'recordRevert worse-yet-r1-i1 reverted',
    ]);
    const well = await mended('well-again', { takesBack, passRates: [0.1, 0.6] }, async (api) => {
      await api.answer(await api.gateOpen('open-sealed'), 'keep');
    });
    expect(well.of.calls.filter((call) => /Revert/.test(call))).toEqual([]);
    expect(well.state.landed).toBeUndefined();
  });

  test('is given to agents twice a round; then a human is asked at once', async () => {
    const failures = [failed(), failed('job.out_of_memory'), failed()];
    const played = await mended('thrice', { failures }, async (api) => {
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts).toEqual(
        facts(['stage', 'train'], ['error', 'job.failed'], ['retries so far', '2']),
      );
      await api.answer(gate, 'retry');
      await close(api);
    });
    const names = played.state.incidents?.map(({ incident, how }) => [incident, how]);
    expect(names).toEqual([1, 2].map((number) => [`thrice-r1-i${number}`, 'merged']));
    expect(played.told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(4);
  });

  test.each<[string, Parameters<typeof mended>[1]]>([
    ['a failure that is not the code’s', { failures: [failed('job.no_space')] }],
    ['a job without logs', { logs: [] }],
    ['a campaign that wants no agents', { spec: fromCode('none') }],
    ['a campaign of the installed trainer', { spec: { rounds: 1 } }],
  ])('opens no incident: %s', async (what, script) => {
    const played = await mended(`no-${what.length}`, script, async (api) => {
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts).toHaveLength(3);
      await api.answer(gate, 'abort');
    });
    expect(played.of.analysed).toEqual([]);
    expect(played.state.incidents).toBeUndefined();
  });

  test('a long name is cut, and stays apart from one that begins alike', async () => {
    const names = ['x', 'y'].map((end) => `${'long-'.repeat(7)}name${end}`);
    const incidents: string[] = [];
    for (const name of names) {
      const { state } = await mended(name, { mends: () => false }, async ({ gateOpen, answer }) => {
        await answer(await gateOpen('job-failed'), 'abort');
      });
      incidents.push(state.incidents![0]!.incident);
    }
    for (const name of incidents) expect(name).toMatch(/^long-.*-[0-9a-f]{8}-r1-i1$/);
    expect(new Set(incidents).size).toBe(2);
  });
});

describe('an incident and its campaign', () => {
  test('a campaign that is cancelled while it waits ends, and its incident and its gate with it', async () => {
    const status = async (id: string) => (await temporal().workflow.getHandle(id).describe()).status.name;
    const played = await mended('cancelled', { ask: 'always' }, async ({ cancel }) => {
      const gate = temporal().workflow.getHandle('gate/cancelled-r1-i1.merge-1');
      await vi.waitFor(() => gate.query(GATE.view), look);
      await cancel();
      await vi.waitFor(async () => expect(await status('incident/cancelled-r1-i1')).toBe('CANCELLED'), look);
      await vi.waitFor(async () => expect(await gate.query(GATE.view)).toMatchObject({ state: 'withdrawn' }), look);
    });
    expect(played.state).toMatchObject({ ending: 'cancelled' });
    expect(played.of.landed).toEqual([]);
  });

  test('an incident that somebody ends from outside is no reason to wait for ever', async () => {
    const { promise: hold } = Promise.withResolvers<void>();
    await mended('ended', { hold }, async (api) => {
      await vi.waitFor(() => incidentAt('ended-r1-i1').describe(), look);
      await incidentAt('ended-r1-i1').terminate('by a test');
      const gate = await api.gateOpen('job-failed');
      expect(asked(api, gate)?.facts[3]).toEqual({ name: 'incident', value: 'ended-r1-i1: failed' });
      await api.answer(gate, 'abort');
    });
  });

  test('an incident that outlives its campaign’s run is found by the next one', async () => {
    const { promise: hold, resolve: release } = Promise.withResolvers<void>();
    const incidents = scriptedIncidents({ hold });
    const { told, stop } = await startWorkers({ ...RATES, jobFailures: [failed(), failed()], incidents });
    try {
      const spec = scriptedSpec('outlived', fromCode());
      const options = { workflowId: campaignWorkflowId(spec.name), taskQueue: QUEUES.control };
      const begin = () =>
        temporal().workflow.start('campaign', { ...options, args: [{ spec, state: firstState(spec) }] });
      const waits = async (handle: Awaited<ReturnType<typeof begin>>) =>
        expect(await handle.query<CampaignStatus>('status')).toMatchObject({
          waitingFor: 'agents, who look at it: ./anneal incident show outlived-r1-i1',
        });
      const first = await begin();
      await vi.waitFor(() => expect(incidents.told.analysed).toHaveLength(1), look);
      await first.terminate('by a test');
      const second = await begin();
      await vi.waitFor(() => waits(second), look);
      expect(incidents.told.calls.filter((call) => call === 'pinBase outlived-r1-i1')).toHaveLength(1);
      release();
      await vi.waitFor(async () => {
        const { openGate, state } = await second.query<CampaignStatus>('status');
        expect([openGate?.gate, state.incidents?.length]).toEqual(['outlived.open-sealed-1', 1]);
      }, look);
      expect(incidents.told.landed).toHaveLength(1);
      expect(told.calls.filter((call) => call.startsWith('runJob'))).toHaveLength(3);
      await second.terminate('it has shown what it was for');
    } finally {
      await stop();
    }
  });
});
