// What commands ask of campaigns and pilots, on a real server that no worker polls: nothing here waits for a stage.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { sha256 } from '../../contracts/ids.ts';
import { campaignWorkflowId } from '../../contracts/names.ts';
import { firstState, scriptedSpec } from '../../tests/support/scripted-activities.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { createFolderStore } from '../store/folder.ts';
import { type Campaigns, createCampaigns } from './campaigns.ts';
import { pilotName, runPilot } from './pilot.ts';

let server: TestServer;
let folder: string;
let store: ReturnType<typeof createFolderStore>;
let campaigns: Campaigns;

beforeAll(async () => {
  server = await startTemporal();
  folder = mkdtempSync(join(tmpdir(), 'anneal-campaigns-'));
  store = createFolderStore(folder);
  campaigns = createCampaigns(server.client, store);
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const submit = (spec: CampaignSpec) => {
  const specJson = canonicalJson(spec);
  const hash = sha256.parse(createHash('sha256').update(specJson).digest('hex'));
  return campaigns.submit({ spec, specJson, hash }, undefined);
};
/** Submitted and cut off, so that it can be resumed. */
async function resumable(spec: CampaignSpec): Promise<CampaignSpec> {
  await store.createNamed(`campaigns/${spec.name}/spec`, JSON.stringify(await store.put(canonicalJson(spec))));
  return spec;
}
const terminate = (workflowId: string) => server.client.workflow.getHandle(workflowId).terminate('by hand');

describe('a campaign', () => {
  test('that runs is not resumed, and says so by a code of its own', async () => {
    const spec = scriptedSpec('running');
    expect(await submit(spec)).toBe('started');
    expect(await submit(spec)).toBe('attached');
    expect(await campaigns.brokenOff(spec.name)).toBeUndefined();
    await expect(campaigns.resume(spec.name)).rejects.toMatchObject({ code: 'campaign.already_running', exitCode: 1 });
  });

  test('under a name that is taken is refused, whatever else has changed', async () => {
    await submit(scriptedSpec('taken'));
    const reseeded = submit(scriptedSpec('taken', { seed: 2 }));
    await expect(reseeded).rejects.toMatchObject({ code: 'campaign.duplicate_name', exitCode: 2 });
  });

  test('whose workflow was terminated is broken off, not ended; it can be resumed', async () => {
    const spec = scriptedSpec('terminated');
    await submit(spec);
    await terminate(campaignWorkflowId(spec.name));
    const broken = await campaigns.brokenOff(spec.name);
    expect(broken).toMatchObject({ code: 'campaign.broken_off', exitCode: 1 });
    expect(broken?.message).toContain('was terminated: by hand. Go on with ./anneal resume terminated');
    await expect(submit(spec)).rejects.toMatchObject({ code: 'campaign.broken_off' });
    await campaigns.resume(spec.name);
    expect(await campaigns.brokenOff(spec.name)).toBeUndefined();
  });

  test('whose history is lost was broken off; one that had ended before was not', async () => {
    const [lost, over] = [scriptedSpec('lost'), scriptedSpec('over')];
    for (const spec of [lost, over]) {
      const state = { ...firstState(spec), ending: spec === lost ? 'running' : 'refused' };
      await store.createNamed(`campaigns/${spec.name}/state`, JSON.stringify(state));
    }
    expect(await campaigns.brokenOff(lost.name)).toMatchObject({ code: 'campaign.broken_off' });
    expect(await campaigns.brokenOff(over.name)).toBeUndefined();
  });

  test('is listed with its own start, however many runs it has had, and not yet with an end', async () => {
    const spec = scriptedSpec('listed');
    const began = '2026-01-05T09:30:00.000Z';
    await store.createNamed(
      `campaigns/${spec.name}/state`,
      JSON.stringify({ ...firstState(spec), startedAt: began, ending: 'cancelled' }),
    );
    await submit(scriptedSpec('listed-new'));
    await campaigns.resume((await resumable(spec)).name);
    const listed = await vi.waitFor(async () => {
      const all = await campaigns.list();
      expect(all.map((one) => one.name)).toContain('listed-new');
      return all;
    });
    const one = listed.find(({ name }) => name === spec.name);
    // It runs again: how it ended before is over.
    expect(one).toMatchObject({ status: 'running', startedAt: began });
    expect(one).not.toHaveProperty('ending');
    expect(listed.at(-1)?.name).toBe(spec.name);
  });

  test('is listed with how it ended, as Temporal calls every end completed', async () => {
    const endings = ['released', 'refused', 'not-opened', 'cancelled', 'aborted'] as const;
    for (const ending of endings) {
      const spec = scriptedSpec(`over-${ending}`);
      await store.createNamed(`campaigns/${spec.name}/state`, JSON.stringify({ ...firstState(spec), ending }));
    }
    const run = (name: string, status: string) => ({
      ...{ workflowId: `campaign/${name}`, startTime: new Date(), status: { name: status } },
      typedSearchAttributes: { get: (key: { name: string }) => (key.name === 'AnnealCampaign' ? name : undefined) },
    });
    const runs = [...endings.map((ending) => run(`over-${ending}`, 'COMPLETED')), run('never-saved', 'FAILED')];
    const client = { workflow: { list: () => runs } } as unknown as TestServer['client'];
    const listed = await createCampaigns(client, store).list();
    expect(Object.fromEntries(listed.map((one) => [one.name, one.ending]))).toEqual({
      ...Object.fromEntries(endings.map((ending) => [`over-${ending}`, ending])),
      'never-saved': undefined,
    });
  });

  test('has an end only when its run is closed', async () => {
    const spec = scriptedSpec('timed');
    await submit(spec);
    expect(await campaigns.endedAt(spec.name)).toBeUndefined();
    await terminate(campaignWorkflowId(spec.name));
    expect(Date.now() - (await campaigns.endedAt(spec.name))!.getTime()).toBeLessThan(60_000);
    expect(await campaigns.endedAt(scriptedSpec('never').name)).toBeUndefined();
  });

  test('that has released a version is complete', async () => {
    const spec = scriptedSpec('released');
    await submit(spec);
    await terminate(campaignWorkflowId(spec.name));
    const state = { ...firstState(spec), ending: 'released' };
    await store.createNamed(`campaigns/${spec.name}/state`, JSON.stringify(state));
    await expect(campaigns.resume(spec.name)).rejects.toMatchObject({ code: 'campaign.complete' });
    // Nor is a resume advised to who would cancel it.
    await expect(campaigns.cancel(spec.name)).rejects.toMatchObject({ code: 'campaign.complete', exitCode: 1 });
  });

  test('that ended without a release is not cancelled, but can be resumed', async () => {
    const spec = scriptedSpec('kept');
    await submit(spec);
    await terminate(campaignWorkflowId(spec.name));
    await store.createNamed(`campaigns/${spec.name}/state`, JSON.stringify({ ...firstState(spec), ending: 'refused' }));
    await expect(campaigns.cancel(spec.name)).rejects.toMatchObject({ code: 'campaign.not_running' });
  });
});

describe('a pilot', () => {
  const spec = scriptedSpec('measured');
  const onProgress = (): void => {};

  test('is bound to everything that its rollouts are made from', () => {
    const name = pilotName(spec, 4);
    expect(name).toMatch(/^measured-pilot-[0-9a-f]{8}$/);
    expect(pilotName({ ...spec }, 4)).toBe(name);
    const others = [
      pilotName(spec, 5),
      pilotName({ ...spec, seed: 2 }, 4),
      pilotName({ ...spec, tasks: { ...spec.tasks, casesPerTask: 9 } as CampaignSpec['tasks'] }, 4),
      pilotName({ ...spec, harness: { ...spec.harness, temperature: 0.5 } }, 4),
      pilotName({ ...spec, harness: { ...spec.harness, prompt: 'Please: {instruction}' } }, 4),
      pilotName({ ...spec, policy: { ...spec.policy, lora: { rank: 4, alpha: 8, layers: 2 } } }, 4),
    ];
    expect(new Set([name, ...others]).size).toBe(others.length + 1);
  });

  test('is not bound to what it does not ask: rounds, budget, the rates of an earlier one', () => {
    const changed = { ...spec, rounds: 9, tasks: { ...spec.tasks, startingPassRates: 'rates.json' } };
    expect(pilotName(changed, 4)).toBe(pilotName(spec, 4));
  });

  test('of a campaign with the longest name has a name', () => {
    expect(pilotName(scriptedSpec(`a${'b'.repeat(39)}`), 4)).toHaveLength(40);
  });

  test('that is under way is adopted; ended from outside it says so to everyone who waits', async () => {
    const workflowId = `pilot/${pilotName(spec, 1)}`;
    const start = vi.spyOn(server.client.workflow, 'start');
    const ask = () => runPilot(server.client, store, spec, { samples: 1, onProgress });
    const settled = Promise.allSettled([ask(), ask()]);
    // A second one that asked only now would start it anew.
    await vi.waitFor(() =>
      expect(start.mock.settledResults.map((one) => one.type)).toEqual(['fulfilled', 'fulfilled']),
    );
    await terminate(workflowId);
    for (const one of await settled) {
      expect(one.status).toBe('rejected');
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ code: 'pilot.broken_off', message: expect.stringContaining('by hand') });
    }
  });
});
