// What trackers are told of a campaign, from real records, by the W&B adapter to a scripted server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StepMetrics } from '../contracts/job.ts';
import type { Tracker } from '../contracts/tracker.ts';
import { trackingRecord } from '../contracts/tracker.ts';
import { createTrackers } from '../infra/trackers/trackers.ts';
import { type RecordedCampaign, recordCampaign } from '../tests/support/recorded-campaign.ts';
import { type ScriptedWandb, startScriptedWandb } from '../tests/support/scripted-wandb.ts';
import { createTrackingActivities, type TrackingPorts, trackingName } from './tracking.ts';

let root: string;
let campaign: RecordedCampaign;
let server: ScriptedWandb;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-tracking-'));
  [campaign, server] = await Promise.all([recordCampaign(root), startScriptedWandb()]);
  await campaign.start();
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

const wandb = (url = server.url): Tracker => createTrackers(`wandb+${url}/team/p`, { wandbKey: server.key })[0]!;
const GONE = 'http://127.0.0.1:1';
const telling = (trackers: readonly Tracker[], more: Partial<TrackingPorts> = {}) =>
  createTrackingActivities({
    ...{ store: campaign.store, documents: campaign.documents, trackers },
    manifest: async () => ({ seed: 1 }) as never,
    ...more,
  });
const steps = (count: number): StepMetrics[] =>
  Array.from({ length: count }, (_, n) => ({
    ...{ step: n + 1, loss: 1 / (n + 1), kl: 0.5, entropy: 2, clipFraction: 0, gradNorm: 1, meanRatio: 1 },
    ...{ stalenessMin: 0, stalenessMax: 1, samples: 4, tokens: 8, seconds: 0.25, expertLoad: 0.75, note: 'text' },
  }));
async function playRound(count: number): Promise<void> {
  const record = await campaign.finish();
  record.training!.metrics = await campaign.documents.write(steps(count));
}
const run = () => [...server.runs.values()][0]!;
const lines = () => run().history.map((line) => JSON.parse(line!) as Record<string, number>);
async function onRecord(tracker: Tracker) {
  const named = await campaign.store.readNamed(trackingName('quickstart', tracker.name));
  return trackingRecord.parse(JSON.parse(Buffer.from(named!.bytes).toString('utf8')));
}

