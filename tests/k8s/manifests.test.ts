// Every manifest of every shipped profile, judged by a real API server (dry run): its schema, its defaults, its admission.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobName, sha256 } from '../../contracts/ids.ts';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { loadProfile, shippedProfiles } from '../../k8s/layout/shipped.ts';
import { type TrainerRequest, trainerManifest } from '../../k8s/manifests/trainer.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';

const NAMESPACE = 'team-a';

describe.skipIf(!isBuilt(['jobset']))('manifests', () => {
  let kube: TestCluster;
  beforeAll(async () => {
    kube = await startTestCluster(['jobset']);
    await kube.namespace(NAMESPACE);
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    const body = { metadata: { name: 'anneal-training' }, value: 1000 };
    await kube.cluster.ask({ method: 'POST', path: classes, body });
  }, 240_000);
  afterAll(() => kube?.stop());

  it.each(shippedProfiles().flatMap((profile) => [[profile, 'job'] as const, [profile, 'jobset'] as const]))(
    'of %s as a %s are accepted',
    async (profile, kind) => {
      const request: TrainerRequest = {
        namespace: NAMESPACE,
        campaign: 'quickstart',
        document: {
          name: jobName.parse('quickstart-r1-train'),
          specHash: sha256.parse('a'.repeat(64)),
          maxSeconds: 900,
        },
        attempt: 1,
        profile: await loadProfile(profile),
        store: { address: 's3://anneal/team-a', secret: 'anneal-store' },
        owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' },
        avoid: ['node-7'],
      };
      const manifest = trainerManifest(kind, request);
      const path = pathOf(manifest.kind, NAMESPACE);
      const query = { dryRun: 'All', fieldValidation: 'Strict' };
      const { body } = await kube.cluster.ask({ method: 'POST', path, query, body: manifest });
      // What the server would store is what was sent: it has dropped nothing.
      expect(body).toMatchObject(JSON.parse(JSON.stringify(manifest)) as object);
      // A pod that a Job makes passes too.
      const template = podTemplate(manifest);
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: 'p' }, spec: template.spec };
      await kube.cluster.ask({ method: 'POST', path: pathOf('Pod', NAMESPACE), query, body: pod });
    },
  );
});

interface Template {
  readonly metadata: object;
  readonly spec: object;
}
function podTemplate(manifest: { readonly kind: string; readonly [member: string]: unknown }): Template {
  const spec = manifest.spec as {
    template?: Template;
    replicatedJobs?: { template: { spec: { template: Template } } }[];
  };
  return spec.template ?? spec.replicatedJobs![0]!.template.spec.template;
}
