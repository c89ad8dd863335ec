// The worker's rights on a real API server with RBAC: enough for all that the runner does, to the verb, and nothing more.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { campaignName } from '../../contracts/ids.ts';
import type { ServerFleet } from '../../contracts/ports.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type ClusterNeeds, preflight, rightsRequestOf, STORE_KEYS } from '../../k8s/access/preflight.ts';
import { nameOf, type Right, type Verb, workerRights } from '../../k8s/access/rights.ts';
import { type AccessManifest, type WorkerRolesRequest, workerRoles } from '../../k8s/access/roles.ts';
import type { Cluster } from '../../k8s/cluster/request.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import type { WorkloadKind } from '../../k8s/manifests/trainer.ts';
import { createKubernetesJobRunner } from '../../k8s/runner/runner.ts';
import { createServerFleet } from '../../k8s/servers/fleet.ts';
import { reap } from '../../k8s/servers/reaper.ts';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { watchNodes } from '../../k8s/watch/nodes.ts';
import { isBuilt, startTestCluster, type TestCluster } from '../support/cluster.ts';
import { clusterAs, tokenOf, withTimes } from '../support/service-account.ts';
import { trainingJob } from '../support/training-job.ts';

const CONTROL = 'anneal-control';
const GPU = 'team-a';
const NAME = 'anneal-worker';
const IMAGE = 'anneal.testbed/talker:1';
const PARTS = ['kubelet', 'jobset', 'lws', 'kueue'] as const;
const canRun = process.getuid?.() === 0 && isBuilt(PARTS);

const ROLES: WorkerRolesRequest = { name: NAME, controlNamespace: CONTROL, gpuNamespace: GPU, secrets: ['store'] };
const NEEDS: ClusterNeeds = {
  namespace: GPU,
  workload: 'jobset',
  engines: true,
  claims: [],
  nodes: [],
  queue: 'team',
  priorityClass: 'anneal-training',
  secrets: [{ name: 'store', keys: STORE_KEYS }],
};
const CODES = (problems: readonly { code: string; path: string }[]) => problems.map(({ code, path }) => [code, path]);