describe('a telling', () => {
  it('tells a round when it is there, and later only what is new', async () => {
    const { track } = telling([wandb()]);
    await track({ state: campaign.state });
    expect(lines()).toMatchObject([{ 'round/number': 0, 'gate/pass_rate': 0.5, _step: 0 }]);
    await playRound(3);
    await track({ state: campaign.state });
    await playRound(2);
    await track({ state: campaign.state });
    const all = lines();
    expect(all.map((line) => line._step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(all.map((line) => line['train/step'] ?? `round ${line['round/number']}`)).toEqual([
      ...['round 0', 1, 2, 3, 'round 1'],
      ...[4, 5, 'round 2'],
    ]);
    expect(all[2]).toMatchObject({
      'train/loss': 0.5,
      'train/grad_norm': 1,
      'train/staleness_max': 1,
      'train/round': 1,
    });
    // Another algorithm's number is a curve as well; a text is not.
    expect(all[2]).toMatchObject({ 'train/expert_load': 0.75 });
    expect(Object.keys(all[2]!).join()).not.toMatch(/note|train\/step,train\/step/);
    expect(all[4]).toMatchObject({ 'visible/pass_rate': 0.5, 'round/trained': 4, 'round/promoted': 0 });
    const times = all.map((line) => line._timestamp!);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('tells the same of rounds that were archived meanwhile', async () => {
    await playRound(2);
    await playRound(2);
    await telling([wandb()]).track({ state: campaign.state });
    const before = lines();
    const archivedRounds = await campaign.documents.write(campaign.state.rounds.slice(0, 1));
    const state = { ...campaign.state, rounds: campaign.state.rounds.slice(1), archivedRounds };
    // Of a server that has lost the run everything is missing.
    server.runs.clear();
    await telling([wandb()]).track({ state });
    expect(lines()).toEqual(before);
  });

  it('goes on where a worker died', async () => {
    await playRound(4);
    await telling([wandb()]).track({ state: campaign.state });
    const whole = lines();
    run().history.length = 3;
    await telling([wandb()]).track({ state: campaign.state });
    expect(lines()).toEqual(whole);
  });

  it('ends the run with the campaign', async () => {
    const { track } = telling([wandb()]);
    for (const [ending, shown] of [
      ['cancelled', 'killed'],
      ['running', 'running'],
      ['aborted', 'failed'],
      ['released', 'finished'],
    ] as const) {
      await track({ state: { ...campaign.state, ending } });
      expect(run().state, ending).toBe(shown);
    }
    expect(JSON.parse(run().summary)).toMatchObject({ 'campaign/ending': 'released', 'campaign/best_version': 0 });
  });
});

describe('documents', () => {
  it('hold what repeats the campaign, and nothing that a tracker must not see', async () => {
    await playRound(1);
    await campaign.report('released');
    await telling([wandb()]).track({ state: { ...campaign.state, ending: 'released' } });
    const files = Object.fromEntries([...run().files].map(([name, bytes]) => [name, bytes.toString('utf8')]));
    expect(Object.keys(files).sort()).toEqual([
      ...['conservation.json', 'manifest.json', 'policies.json', 'spec.json', 'task-set.json'],
    ]);
    expect(JSON.parse(files['spec.json']!)).toEqual(campaign.spec);
    expect(JSON.parse(files['conservation.json']!)).toMatchObject({ balanced: true });
    expect(JSON.parse(files['task-set.json']!)).toMatchObject({ root: campaign.lock.root });
    for (const text of Object.values(files)) expect(text).not.toMatch(/math\.(sealed|gate|visible)\d/);
  });

  it('are sent once, and again when they change or the run is another', async () => {
    const sent: string[] = [];
    const watched: Tracker = {
      ...wandb(),
      async open(of, cell) {
        const opened = await wandb().open(of, cell);
        return {
          ...opened,
          put: async (document) => {
            sent.push(document.name);
            await opened.put(document);
          },
        };
      },
    };
    const tell = async (state = campaign.state): Promise<string[]> => {
      sent.length = 0;
      await telling([watched]).track({ state });
      return sent.toSorted();
    };
    expect(await tell()).toEqual(['manifest.json', 'policies.json', 'spec.json', 'task-set.json']);
    expect(await tell()).toEqual([]);
    expect(await tell({ ...campaign.state, latest: 1 })).toEqual(['policies.json']);
    server.runs.clear();
    // W&B's run has the same name again, but lacks everything.
    expect(await tell({ ...campaign.state, latest: 1 })).toContain('spec.json');
  });

  it('are joined by the best weights, unless these are too large for a tracker', async () => {
    const adapter = await campaign.store.put('weights');
    const best = { ...campaign.state.policies[0]!, number: 1, adapter, adapterGguf: adapter };
    const state = { ...campaign.state, best: 1, policies: [...campaign.state.policies, best] };
    await telling([wandb()], { weightBytes: 6 }).track({ state });
    expect([...run().files.keys()].filter((name) => name.startsWith('best/'))).toEqual([]);
    expect(run().files.get('policies.json')!.toString('utf8')).toContain(adapter.sha256);
    await telling([wandb()]).track({ state });
    expect(run().files.get('best/adapter.gguf')!.toString('utf8')).toBe('weights');
  });
});

describe('a tracker that fails', () => {
  it('is on record until it has been told everything, and holds up no other', async () => {
    await playRound(2);
    const broken = wandb(GONE);
    const tell = (one: Tracker) => telling([one, wandb()]).track({ state: campaign.state });
    await expect(tell(broken)).rejects.toMatchObject({ code: 'tracker.unavailable' });
    expect(lines()).toHaveLength(4);
    const { problem, points } = await onRecord(broken);
    expect(problem).toMatchObject({ code: 'tracker.unavailable', message: expect.stringContaining(GONE) });
    expect(points).toBe(0);
    expect(await onRecord(wandb())).toMatchObject({
      points: 4,
      url: expect.stringContaining('/team/p/runs/quickstart-'),
    });
    expect((await onRecord(wandb())).problem).toBeUndefined();

    // The same tracker by its name, and now it answers.
    await tell({ ...wandb(), name: broken.name });
    const after = await onRecord(broken);
    expect(after).toMatchObject({ points: 4 });
    expect(after.problem).toBeUndefined();
  });

  it('throws what a retry may cure before what it may not', async () => {
    const refusing = createTrackers(`wandb+${server.url}/team/p`, { wandbKey: 'wrong' })[0]!;
    const { track } = telling([refusing, wandb(GONE)]);
    await expect(track({ state: campaign.state })).rejects.toMatchObject({ code: 'tracker.unavailable' });
    await expect(telling([refusing]).track({ state: campaign.state })).rejects.toMatchObject({
      code: 'tracker.refused',
    });
  });

  it('is no matter where there is none', async () => {
    await telling([]).track({ state: campaign.state });
    expect(await campaign.store.listNamed('campaigns/quickstart/tracking/')).toEqual([]);
  });
});
