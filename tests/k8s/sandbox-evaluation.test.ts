// An evaluation whose rewards are judged in pods, under a real kubelet: by the setting that a worker reads and the rights that the chart
// gives it, over the activities of a campaign. The policy is *scripted*.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createEvaluationActivities } from '../../activities/evaluation.ts';
import { createDocuments, type Documents } from '../../activities/read.ts';
import { createRolloutActivities } from '../../activities/rollouts.ts';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { type CampaignName, campaignName, taskId } from '../../contracts/ids.ts';
import type { PlanHandle } from '../../contracts/plan.ts';
import type { Sandbox } from '../../contracts/ports.ts';
import type { Task, TypedValue } from '../../contracts/task.ts';
import { lockTaskSet } from '../../evals/construction/lock.ts';
import { type EmbeddedGateway, openEmbeddedGateway } from '../../gateway/embedded.ts';
import type { Engines } from '../../gateway/engine.ts';
import { loadConfig } from '../../infra/config.ts';
import { createBubblewrapSandbox } from '../../infra/sandbox/bubblewrap.ts';
import { chooseSandbox } from '../../infra/sandbox/choice.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type AccessManifest, sandboxRoles, workerRoles } from '../../k8s/access/roles.ts';
import { openCluster } from '../../k8s/cluster/request.ts';
import { createWorkloads } from '../../k8s/cluster/workloads.ts';
import { SANDBOX_ROLE } from '../../k8s/sandbox/manifest.ts';
import { openPodSandbox } from '../../k8s/sandbox/open.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt, shareTestbed } from '../support/cluster.ts';
import { canMakeSandboxImage, SANDBOX_IMAGE, sandboxImage } from '../support/sandbox-image.ts';
import { firstState, scriptedSpec } from '../support/scripted-activities.ts';
import { clusterAs, tokenOf } from '../support/service-account.ts';

vi.setConfig({ testTimeout: 420_000 });

const [GPU, SANDBOXES] = ['anneal-gpu', 'anneal-sandboxes'];
const canRun = process.getuid?.() === 0 && isBuilt(['kubelet']) && canMakeSandboxImage();

const int = (v: number): TypedValue => ({ t: 'int', v: String(v) });
const task = (name: string, body: string, value: (a: number) => number): Task => ({
  ...{
    id: taskId.parse(`made.${name}#0`),
    family: `made.${name}`,
    phrasing: 'made',
    gold: `def ${name}(a):\n    ${body}\n`,
  },
  instruction: `Write ${name}(a).`,
  entrypoint: { name, parameters: ['a'] },
  verifier: { name: 'python-function', version: 3 },
  cases: [3, 20, 41, 700].map((a) => ({ args: [int(a)], expected: int(value(a)) })),
});
const DOUBLE = task('double', 'return 2 * a', (a) => 2 * a);
const NEXT = task('following', 'return a + 1', (a) => a + 1);
const OTHERS = ['one', 'two'].map((name) => task(name, 'return a', (a) => a));
/** By task, in the order of its samples. */
const REPLIES: Record<string, readonly string[]> = {
  [DOUBLE.instruction]: [DOUBLE.gold, 'def double(a):\n    return {3: 6, 20: 40, 41: 82, 700: 1400}.get(a, 0)\n'],
  [NEXT.instruction]: ['def following(a):\n    return a - -1\n', 'def following(a):\n    raise SystemExit(0)\n'],
};