describe.skipIf(!canRun)("the worker's rights", () => {
  let kube: TestCluster;
  let folder: string;
  let token: string;
  let worker: Cluster;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'anneal-rbac-'));
    kube = await startTestCluster(PARTS);
    const { api } = kube.testbed;
    for (const name of [CONTROL, GPU, 'team-b']) await kube.namespace(name);
    await api.call('POST', `/api/v1/namespaces/${GPU}/secrets`, {
      metadata: { name: 'store' },
      stringData: { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' },
    });
    await api.call('POST', `/api/v1/namespaces/${GPU}/secrets`, {
      metadata: { name: 'other' },
      stringData: { a: 'b' },
    });
    await api.call('POST', '/apis/scheduling.k8s.io/v1/priorityclasses', {
      metadata: { name: 'anneal-training' },
      value: 1_000,
    });
    await api.call('POST', `/apis/kueue.x-k8s.io/v1beta2/namespaces/${GPU}/localqueues`, {
      apiVersion: 'kueue.x-k8s.io/v1beta2',
      kind: 'LocalQueue',
      metadata: { name: 'team' },
      spec: { clusterQueue: 'team' },
    });
    for (const manifest of workerRoles(ROLES)) await apply(manifest);
    token = await tokenOf(kube.testbed, CONTROL, NAME);
    worker = await clusterAs(kube.testbed, token, 'worker');
    const tar = await buildImages(join(folder, 'talker.tar'), [
      {
        name: IMAGE,
        rootfs: [await hostPrograms(['/bin/sh', '/bin/sleep'])],
        entrypoint: ['/bin/sh', '-c', 'echo "it talks"; trap "exit 85" TERM; while :; do sleep 0.1; done'],
      },
    ]);
    await loadImages(kube.testbed, tar);
  }, 300_000);
  afterAll(async () => {
    await kube?.stop();
    await rm(folder, { recursive: true, force: true });
  }, 120_000);

  const apply = (manifest: AccessManifest) => kube.testbed.api.apply(objectPath(manifest), manifest);

  describe.each<WorkloadKind>(['job', 'jobset'])('suffice for a %s:', (workload) => {
    it('submit, state, log, adopt and cancel, under the token of the service account', async () => {
      const store = createFolderStore(join(folder, workload));
      const profile = await smallProfile();
      const job = trainingJob(`${workload}-r1-train`);
      const open = () => runnerAs(worker, store, profile, workload);
      await open().submit(job);
      await expect
        .poll(async () => (await open().logTail(job.name, 5)).join(), { timeout: 60_000 })
        .toContain('it talks');
      expect(await open().state(job.name)).toMatchObject({ phase: 'running' });
      const before = (await kube.pods(GPU, job.name)).map(({ metadata }) => metadata.uid);
      // Another worker, which has never heard of it.
      await open().submit(job);
      expect((await kube.pods(GPU, job.name)).map(({ metadata }) => metadata.uid)).toEqual(before);
      await open().cancel(job.name, 60_000);
      expect(await open().state(job.name)).toMatchObject({ phase: 'stopped', cause: 'vanished' });
    }, 180_000);
  });

  it('suffice for policy servers, for the watch of nodes, and to reap what is left', async () => {
    const store = createFolderStore(join(folder, 'fleet'));
    const campaign = campaignName.parse('fleet');
    const access = { address: 's3://anneal/fleet', secret: 'store' };
    const open = async (memory: string): Promise<ServerFleet> => {
      const profile = await smallProfile();
      const rollout = { ...profile.pods.rollout, cpu: '100m', memory, ephemeralStorage: '0' };
      const fleet = createServerFleet({
        ...{ cluster: worker, access, namespace: GPU, tokenSecret: 'store', workloads: ['JobSet', 'Job'] },
        profileOf: async () => ({ ...profile, pods: { ...profile.pods, rollout } }),
        preflight: async () => [],
      });
      // The image serves nothing: waiting for it is given up as soon as it is waited for.
      const enough = new AbortController();
      await expect(fleet.open(campaign, enough.signal, () => enough.abort())).rejects.toThrow(/abort/i);
      return fleet;
    };
    await open('64Mi');
    // Of another making: it is applied over the first.
    const fleet = await open('80Mi');
    const path = `/apis/apps/v1/namespaces/${GPU}/deployments/fleet-policy`;
    expect((await kube.testbed.api.send('GET', path)).text).toContain('"memory":"80Mi"');

    const nodes = await watchNodes({ cluster: worker, store, name: 'rbac' });
    await nodes.synced(20_000);
    await nodes.close();

    const look = async () => ({ phase: 'closed' as const, closedAtMs: 0 });
    const reaped = await reap({ cluster: worker, namespace: GPU, place: access.address, fleet, look });
    expect(reaped).toEqual([{ campaign, what: 'remove' }]);
    await expect.poll(async () => (await kube.testbed.api.send('GET', path)).status, { timeout: 60_000 }).toBe(404);
  }, 120_000);

  describe('are asked for before anything is created:', () => {
    it('nothing is wrong where all is there', async () => {
      expect(await preflight(worker, NEEDS)).toEqual([]);
      expect(await preflight(worker, { ...NEEDS, workload: 'job' })).toEqual([]);
    });

    it('each verb that is taken away is named, and only that', async () => {
      for (const right of workerRights(rightsRequestOf(NEEDS))) {
        for (const verb of right.verbs) {
          await take(right, verb);
          const named = { code: 'cluster.denied', path: expect.stringMatching(ending(nameOf(right))) };
          const expected = expect.stringContaining(`${NAME} may ${verb}`);
          await expect
            .poll(() => preflight(worker, NEEDS), {
              timeout: 10_000,
              interval: 30,
              message: `${verb} ${nameOf(right)}`,
            })
            .toEqual([expect.objectContaining({ ...named, expected })]);
        }
      }
      await give();
    }, 240_000);

    it('a namespace without any right is one problem, beside what the cluster itself lacks', async () => {
      const problems = await preflight(worker, { ...NEEDS, namespace: 'team-b', priorityClass: 'none' });
      expect(CODES(problems)).toEqual([
        ['cluster.denied', 'namespaces/team-b'],
        ['cluster.not_found', 'priorityclasses/none'],
      ]);
    });

    it('a namespace, secrets, keys, a queue and a class that are not there are named together', async () => {
      expect(CODES(await preflight(kube.cluster, { ...NEEDS, namespace: 'nowhere' }))).toEqual([
        ['cluster.not_found', 'namespaces/nowhere'],
      ]);
      const secrets = [
        { name: 'store', keys: [...STORE_KEYS, 'AWS_SESSION_TOKEN'] },
        { name: 'absent', keys: ['a'] },
      ];
      const problems = await preflight(kube.cluster, { ...NEEDS, secrets, queue: 'other', priorityClass: 'none' });
      expect(CODES(problems)).toEqual([
        ['cluster.not_found', `namespaces/${GPU}/localqueues/other`],
        ['cluster.not_found', 'priorityclasses/none'],
        ['cluster.not_found', `namespaces/${GPU}/secrets/store`],
        ['cluster.not_found', `namespaces/${GPU}/secrets/absent`],
      ]);
      expect(problems[2]?.got).toBe('no AWS_SESSION_TOKEN');
      expect(JSON.stringify(problems)).not.toContain(Buffer.from('secret').toString('base64'));
    });

    it('volumes that are not there or that only one node can write, and nodes without GPUs', async () => {
      const path = `/api/v1/namespaces/${GPU}/persistentvolumeclaims`;
      const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
      await kube.cluster.ask({ method: 'POST', path, body: { metadata: { name: 'one-node' }, spec } });
      const claim = (name: string, shared: boolean) => ({ name, shared, purpose: 'a test' });
      const gpus = { accelerator: 'h200', labels: {}, resource: 'nvidia.com/gpu', perPod: 8, nodes: 1 };
      const claims = [claim('absent', false), claim('one-node', true), claim('one-node', false)];
      const problems = await preflight(kube.cluster, { ...NEEDS, claims, nodes: [gpus] });
      expect(CODES(problems)).toEqual([
        ['cluster.not_found', `namespaces/${GPU}/persistentvolumeclaims/absent`],
        ['cluster.not_found', `namespaces/${GPU}/persistentvolumeclaims/one-node`],
        ['job.unschedulable', 'accelerators.h200'],
      ]);
      // Of the worker's own rights that to claims is asked for only where a profile names some.
      expect(CODES(await preflight(worker, { ...NEEDS, claims: [claim('one-node', false)] }))).toEqual([]);
    });

    it('a token that has expired, or was never one, is refused as such', async () => {
      const now = Math.floor(Date.now() / 1000);
      const as = async (made: string) => preflight(await clusterAs(kube.testbed, made, 'changed'), NEEDS);
      // The same signature with times that are good is accepted: it is the time that is refused.
      expect(await as(withTimes(kube.testbed, token, now - 60, now + 600))).toEqual([]);
      for (const made of [withTimes(kube.testbed, token, now - 1_200, now - 600), 'nonsense'])
        expect((await as(made)).map(({ code }) => code)).toEqual(['cluster.unauthenticated']);
    });

    it('a server that is away is a problem and not an exception', async () => {
      const cluster = kube.client({ patienceMs: 500, timeoutMs: 500 });
      await kube.testbed.kill('kube-apiserver');
      expect((await preflight(cluster, NEEDS)).map(({ code }) => code)).toEqual(['cluster.unavailable']);
      await kube.testbed.start('kube-apiserver');
    }, 60_000);
  });

  describe('end there:', () => {
    it('in its namespace they are the list, to the verb', async () => {
      expect(await rulesIn(GPU)).toEqual(listed(workerRights(ROLES)));
    });

    it.each([CONTROL, 'team-b', 'kube-system'])('in %s there are only those of no namespace', async (namespace) => {
      expect(await rulesIn(namespace)).toEqual(listed(workerRights(ROLES).filter(({ scope }) => scope === 'cluster')));
    });

    const POD = `/api/v1/namespaces/${GPU}/pods`;
    it.each([
      ['run a command in a pod', 'POST', `${POD}/p/exec?command=id&stdout=true`],
      ['attach to a pod', 'POST', `${POD}/p/attach?stdout=true`],
      ['reach a port of a pod', 'POST', `${POD}/p/portforward?ports=80`],
      ['reach a pod through the server', 'GET', `${POD}/p/proxy/`],
      ['put a container into a pod', 'PATCH', `${POD}/p/ephemeralcontainers`],
      ['create a pod', 'POST', POD],
      ['delete a pod', 'DELETE', `${POD}/p`],
      ['list secrets', 'GET', `/api/v1/namespaces/${GPU}/secrets`],
      ['read another secret', 'GET', `/api/v1/namespaces/${GPU}/secrets/other`],
      ['write its secret', 'PATCH', `/api/v1/namespaces/${GPU}/secrets/store`],
      ['read the secrets beside itself', 'GET', `/api/v1/namespaces/${CONTROL}/secrets`],
      ['change a node', 'PATCH', '/api/v1/nodes/any'],
      ['reach a kubelet', 'GET', '/api/v1/nodes/any/proxy/pods'],
      ['see all pods', 'GET', '/api/v1/pods'],
      ['see pods of others', 'GET', '/api/v1/namespaces/team-b/pods'],
      ['start a job elsewhere', 'POST', '/apis/batch/v1/namespaces/team-b/jobs'],
      ['delete all jobs at once', 'DELETE', `/apis/batch/v1/namespaces/${GPU}/jobs`],
      ['change a job', 'PATCH', `/apis/batch/v1/namespaces/${GPU}/jobs/j`],
      ['start a cron job', 'POST', `/apis/batch/v1/namespaces/${GPU}/cronjobs`],
      ['create a namespace', 'POST', '/api/v1/namespaces'],
      ['delete its namespace', 'DELETE', `/api/v1/namespaces/${GPU}`],
      ['give itself a role', 'POST', `/apis/rbac.authorization.k8s.io/v1/namespaces/${GPU}/rolebindings`],
      ['widen its role', 'PATCH', `/apis/rbac.authorization.k8s.io/v1/namespaces/${GPU}/roles/${NAME}`],
      ['get a token for another', 'POST', `/api/v1/namespaces/${GPU}/serviceaccounts/default/token`],
      ['admit its own workload', 'PATCH', `/apis/kueue.x-k8s.io/v1beta2/namespaces/${GPU}/workloads/w/status`],
      ['raise a quota', 'PATCH', '/apis/kueue.x-k8s.io/v1beta2/clusterqueues/team'],
      ['make a priority class', 'POST', '/apis/scheduling.k8s.io/v1/priorityclasses'],
      ['install a kind', 'POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'],
    ] as const)('it may not %s', async (_, method, path) => {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      const [where = path, query] = path.split('?');
      const body = method === 'GET' ? {} : { body: {}, contentType };
      const asked = worker.ask({ method, path: where, query: Object.fromEntries(new URLSearchParams(query)), ...body });
      await expect(asked).rejects.toMatchObject({ code: 'cluster.denied' });
    });
  });

  it('an API that the cluster lacks is named with what to do', async () => {
    const crd = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/leaderworkersets.leaderworkerset.x-k8s.io';
    await kube.testbed.api.call('DELETE', crd);
    await expect
      .poll(() => preflight(worker, NEEDS), { timeout: 30_000 })
      .toMatchObject([{ code: 'cluster.missing_crd', path: 'leaderworkersets.leaderworkerset.x-k8s.io' }]);
  }, 60_000);

  /** Its roles without one verb of one right. */
  async function take(right: Right, verb: Verb): Promise<void> {
    for (const manifest of workerRoles(ROLES)) {
      if (!/Role$/.test(manifest.kind)) continue;
      const rules = z.array(
        z.looseObject({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
      );
      const changed = rules.parse(manifest.rules).flatMap((rule) => {
        const same = rule.apiGroups[0] === right.group && rule.resources[0] === right.resource;
        const verbs = same ? rule.verbs.filter((one) => one !== verb) : rule.verbs;
        return verbs.length === 0 ? [] : [{ ...rule, verbs }];
      });
      await apply({ ...manifest, rules: changed });
    }
  }

  async function give(): Promise<void> {
    for (const manifest of workerRoles(ROLES)) await apply(manifest);
    await expect.poll(() => preflight(worker, NEEDS)).toEqual([]);
  }

  async function rulesIn(namespace: string): Promise<string[]> {
    const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
    const kind = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectRulesReview' };
    const { body } = await worker.ask({ method: 'POST', path, body: { ...kind, spec: { namespace } } });
    const { resourceRules, incomplete } = rulesReview.parse(body).status;
    expect(incomplete).toBe(false);
    return resourceRules
      .flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
        resources.flatMap((resource) =>
          verbs.flatMap((verb) => (resourceNames ?? ['']).map((name) => `${verb} ${apiGroups[0]}/${resource} ${name}`)),
        ),
      )
      .filter((rule) => !EVERYBODYS.test(rule))
      .sort();
  }
});

