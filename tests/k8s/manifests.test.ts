// Every manifest of every shipped profile, judged by a real API server (dry run): its schema, its defaults, its admission.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobName, sha256 } from '../../contracts/ids.ts';
import { pathOf } from '../../k8s/cluster/workloads.ts';
import { loadProfile, shippedProfiles } from '../../k8s/layout/shipped.ts';
import { engineService, engineSet } from '../../k8s/manifests/leader-worker-set.ts';
import type { Manifest } from '../../k8s/manifests/manifest.ts';
import type { ServerRequest } from '../../k8s/manifests/server.ts';
import { type TrainerRequest, trainerManifest } from '../../k8s/manifests/trainer.ts';
import { isBuilt, shareTestCluster, type TestCluster } from '../support/cluster.ts';

const PARTS = ['jobset', 'lws'] as const;
const NAMESPACE = 'team-manifests';
const OWNER = { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' };
const STORE = { address: 's3://anneal/team-a', secret: 'anneal-store' };

describe.skipIf(!isBuilt(PARTS))('manifests', () => {
  let kube: TestCluster;
  beforeAll(async () => {
    kube = await shareTestCluster(PARTS);
    await kube.namespace(NAMESPACE);
    const classes = '/apis/scheduling.k8s.io/v1/priorityclasses';
    // As the chart makes it, which another file of tests tries on this cluster.
    const body = { metadata: { name: 'anneal-training' }, value: 1000, preemptionPolicy: 'Never' };
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
        store: STORE,
        owner: OWNER,
        avoid: ['node-7'],
      };
      await accepted(trainerManifest(kind, request));
    },
  );

  it.each(shippedProfiles().filter((name) => name !== 'cpu'))(
    'of the servers of %s as a LeaderWorkerSet are accepted, over two nodes as well',
    async (name) => {
      const profile = await loadProfile(name);
      const { gpusPerNode } = profile.rollout;
      const wide = {
        gpusPerEngine: 2 * gpusPerNode,
        multiNode: true,
        parallel: { tensor: gpusPerNode, data: 2, expert: true },
      };
      for (const rollout of [profile.rollout, { ...profile.rollout, ...wide }]) {
        const request: ServerRequest = {
          namespace: NAMESPACE,
          campaign: 'quickstart',
          profile: { ...profile, rollout },
          store: STORE,
          tokenSecret: 'anneal-policy',
          owner: OWNER,
          avoid: ['node-7'],
        };
        await accepted(engineSet(request));
        await accepted(engineService(request));
      }
    },
  );

  async function accepted(manifest: Manifest): Promise<void> {
    const path = pathOf(manifest.kind, NAMESPACE);
    const query = { dryRun: 'All', fieldValidation: 'Strict' };
    const { body } = await kube.cluster.ask({ method: 'POST', path, query, body: manifest });
    // What the server would store is what was sent: it has dropped nothing.
    expect(body).toMatchObject(JSON.parse(JSON.stringify(manifest)) as object);
    // A pod that is made of it passes too.
    for (const template of podTemplates(manifest)) {
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: 'p' }, spec: template.spec };
      await kube.cluster.ask({ method: 'POST', path: pathOf('Pod', NAMESPACE), query, body: pod });
    }
  }
});

interface Template {
  readonly metadata: object;
  readonly spec: object;
}
function podTemplates(manifest: Manifest): Template[] {
  const spec = manifest.spec as {
    template?: Template;
    replicatedJobs?: { template: { spec: { template: Template } } }[];
    leaderWorkerTemplate?: { leaderTemplate?: Template; workerTemplate: Template };
  };
  const group = spec.leaderWorkerTemplate;
  const all = [
    spec.template,
    group?.leaderTemplate,
    group?.workerTemplate,
    spec.replicatedJobs?.[0]?.template.spec.template,
  ];
  return all.filter((one) => one !== undefined);
}
