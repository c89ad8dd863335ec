// The network policies, judged by a real API server, and a campaign's own, which the worker makes under its own token. The testbed's
// network has no plugin that enforces them: that they would let through what they should is shown by k8s/access/network.test.ts, by a
// reading of the specification.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import { campaignPolicy, namespacePolicies } from '../../k8s/access/network.ts';
import { workerRoles } from '../../k8s/access/roles.ts';
import type { Cluster } from '../../k8s/cluster/request.ts';
import { createWorkloads, pathOf } from '../../k8s/cluster/workloads.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { createServerFleet } from '../../k8s/servers/fleet.ts';
import { reap } from '../../k8s/servers/reaper.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';
import { openRunner, TEAM } from '../support/gpu-cluster.ts';
import { clusterAs, tokenOf } from '../support/service-account.ts';
import { trainingJob } from '../support/training-job.ts';

const NAMESPACE = TEAM;
const CONTROL = 'anneal-control';
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' };
const policies = [
  ...namespacePolicies({
    gpuNamespace: NAMESPACE,
    controlNamespace: CONTROL,
    store: { cidrs: ['0.0.0.0/0', '::/0', '10.0.0.8/32'], ports: [443, 9000] },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  }),
  campaignPolicy({ namespace: NAMESPACE, campaign: 'quickstart', owner }),
];

describe.skipIf(!isBuilt([]))('network policies', () => {
  let kube: TestCluster;
  beforeAll(async () => {
    kube = await shareTestCluster();
    await kube.namespace(NAMESPACE);
  }, 180_000);
  afterAll(() => kube?.stop());

  it.each(policies.map((one) => [one.metadata.name, one] as const))('%s is accepted as it is', async (_, manifest) => {
    const query = { dryRun: 'All', fieldValidation: 'Strict' };
    const { body } = await kube.cluster.ask({
      method: 'POST',
      path: pathOf('NetworkPolicy', NAMESPACE),
      query,
      body: manifest,
    });
    expect(body).toMatchObject(manifest);
  });

  it('a wrong one would not be', async () => {
    const [first] = policies;
    const wrong = { ...first, spec: { podSelector: {}, policyTypes: ['Ingress'], ingres: [] } };
    const path = pathOf('NetworkPolicy', NAMESPACE);
    const asked = kube.cluster.ask({
      method: 'POST',
      path,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: wrong,
    });
    await expect(asked).rejects.toMatchObject({ code: 'cluster.rejected' });
  });

  describe("a campaign's own", () => {
    const PLACE = 's3://anneal/test';
    let folder: string;
    let worker: Cluster;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'anneal-network-'));
      const { api } = kube.testbed;
      await kube.namespace(CONTROL);
      const rbac = '/apis/rbac.authorization.k8s.io/v1';
      const roles = { name: 'w', controlNamespace: CONTROL, gpuNamespace: NAMESPACE, secrets: ['store'] };
      for (const manifest of workerRoles(roles)) {
        const { kind, metadata } = manifest;
        const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
        const root = kind === 'ServiceAccount' ? '/api/v1' : rbac;
        await api.call('POST', `${root}${where}/${kind.toLowerCase()}s`, manifest);
      }
      worker = await clusterAs(kube.testbed, await tokenOf(kube.testbed, CONTROL, 'w'), 'network');
    }, 60_000);
    afterAll(() => rm(folder, { recursive: true, force: true }));

    const own = async (campaign: string): Promise<object | undefined> => {
      const path = pathOf('NetworkPolicy', NAMESPACE, `anneal-campaign-${campaign}`);
      const { status, body } = await kube.cluster.ask({ method: 'GET', path }, [404]);
      return status === 404 ? undefined : (body as object);
    };
    const train = async (campaign: string) =>
      openRunner(worker, join(folder, 'store'), await loadProfile('cpu'), { workload: 'job' }).submit(
        trainingJob(`${campaign}-r1-train`),
      );
    const fleet = () =>
      createServerFleet({
        ...{ cluster: worker, access: { address: PLACE }, namespace: NAMESPACE, tokenSecret: 'token' },
        workloads: ['Job'],
        profileOf: () => loadProfile('cpu'),
        preflight: async () => [],
      });
    const serve = async (campaign: string): Promise<void> => {
      // There is no node: waiting for the servers is given up as soon as it is waited for.
      const enough = new AbortController();
      const opened = fleet().open(campaignName.parse(campaign), enough.signal, () => enough.abort());
      await expect(opened).rejects.toThrow(/abort/i);
    };

    it('is not made where the namespace denies nothing: it would shut its pods off from the bucket', async () => {
      await train('free');
      await serve('free');
      expect(await own('free')).toBeUndefined();
    });

    it('opens only the directions that the namespace denies', async () => {
      const inward = { podSelector: {}, policyTypes: ['Ingress'] };
      const path = pathOf('NetworkPolicy', NAMESPACE);
      const body = {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'in' },
        spec: inward,
      };
      await kube.cluster.ask({ method: 'POST', path, body });
      await serve('half');
      expect(await own('half')).toMatchObject({ spec: { policyTypes: ['Ingress'] } });
      await kube.cluster.ask({ method: 'DELETE', path: `${path}/in` });
    });

    it('is made with the first server or job of a campaign under the policies of the chart, once', async () => {
      for (const manifest of policies.slice(0, -1)) await createWorkloads(kube.cluster).apply(manifest);
      await serve('servers');
      await train('trainer');
      const uid = expect.any(String);
      for (const campaign of ['servers', 'trainer']) {
        const owned = { apiVersion: 'v1', kind: 'ConfigMap', name: `anneal-${campaign}`, uid };
        expect(await own(campaign)).toMatchObject(campaignPolicy({ namespace: NAMESPACE, campaign, owner: owned }));
      }
      const before = await own('servers');
      await serve('servers');
      // Written again as it was: nothing of it changed.
      expect(await own('servers')).toMatchObject({
        metadata: { uid: uidOf(before), resourceVersion: versionOf(before) },
      });
    });

    it('goes with its owner', async () => {
      const look = async (name: string) =>
        name === 'servers'
          ? { phase: 'closed' as const, closedAtMs: 0 }
          : { phase: 'running' as const, closedAtMs: undefined };
      const reaped = await reap({ cluster: worker, namespace: NAMESPACE, place: PLACE, fleet: fleet(), look });
      expect(reaped).toEqual([{ campaign: 'servers', what: 'remove' }]);
      await expect.poll(() => own('servers'), { timeout: 30_000 }).toBeUndefined();
      expect(await own('trainer')).toBeDefined();
    });
  });
});

const uidOf = (object: unknown): unknown => (object as { metadata: { uid: string } }).metadata.uid;
const versionOf = (object: unknown): unknown =>
  (object as { metadata: { resourceVersion: string } }).metadata.resourceVersion;