const rulesReview = z.object({
  status: z.object({
    incomplete: z.boolean(),
    resourceRules: z.array(
      z.object({
        verbs: z.array(z.string()),
        apiGroups: z.array(z.string()),
        resources: z.array(z.string()),
        resourceNames: z.array(z.string()).optional(),
      }),
    ),
  }),
});
/** What every authenticated user may: ask about itself. */
const EVERYBODYS = /^create (authentication|authorization)\.k8s\.io\/selfsubject/;

const listed = (rights: readonly Right[]): string[] =>
  rights
    .flatMap(({ group, resource, verbs, names }) =>
      verbs.flatMap((verb) => (names ?? ['']).map((name) => `${verb} ${group}/${resource} ${name}`)),
    )
    .sort();

const ending = (name: string): RegExp => new RegExp(`(^|/)${name.replaceAll('.', '\\.')}$`);

const PLURAL: Readonly<Record<string, string>> = {
  ServiceAccount: '/api/v1|serviceaccounts',
  Role: '/apis/rbac.authorization.k8s.io/v1|roles',
  RoleBinding: '/apis/rbac.authorization.k8s.io/v1|rolebindings',
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1|clusterroles',
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1|clusterrolebindings',
};

function objectPath({ kind, metadata }: AccessManifest): string {
  const [api, plural] = PLURAL[kind]!.split('|');
  const where = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${api}${where}/${plural}/${metadata.name}`;
}

function runnerAs(cluster: Cluster, store: ArtifactStore, profile: ProfileSpec, workload: WorkloadKind) {
  const access = { address: 's3://anneal/test', secret: 'store' };
  return createKubernetesJobRunner({
    cluster,
    store,
    access,
    namespace: GPU,
    profileOf: async () => profile,
    workload,
  });
}

async function smallProfile(): Promise<ProfileSpec> {
  const cpu = await loadProfile('cpu');
  const trainer = { ...cpu.pods.trainer, cpu: '100m', memory: '64Mi', ephemeralStorage: '0' };
  return profileSpec.parse({
    ...cpu,
    trainer: { ...cpu.trainer, image: IMAGE, terminationGrace: '5s' },
    pods: { ...cpu.pods, trainer },
  });
}
