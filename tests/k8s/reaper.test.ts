// What nobody works on any more is ended; what somebody may still want, and what belongs to others, is not.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { createWorkloads, type Workloads } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { serverDeployment } from '../../k8s/manifests/server.ts';
import { ownerName, serverName } from '../../k8s/names.ts';
import { ensureOwner } from '../../k8s/owner.ts';
import { createKubernetesJobRunner } from '../../k8s/runner/runner.ts';
import { createServerFleet } from '../../k8s/servers/fleet.ts';
import { reap } from '../../k8s/servers/reaper.ts';
import { CLOSE_AFTER_MS, REMOVE_AFTER_MS, type SeenCampaign } from '../../policies/reap.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';
import { trainingJob } from '../support/training-job.ts';

const NAMESPACE = 'team-reaper';
const OURS = 's3://anneal/team-a';
const OTHERS = 's3://anneal/team-b';
const access = { address: OURS };
const jobOf = (campaign: string) => `${campaign}-r1-train`;
const attemptOf = (campaign: string) => `${jobOf(campaign)}-a1`;

describe.skipIf(!isBuilt([]))('the reaper', () => {
  let on: TestCluster;
  let workloads: Workloads;
  let folder: string;

  beforeAll(async () => {
    on = await shareTestCluster();
    await on.namespace(NAMESPACE);
    workloads = createWorkloads(on.cluster);
    folder = await mkdtemp(join(tmpdir(), 'anneal-reaper-'));
  }, 120_000);
  afterAll(async () => {
    await on?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 60_000);

  /** An owner with a policy server and a trainer, whose pod waits for a node, as a campaign leaves them when its worker dies. */
  async function leave(campaign: string, place: string): Promise<void> {
    const owner = await ensureOwner(workloads, NAMESPACE, campaign, place);
    const profile = await loadProfile('cpu');
    const store = { address: place };
    const request = { namespace: NAMESPACE, campaign, profile, store, tokenSecret: 'token', owner, avoid: [] };
    await workloads.create(serverDeployment(request));
    const runner = createKubernetesJobRunner({
      cluster: on.cluster,
      store: createFolderStore(folder),
      access: store,
      namespace: NAMESPACE,
      profileOf: async () => profile,
      workload: 'job',
    });
    await runner.submit(trainingJob(jobOf(campaign)));
    await expect.poll(async () => (await on.pods(NAMESPACE, jobOf(campaign))).length).toBe(1);
  }

  const fleetOf = (): ServerFleet =>
    createServerFleet({
      cluster: on.cluster,
      access,
      namespace: NAMESPACE,
      profileOf: () => loadProfile('cpu'),
      tokenSecret: 'token',
      workloads: ['Job'],
      preflight: async () => [],
    });
  const look = (seen: Record<string, Omit<SeenCampaign, 'createdAtMs'>>, fleet = fleetOf()) =>
    reap({
      cluster: on.cluster,
      namespace: NAMESPACE,
      place: OURS,
      fleet,
      look: async (campaign) => {
        const known = seen[campaign];
        if (known === undefined) throw new Error(`nobody should ask for ${campaign}`);
        return known;
      },
    });
  const has = async (kind: string, name: string): Promise<boolean> =>
    (await workloads.read(kind, NAMESPACE, name))?.metadata.deletionTimestamp === undefined &&
    (await workloads.read(kind, NAMESPACE, name)) !== undefined;

  test('ends the servers of what is over, leaves what runs, what may be resumed, and what is not ours', async () => {
    for (const name of ['runs', 'over', 'fresh', 'forgotten']) await leave(name, OURS);
    await leave('theirs', OTHERS);
    const reaped = await look({
      runs: { phase: 'running', closedAtMs: undefined },
      over: { phase: 'closed', closedAtMs: Date.now() - CLOSE_AFTER_MS },
      fresh: { phase: 'closed', closedAtMs: Date.now() - 60_000 },
      forgotten: { phase: 'absent', closedAtMs: undefined },
    });
    expect(reaped).toEqual([{ campaign: campaignName.parse('over'), what: 'close' }]);
    // The trainer before its server.
    expect(await on.pods(NAMESPACE, jobOf('over'))).toEqual([]);
    expect(await has('Job', attemptOf('over'))).toBe(false);
    await expect.poll(() => has('Deployment', serverName('over'))).toBe(false);
    expect(await has('ConfigMap', ownerName('over'))).toBe(true);
    for (const name of ['runs', 'fresh', 'forgotten', 'theirs']) {
      expect(await has('Deployment', serverName(name)), name).toBe(true);
      expect(await has('Job', attemptOf(name)), name).toBe(true);
      expect(await on.pods(NAMESPACE, jobOf(name)), name).toHaveLength(1);
    }
  });

  test('removes all of what was over a day ago, with what it owns', async () => {
    const running = { phase: 'running', closedAtMs: undefined } as const;
    const old = { phase: 'closed', closedAtMs: Date.now() - REMOVE_AFTER_MS } as const;
    const reaped = await look({ runs: running, over: old, fresh: running, forgotten: running });
    expect(reaped).toEqual([{ campaign: campaignName.parse('over'), what: 'remove' }]);
    await expect.poll(() => has('ConfigMap', ownerName('over')), { timeout: 20_000 }).toBe(false);
  });

  test('what another deployment began under that name is neither taken nor ended', { timeout: 60_000 }, async () => {
    const taken = campaignName.parse('taken');
    await leave(taken, OTHERS);
    const theirs = async () => {
      const objects = [
        ['ConfigMap', ownerName(taken)],
        ['Deployment', serverName(taken)],
        ['Job', attemptOf(taken)],
      ] as const;
      const found = await Promise.all(objects.map(([kind, name]) => workloads.read(kind, NAMESPACE, name)));
      return found.map((one) => {
        const { uid, annotations = {}, deletionTimestamp } = one?.metadata ?? {};
        // Controllers annotate what is theirs whenever they come to it.
        const ours = Object.entries(annotations).filter(([name]) => name.startsWith('anneal.dev/'));
        return [uid, ours, deletionTimestamp];
      });
    };
    const before = await theirs();
    const refused = { code: 'cluster.name_taken', message: expect.stringContaining(OTHERS) };
    await expect(ensureOwner(workloads, NAMESPACE, taken, OURS)).rejects.toMatchObject(refused);
    const never = new AbortController().signal;
    const ours = fleetOf();
    await expect(ours.open(taken, never, () => undefined)).rejects.toMatchObject(refused);
    await ours.close(taken);
    expect(await theirs()).toEqual(before);
    // The deployment that it belongs to finds it again.
    const owner = await ensureOwner(workloads, NAMESPACE, taken, OTHERS);
    expect(owner.uid).toBe(before[0]![0]);
  });

  test('a campaign that cannot be read is named and left; those after it are ended all the same', async () => {
    // In the order of their names, which is the list's.
    for (const name of ['a-silent', 'b-stubborn', 'c-over']) await leave(name, OURS);
    const running = { phase: 'running', closedAtMs: undefined } as const;
    const over = { phase: 'closed', closedAtMs: Date.now() - CLOSE_AFTER_MS } as const;
    const seen = { runs: running, fresh: running, forgotten: running, 'b-stubborn': over, 'c-over': over };
    const { close, ...fleet } = fleetOf();
    const stubborn = {
      ...fleet,
      close: async (campaign: CampaignName) => {
        if (campaign === 'b-stubborn') throw new Error('it does not close');
        await close(campaign);
      },
    };
    expect(await look(seen, stubborn)).toEqual([
      { campaign: 'a-silent', what: 'failed', failure: new Error('nobody should ask for a-silent') },
      { campaign: 'b-stubborn', what: 'failed', failure: new Error('it does not close') },
      { campaign: 'c-over', what: 'close' },
    ]);
    await expect.poll(() => has('Deployment', serverName('c-over'))).toBe(false);
    for (const name of ['a-silent', 'b-stubborn']) expect(await has('Deployment', serverName(name)), name).toBe(true);
  });
});
