import { expect, it } from 'vitest';
import type { ProfileSpec } from '../../contracts/profile.ts';
import { loadProfile, shippedProfiles } from '../layout/shipped.ts';
import { validateLayout } from '../layout/validate.ts';
import { engineService, engineSet } from './leader-worker-set.ts';
import { type ServerRequest, serverDeployment } from './server.ts';

const request = (profile: ProfileSpec): ServerRequest => ({
  namespace: 'team-a',
  campaign: 'quickstart',
  profile,
  store: { address: 's3://anneal/team-a', secret: 'anneal-store' },
  tokenSecret: 'anneal-policy',
  owner: { apiVersion: 'v1', kind: 'ConfigMap', name: 'anneal-quickstart', uid: 'u' },
  avoid: ['node-7'],
});

/** M2.7 with engines of two whole nodes: attention by copies, experts over all 16 GPUs. */
async function twoNodes(): Promise<ProfileSpec> {
  const shipped = await loadProfile('minimax-m27-standard');
  const shape = { engines: 2, gpusPerEngine: 16, multiNode: true, parallel: { tensor: 8, data: 2, expert: true } };
  return { ...shipped, rollout: { ...shipped.rollout, ...shape } };
}

interface Template {
  readonly metadata: { readonly labels: Record<string, string>; readonly annotations?: Record<string, string> };
  readonly spec: {
    readonly containers: readonly [{ readonly args: readonly string[]; readonly [key: string]: unknown }];
  };
}
interface Spec {
  readonly replicas: number;
  readonly leaderWorkerTemplate: {
    readonly size: number;
    readonly leaderTemplate?: Template;
    readonly workerTemplate: Template;
  };
}
const specOf = (profile: ProfileSpec): Spec => engineSet(request(profile)).spec as Spec;

it('makes a group of one pod for an engine that fits into a node', async () => {
  const profile = await loadProfile('minimax-m27-standard');
  expect(engineSet(request(profile))).toMatchSnapshot();
  expect(engineService(request(profile))).toMatchSnapshot();
});

it('makes a group of two pods for an engine of two nodes', async () => {
  const profile = await twoNodes();
  expect(validateLayout(profile)).toEqual([]);
  expect(engineSet(request(profile))).toMatchSnapshot();
});

it('gives every rank the same layout, its own number and one place to meet, and only rank 0 a door', async () => {
  const { leaderTemplate, workerTemplate } = specOf(await twoNodes()).leaderWorkerTemplate;
  const [leader, worker] = [leaderTemplate!, workerTemplate].map((one) => one.spec.containers[0].args);
  for (const args of [leader!, worker!]) {
    const text = args.join(' ');
    expect(text).toContain('--nnodes 2 --node-rank $(LWS_WORKER_INDEX) --master-addr');
    expect(text).toContain('--tensor-parallel-size 8 --data-parallel-size 2 --enable-expert-parallel');
  }
  expect(leader).toContain('$(VLLM_HOST_IP)');
  expect(worker).toContain('$(LWS_LEADER_ADDRESS)');
  expect(leader).not.toContain('--headless');
  expect(worker).toContain('--headless');
  expect(workerTemplate.spec.containers[0]).not.toHaveProperty('startupProbe');
  // Who looks for servers finds the one that answers.
  expect(leaderTemplate!.metadata.labels['anneal.dev/role']).toBe('policy-server');
  expect(workerTemplate.metadata.labels['anneal.dev/role']).toBe('policy-server-rank');
  // Kueue places both as one.
  for (const { metadata } of [leaderTemplate!, workerTemplate]) {
    expect(metadata.annotations).toMatchObject({
      'kueue.x-k8s.io/podset-preferred-topology': 'topology.kubernetes.io/rack',
      'kueue.x-k8s.io/podset-group-name': 'engine',
    });
  }
});

it.each(shippedProfiles().filter((name) => name !== 'cpu'))(
  'asks for what an engine of %s has, its share of the network included',
  async (name) => {
    const profile = await loadProfile(name);
    const { rollout } = profile;
    const accelerator = profile.accelerators[rollout.accelerator]!;
    const { replicas, leaderWorkerTemplate } = specOf(profile);
    expect(replicas).toBe(rollout.engines);
    expect(leaderWorkerTemplate.size * replicas * Math.min(rollout.gpusPerEngine, rollout.gpusPerNode)).toBe(
      rollout.nodes * rollout.gpusPerNode,
    );
    const { limits } = leaderWorkerTemplate.workerTemplate.spec.containers[0].resources as { limits: object };
    expect(limits).toHaveProperty([accelerator.resource], `${rollout.gpusPerEngine}`);
    const share = ((accelerator.rdma?.perPod ?? 0) * rollout.gpusPerEngine) / accelerator.perNode;
    if (accelerator.rdma !== undefined) expect(limits).toHaveProperty([accelerator.rdma.resource], `${share}`);
  },
);

it('waits for a server to load its weights before anything calls it dead', async () => {
  const [server] = specOf(await loadProfile('minimax-m27-standard')).leaderWorkerTemplate.workerTemplate.spec
    .containers;
  const { periodSeconds, failureThreshold } = server.startupProbe as {
    periodSeconds: number;
    failureThreshold: number;
  };
  expect(periodSeconds * failureThreshold).toBe(20 * 60);
});

it('counts sequences as vLLM does, for each copy of the attention', async () => {
  const text = specOf(await twoNodes()).leaderWorkerTemplate.workerTemplate.spec.containers[0].args.join(' ');
  expect(text).toContain('--max-num-seqs 28');
});

it.each([
  ['engines', 'minimax-m27-standard', engineSet],
  ['a server', 'cpu', serverDeployment],
] as const)(
  'tells %s of another making, whose pods bear its mark; nodes to keep away from make none',
  async (_, name, make) => {
    const profile = await loadProfile(name);
    const hashOf = (change: Partial<ServerRequest>): string =>
      make({ ...request(profile), ...change }).metadata.annotations!['anneal.dev/spec-hash']!;
    const hash = hashOf({});
    expect(hashOf({ avoid: [] })).toBe(hash);
    expect(hashOf({ tokenSecret: 'another' })).not.toBe(hash);
    const { spec } = make(request(profile));
    expect(JSON.stringify(spec)).toContain('node-7');
    expect(JSON.stringify(spec)).toContain(`{"anneal.dev/spec-hash":"${hash}"}`);
  },
);
