// What the chart renders, judged by a real API server (dry run): every object's schema, and of the pods whether Pod Security
// "restricted" admits them. The Prometheus operator's kinds are not installed, so that theirs are not asked about.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';
import { type Helm, helmBinary, openHelm, type PodTemplate, type Rendered, templateOf } from '../support/helm.ts';
import { CODEC, FULL, MINIMAL } from '../support/helm-values.ts';

const PATHS: Readonly<Record<string, string>> = {
  Namespace: '/api/v1 namespaces',
  ConfigMap: '/api/v1 configmaps',
  Service: '/api/v1 services',
  ServiceAccount: '/api/v1 serviceaccounts',
  Deployment: '/apis/apps/v1 deployments',
  StatefulSet: '/apis/apps/v1 statefulsets',
  NetworkPolicy: '/apis/networking.k8s.io/v1 networkpolicies',
  PriorityClass: '/apis/scheduling.k8s.io/v1 priorityclasses',
  Role: '/apis/rbac.authorization.k8s.io/v1 roles',
  RoleBinding: '/apis/rbac.authorization.k8s.io/v1 rolebindings',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1 clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1 clusterrolebindings',
};
const OPERATORS = ['ServiceMonitor', 'PrometheusRule'];

describe.skipIf(!isBuilt([]) || helmBinary() === undefined)('what the chart renders', () => {
  let kube: TestCluster;
  let helm: Helm;
  beforeAll(async () => {
    kube = await shareTestCluster();
    helm = await openHelm();
    for (const name of ['control', 'anneal-gpu', 'team-a-gpu', 'team-a-sandboxes']) await kube.namespace(name);
    await kube.testbed.api.apply('/api/v1/namespaces/control', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'control', labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
    });
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    await kube.testbed.api.call('POST', classes, { metadata: { name: 'system' }, value: 1 });
    for (const name of [
      'team-a-worker',
      'team-a-gateway',
      'team-a-codec',
      'team-a-console',
      'anneal-codec',
      'anneal-worker',
      'anneal-gateway',
    ])
      await kube.testbed.api.call('POST', '/api/v1/namespaces/control/serviceaccounts', { metadata: { name } });
  }, 180_000);
  afterAll(async () => {
    await helm?.close();
    await kube?.stop();
  });

  /** Server-side apply that changes nothing; what the server says against it, if anything. */
  async function objection(object: Rendered): Promise<string> {
    const [api, plural] = PATHS[object.kind]?.split(' ') ?? [];
    const where = object.metadata.namespace === undefined ? '' : `/namespaces/${object.metadata.namespace}`;
    const query = 'dryRun=All&fieldValidation=Strict&fieldManager=test&force=true';
    const path = `${api}${where}/${plural}/${object.metadata.name}?${query}`;
    const { status, text } = await kube.testbed.api.send('PATCH', path, object, 'application/apply-patch+yaml');
    return status >= 200 && status < 300 ? '' : text;
  }

  /** The pod that a controller would make; a StatefulSet's also adds the volumes of its claims. */
  async function podObjection({ spec }: Rendered, { metadata, spec: pod }: PodTemplate): Promise<string> {
    const { volumeClaimTemplates = [] } = spec as { volumeClaimTemplates?: { metadata: { name: string } }[] };
    const claims = volumeClaimTemplates.map((claim) => ({ name: claim.metadata.name, emptyDir: {} }));
    const volumes = [...(pod.volumes ?? []), ...claims];
    const path = '/api/v1/namespaces/control/pods?dryRun=All&fieldValidation=Strict';
    const body = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'p' }, spec: { ...pod, volumes } };
    const { status, text } = await kube.testbed.api.send('POST', path, body);
    return status === 201 ? '' : text;
  }

  it.each([
    ['the least', MINIMAL],
    ['all', FULL],
    ['a codec server with a token', CODEC],
  ])('is accepted with %s', async (_, values) => {
    const objects = (await helm.template(values)).filter(({ kind }) => !OPERATORS.includes(kind));
    for (const object of objects) {
      expect(await objection(object)).toBe('');
      const template = templateOf(object);
      if (template !== undefined) expect(await podObjection(object, template)).toBe('');
    }
  });

  it('would not be with a field that there is not, nor a pod that may become root', async () => {
    const objects = await helm.template(MINIMAL);
    const service = objects.find(({ kind }) => kind === 'Service')!;
    expect(await objection({ ...service, spec: { ...(service.spec as object), port: 1 } })).toContain(
      'field not declared',
    );
    const worker = objects.find(({ kind }) => kind === 'Deployment')!;
    const { spec, metadata } = templateOf(worker)!;
    const root = { metadata, spec: { ...spec, securityContext: { runAsUser: 0 } } };
    expect(await podObjection(worker, root)).toContain('violates PodSecurity');
  });
});
