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
import { createServerFleet, type FleetOptions } from '../../k8s/servers/fleet.ts';
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
      rollout: { ...rollout, engines: ENGINES, terminationGrace: '1s' },
      scheduling: { ...profile.scheduling, queue: undefined, priorityClass: undefined },
    } as ProfileSpec;
  }, 4 * MINUTE);
  afterAll(() => on?.stop(), MINUTE);
  beforeEach(() => {
    campaign = campaignName.parse(`served-${made++}`);
  });

  const fleetOf = (change: Partial<ProfileSpec> = {}, options: Partial<FleetOptions> = {}): ServerFleet =>
    createServerFleet({
      ...{ cluster: on.cluster, access: { address: 's3://anneal/team-a' }, namespace: NAMESPACE },
      ...{ tokenSecret: 'anneal-policy', workloads: ['Job'] },
      profileOf: async () => ({ ...base, ...change }),
      preflight: async () => [],
      ...options,
    });
  const leaders = (): Promise<Pod[]> => createWorkloads(on.cluster).pods(NAMESPACE, serverLabels(campaign));
  const addresses = () => createEngineAddresses({ cluster: on.cluster, namespace: NAMESPACE })(campaign);
  const set = () => createWorkloads(on.cluster).read('LeaderWorkerSet', NAMESPACE, serverName(campaign));

  /** What a kubelet says of a container that runs, and whether its probe is answered. */
  async function run(pod: Pod, address: string, ready: boolean): Promise<void> {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    await on.report(pod, { phase: 'Running', podIP: address, podIPs: [{ ip: address }], conditions });
  }

  const uids = async (): Promise<string[]> => (await leaders()).map(({ metadata }) => metadata.uid);
  const nothing = (): void => undefined;

  /** Puts them on a node that nobody is at: what is deleted there does not end by itself. */
  async function bind(node: string): Promise<void> {
    for (const { metadata } of await leaders()) {
      const path = `/api/v1/namespaces/${NAMESPACE}/pods/${metadata.name}/binding`;
      const target = { apiVersion: 'v1', kind: 'Node', name: node };
      const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name: metadata.name }, target };
      await on.cluster.ask({ method: 'POST', path, body });
    }
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
    await fleetOf().open(campaign, never, nothing);
    expect((await set())!.metadata.uid).toBe(before);
    await fleetOf().close(campaign);
    await end();
    await expect.poll(set).toBeUndefined();
    await expect(addresses()).rejects.toMatchObject({ code: 'stack.policy_unavailable' });
  });

  test('rest only where the trainer needs their GPUs, and until their pods are gone', { timeout: MINUTE }, async () => {
    const apart = fleetOf({ colocated: false });
    await open(apart);
    expect(await apart.rest(campaign, never, nothing)).toBe(false);
    expect(await set()).toBeDefined();
    // Pods of no node are deleted at once.
    await bind(`apart-${campaign}`);
    let rested = false;
    const resting = fleetOf({ colocated: true })
      .rest(campaign, never, nothing)
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
    expect(await set()).toBeUndefined();
  });

  test('go on where nodes to keep away from come and go', { timeout: MINUTE }, async () => {
    await open(fleetOf());
    const before = { uids: await uids(), marks: (await set())!.metadata.annotations };
    await fleetOf({}, { quarantined: () => ['node-9'] }).open(campaign, never, nothing);
    // Longer than the controllers take to replace a pod.
    await sleep(2_500);
    expect({ uids: await uids(), marks: (await set())!.metadata.annotations }).toEqual(before);
    await fleetOf().close(campaign);
  });

  test('of another making are there once they are new', { timeout: 4 * MINUTE }, async () => {
    await open(fleetOf());
    const old = await uids();
    const rollout = { ...base.pods.rollout, memory: '200Gi' };
    const waits: string[] = [];
    const isNew = async (): Promise<Pod[]> => (await leaders()).filter(({ metadata }) => !old.includes(metadata.uid));
    // Nobody replaces pods for a while.
    await on.testbed.kill('kube-controller-manager');
    let opened = false;
    const opening = fleetOf({ pods: { ...base.pods, rollout } })
      .open(campaign, never, (why) => waits.push(why))
      .then(() => {
        opened = true;
      });
    await expect.poll(() => waits.at(-1)).toMatch(/^0 of 2 ready/);
    await sleep(2_500);
    expect(await uids()).toEqual(old);
    expect(opened).toBe(false);
    await on.testbed.start('kube-controller-manager');
    // One after the other, as each becomes ready.
    const answered = async (): Promise<number> => {
      const pods = await isNew();
      for (const pod of pods) await run(pod, `10.0.1.${pod.metadata.name.slice(-1)}`, true);
      return pods.length;
    };
    await expect.poll(answered, { timeout: 3 * MINUTE, interval: 500 }).toBe(ENGINES);
    await opening;
    await fleetOf().close(campaign);
  });

  test('that are being deleted are waited for and made anew, not adopted', { timeout: MINUTE }, async () => {
    await open(fleetOf());
    await bind(`left-${campaign}`);
    const before = (await set())!.metadata.uid;
    await createWorkloads(on.cluster).remove('LeaderWorkerSet', NAMESPACE, serverName(campaign));
    const waits: string[] = [];
    const opening = fleetOf().open(campaign, never, (why) => waits.push(why));
    await expect.poll(() => waits.at(-1)).toMatch(/^served-\d+-policy-\d on left-served-\d+ is still there$/);
    expect((await set())!.metadata.uid).toBe(before);
    await end();
    await expect.poll(async () => (await set())?.metadata.uid ?? before, { timeout: 20_000 }).not.toBe(before);
    await expect.poll(leaders, { timeout: 20_000 }).toHaveLength(ENGINES);
    for (const pod of await leaders()) await run(pod, `10.0.2.${pod.metadata.name.slice(-1)}`, true);
    await opening;
    await fleetOf().close(campaign);
  });

  test('whose node does not answer hold up neither a rest nor what comes after it', { timeout: MINUTE }, async () => {
    const fleet = fleetOf({ colocated: true }, { overdueMs: 2_000 });
    await open(fleet);
    const before = (await set())!.metadata.uid;
    await bind(`lost-${campaign}`);
    const lost = await uids();
    const waits: string[] = [];
    expect(await fleet.rest(campaign, never, (why) => waits.push(why))).toBe(true);
    expect(waits[0]).toMatch(/^served-\d+-policy-\d on lost-served-\d+ is still there$/);
    expect(await uids()).toEqual(lost);
    const enough = new AbortController();
    const opening = fleet.open(campaign, enough.signal, nothing);
    const ended = expect(opening).rejects.toThrow(/abort/i);
    await expect.poll(async () => (await set())?.metadata.uid ?? before, { timeout: 20_000 }).not.toBe(before);
    enough.abort();
    await ended;
    await fleet.close(campaign);
    await end();
  });
});
