// The network policies, judged by a real API server (dry run). The testbed's network has no plugin that enforces them: that they
// would let through what they should is shown by k8s/access/network.test.ts, by a reading of the specification.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { campaignPolicy, namespacePolicies } from '../../k8s/access/network.ts';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

const NAMESPACE = 'team-a';
const owner = { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' };
const policies = [
  ...namespacePolicies({
    gpuNamespace: NAMESPACE,
    controlNamespace: 'anneal-control',
    store: { cidrs: ['0.0.0.0/0', '::/0', '10.0.0.8/32'], ports: [443, 9000] },
    dns: { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } },
  }),
  campaignPolicy({ namespace: NAMESPACE, campaign: 'quickstart', owner }),
];

describe.skipIf(!isBuilt([]))('network policies', () => {
  let kube: TestCluster;
  beforeAll(async () => {
    kube = await startTestCluster();
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
});
