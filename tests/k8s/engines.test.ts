// vLLM engines of a campaign on a real API server with LeaderWorkerSet's controller: opened, found, put to rest, closed. No kubelet:
// what one would say of the pods is written by hand.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import type { ProfileSpec } from '../../contracts/profile.ts';
import type { Pod } from '../../k8s/cluster/objects.ts';
import { createWorkloads } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { serverLabels } from '../../k8s/manifests/server.ts';
import { serverName } from '../../k8s/names.ts';
import { createEngineAddresses } from '../../k8s/servers/directory.ts';
import { createServerFleet } from '../../k8s/servers/fleet.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

const PARTS = ['lws'] as const;
const NAMESPACE = 'team-a';
const ENGINES = 2;
const MINUTE = 60_000;
const never = new AbortController().signal;

describe.skipIf(!isBuilt(PARTS))('engines', () => {
  let on: TestCluster;
  let base: ProfileSpec;
  let made = 0;
  let campaign = campaignName.parse('served');

  beforeAll(async () => {
    on = await startTestCluster(PARTS);
    await on.namespace(NAMESPACE);
    const { rollout, ...profile } = await loadProfile('qwen3-30b-a3b');
    // No queue: nobody is there to admit.
    base = {
      ...profile,
      rollout: { ...rollout, engines: ENGINES },
      scheduling: { ...profile.scheduling, queue: undefined, priorityClass: undefined },
    } as ProfileSpec;
  }, 4 * MINUTE);
  afterAll(() => on?.stop(), MINUTE);
  beforeEach(() => {
    campaign = campaignName.parse(`served-${made++}`);
  });

  const fleetOf = (change: Partial<ProfileSpec> = {}): ServerFleet =>
    createServerFleet({
      ...{ cluster: on.cluster, access: { address: 's3://anneal/team-a' }, namespace: NAMESPACE },
      ...{ tokenSecret: 'anneal-policy', workloads: ['Job'] },
      profileOf: async () => ({ ...base, ...change }),
      preflight: async () => [],
    });
  const leaders = (): Promise<Pod[]> => createWorkloads(on.cluster).pods(NAMESPACE, serverLabels(campaign));
  const addresses = () => createEngineAddresses({ cluster: on.cluster, namespace: NAMESPACE })(campaign);
  const set = () => createWorkloads(on.cluster).read('LeaderWorkerSet', NAMESPACE, serverName(campaign));

  /** What a kubelet says of a container that runs, and whether its probe is answered. */
  async function run(pod: Pod, address: string, ready: boolean): Promise<void> {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    await on.report(pod, { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions });
  }

  /** Ends pods at once, as a kubelet does when their containers have ended. */
  async function end(): Promise<void> {
    for (const { metadata } of await leaders()) {
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}`;
      await on.cluster.ask({ method: 'DELETE', path, body: { gracePeriodSeconds: 0 } }, [404]);
    }
  }

  async function open(fleet: ServerFleet): Promise<void> {
    const waits: string[] = [];
    const opening = fleet.open(campaign, never, (why) => waits.push(why));
    await expect.poll(leaders).toHaveLength(ENGINES);
    const [first, second] = await leaders();
    await run(first!, '10.0.0.1', true);
    await expect.poll(() => waits.at(-1)).toMatch(/^1 of 2 ready/);
    await run(second!, '10.0.0.2', true);
    await opening;
  }

  test('are there when every one of them answers, each at its own address', { timeout: MINUTE }, async () => {
    await open(fleetOf());
    expect(await addresses()).toEqual(['http://10.0.0.1:8000', 'http://10.0.0.2:8000']);
    // One that loads weights answers no probe, and must be found all the same.
    await run((await leaders())[0]!, '10.0.0.1', false);
    expect(await addresses()).toHaveLength(ENGINES);
    // What was opened is adopted.
    const before = (await set())!.metadata.uid;
    await run((await leaders())[0]!, '10.0.0.1', true);
    await fleetOf().open(campaign, never, () => undefined);
    expect((await set())!.metadata.uid).toBe(before);
    await fleetOf().close(campaign);
    await end();
    await expect.poll(set).toBeUndefined();
    await expect(addresses()).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  });

  test('rest only where the trainer needs their GPUs, and until their pods are gone', { timeout: MINUTE }, async () => {
    const apart = fleetOf({ colocated: false });
    await open(apart);
    expect(await apart.rest(campaign, never)).toBe(false);
    expect(await set()).toBeDefined();
    let rested = false;
    const resting = fleetOf({ colocated: true })
      .rest(campaign, never)
      .then((answer) => {
        rested = answer;
      });
    await expect.poll(async () => (await set())?.metadata.deletionTimestamp ?? 'gone').toBeTruthy();
    // Longer than between two looks at the pods.
    await sleep(2_500);
    expect(rested).toBe(false);
    await end();
    await resting;
    expect(rested).toBe(true);
    expect(await leaders()).toEqual([]);
  });
});