describe.skipIf(!canRun)('an evaluation judged in pods', () => {
  let dir: string;
  let testbed: Testbed;
  let pods: Sandbox;
  let store: ArtifactStore;
  let documents: Documents;
  const gateways: EmbeddedGateway[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-pods-evaluation-'));
    store = createFolderStore(join(dir, 'store'));
    documents = createDocuments(store);
    const [image] = await Promise.all([
      sandboxImage(dir),
      shareTestbed('node', ['kubelet']).then((one) => (testbed = one)),
    ]);
    await loadImages(testbed, image);
    for (const [name, level] of [
      [GPU, 'baseline'],
      [SANDBOXES, 'restricted'],
    ] as const) {
      const labels = { 'pod-security.kubernetes.io/enforce': level };
      await testbed.api.call('POST', '/api/v1/namespaces', { metadata: { name, labels } });
    }
    const account = { name: 'anneal-worker', controlNamespace: 'default' };
    for (const manifest of [
      ...workerRoles({ ...account, gpuNamespace: GPU!, secrets: [] }),
      ...sandboxRoles({ ...account, sandboxNamespace: SANDBOXES! }),
    ])
      await testbed.api.apply(objectPath(manifest), manifest);
    await clusterAs(testbed, await tokenOf(testbed, 'default', account.name), 'worker');
    const config = loadConfig({
      environment: {
        ...{ ANNEAL_HOME: join(dir, 'home'), ANNEAL_COMPUTE: 'kubernetes', ANNEAL_STORE: 's3://unused' },
        ...{ ANNEAL_KUBE_NAMESPACE: GPU, ANNEAL_POLICY_TOKEN_FILE: '/unused' },
        ANNEAL_KUBECONFIG: join(testbed.layout.run, 'worker.kubeconfig'),
        ANNEAL_SANDBOX: `pods:${SANDBOXES}?image=${encodeURIComponent(SANDBOX_IMAGE)}&allow=node-runtime,open-network&cpu=300m&disk=0`,
      },
    });
    pods = chooseSandbox(config, (wanted) => openPodSandbox(wanted), store);
  }, 300_000);
  afterAll(async () => {
    for (const gateway of gateways) await gateway.close();
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  const engines: Engines = {
    async generate(model, messages, { seed }) {
      const replies = REPLIES[messages.at(-1)!.content]!;
      const text = `\`\`\`python\n${replies[(seed ?? 0) % replies.length]}\`\`\``;
      const ids = { promptIds: [1], completionIds: [2, 3], logprobs: [-0.5, -0.5] };
      return { model, ...ids, fidelity: 'token-exact', text, finish: 'stop' };
    },
    list: async () => [],
    forget: () => undefined,
    close: () => undefined,
  };

  /** The gate split once, judged in this sandbox; a plan's seeds are replaced by the samples' numbers. */
  async function evaluate(name: CampaignName, sandbox: Sandbox) {
    const spec = scriptedSpec(name, { evaluation: { ...scriptedSpec('x').evaluation, samplesPerTask: 2 } });
    const gateway = await openEmbeddedGateway({ dir: join(dir, name), engines, log: () => undefined });
    gateways.push(gateway);
    const policies = {
      serve: async () => ({ lost: [] }),
      ensure: async () => undefined,
      repair: async () => undefined,
    };
    const act = createRolloutActivities({ store, documents, gateway, policies, sandbox, secret: 'a secret' });
    const of = { spec: await documents.write(spec), taskSet: await locked(), policy: firstState(spec).policies[0]! };
    const planned = await act.planEvaluation({ ...of, round: 0, split: 'gate' });
    const plan = await numbered(planned);
    const context = { cancellationSignal: new AbortController().signal } as unknown as Context;
    await Promise.all(
      Array.from({ length: plan.rollouts }, (_, index) =>
        asyncLocalStorage.run(context, async () => {
          await act.generate({ plan: plan.plan, index });
          await act.grade({ plan: plan.plan, index });
        }),
      ),
    );
    const { measure } = createEvaluationActivities({ documents, gateway });
    return {
      measured: await measure({ plan: plan.plan, confidence: 0.95 }),
      all: await gateway.trajectories(`${name}/`),
    };
  }

  async function locked(): Promise<ArtifactRef> {
    const splits = { visible: [OTHERS[0]!], gate: [DOUBLE, NEXT], sealed: [OTHERS[1]!] };
    const built = { splits, considered: 4, dropped: [], python: 'CPython' };
    return documents.write(await lockTaskSet(built, { source: 'made', seed: 1, put: (text) => store.put(text) }));
  }

  async function numbered(handle: PlanHandle): Promise<PlanHandle> {
    const plan = await documents.plan(handle.plan);
    const rollouts = plan.rollouts.map((one) => ({ ...one, seed: Number(one.id.slice(-1)) }));
    return { ...handle, plan: await documents.write({ ...plan, rollouts }) };
  }

  const left = async (): Promise<string[]> => {
    const admin = createWorkloads(openCluster({ kubeconfig: testbed.kubeconfig }));
    const kinds = ['Job', 'ConfigMap', 'Pod'] as const;
    const found = await Promise.all(
      kinds.map((kind) => admin.list(kind, SANDBOXES!, { 'anneal.dev/role': SANDBOX_ROLE })),
    );
    return found.flat().map(({ metadata }) => metadata.name);
  };

  it('rewards what is right, and nothing else; pods and bubblewrap judge alike, to the byte', async () => {
    const inPods = await evaluate(campaignName.parse('judged'), pods);
    expect(inPods.all.map(({ task: id, outcome }) => `${id} ${outcome}`).sort()).toEqual([
      'made.double#0 policy_failure',
      'made.double#0 success',
      'made.following#0 policy_failure',
      'made.following#0 success',
    ]);
    expect(inPods.measured).toMatchObject({ masked: 0, passRate: { value: 0.5, n: 4 } });
    const here = await evaluate(campaignName.parse('judged-too'), createBubblewrapSandbox());
    const bare = ({ all }: typeof inPods) =>
      all.map(({ rollout, outcome, reward }) => ({ at: rollout.split('/').slice(1).join('/'), outcome, reward }));
    expect(bare(inPods)).toEqual(bare(here));
    await expect.poll(left, { timeout: 60_000 }).toEqual([]);
  });

  it('masks what a pod was lost under, and scores nothing 0 for it', async () => {
    const admin = createWorkloads(openCluster({ kubeconfig: testbed.kubeconfig }));
    const stop = new AbortController();
    const hunting = (async () => {
      while (!stop.signal.aborted) {
        for (const { metadata } of await admin.list('Job', SANDBOXES!, { 'anneal.dev/role': SANDBOX_ROLE }))
          await admin.remove('Job', SANDBOXES!, metadata.name, 'Background');
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    })();
    try {
      await pods.describe();
      const { measured, all } = await evaluate(campaignName.parse('lost'), pods);
      expect(new Set(all.map(({ outcome }) => outcome))).toEqual(new Set(['infrastructure_failure']));
      expect(all.every(({ reward }) => reward === undefined)).toBe(true);
      expect(measured).toMatchObject({ masked: 4, passRate: { n: 0 } });
    } finally {
      stop.abort();
      await hunting;
    }
  });
});

function objectPath({ apiVersion, kind, metadata: { namespace, name } }: AccessManifest): string {
  const api = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return `${api}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s/${name}`;
}
