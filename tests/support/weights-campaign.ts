// A campaign whose policies vLLM serves, on one machine: real Temporal, gateway and store; *scripted* servers that make real checkpoints
// of what the store has; workers that are processes of their own, so that they can be killed.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { bundleWorkflowCode } from '@temporalio/worker';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type CampaignSpec, campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { sha256 } from '../../contracts/ids.ts';
import { type ProfileSpec, profileSpec } from '../../contracts/profile.ts';
import { createGateway } from '../../gateway/gateway.ts';
import { loadConfig } from '../../infra/config.ts';
import { oneServer } from '../../infra/gateway-client/one-server.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { type Campaigns, createCampaigns } from '../../infra/temporal/campaigns.ts';
import { readBaseWeights } from '../../infra/vllm/base-weights.ts';
import { bringCheckpoint } from '../../infra/vllm/checkpoint.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { gatewayWeights } from '../../worker/compute.ts';
import { startScriptedVllm } from './scripted-vllm.ts';
import type { ScriptedVllm } from './scripted-vllm-parts.ts';
import { answerTask } from './scripted-vllm-replies.ts';
import { startTemporal, type TestServer } from './temporal-server.ts';
import { trainerPython } from './trainer-python.ts';
import { openTranscript, type Transcript } from './vllm-transcript.ts';
import type { WeightsWorker } from './weights-worker.ts';

export const BASE = 'scripted/tiny';
/** As trainer/tests/scripted_megatron.py has them. */
export const SHAPE = { layers: 4, experts: 8, topK: 3 } as const;
const SERVERS = 2;
const TOKEN = 'the control token';

export interface WeightsCampaign extends AsyncDisposable {
  readonly home: string;
  readonly spec: CampaignSpec;
  readonly store: ArtifactStore;
  readonly temporal: TestServer;
  readonly campaigns: Campaigns;
  readonly servers: readonly ScriptedVllm[];
  readonly transcript: Transcript;
  readonly gateway: string;
  readonly secret: Buffer;
  /** The checkpoint on a server's disk. */
  diskOf(server: number): string;
  submit(): Promise<string>;
  startWorker(): Promise<ChildProcess>;
}

export async function openWeightsCampaign(): Promise<WeightsCampaign> {
  const stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), 'anneal-weights-'));
  stack.defer(() => rm(home, { recursive: true, force: true }));
  const root = join(home, 'store');
  const store = createFolderStore(root);
  const python = await trainerPython();
  await publishBase(python, home, root);
  await initIdentity(join(home, 'keys'));

  const temporal = await startTemporal();
  stack.defer(() => temporal.stop());
  const diskOf = (n: number): string => join(home, `disk-${n}`);
  const servers: ScriptedVllm[] = [];
  const transcript = openTranscript();
  for (let n = 0; n < SERVERS; n += 1) {
    const server = await startScriptedVllm({
      ...{ controlToken: TOKEN, transcript },
      async load({ manifest, base, deltas }) {
        await bringCheckpoint(store, manifest, diskOf(n), { base, deltas });
      },
    });
    server.script = (answer, asked) => answerTask(answer, asked, SHAPE);
    stack.defer(() => server.close());
    servers.push(server);
  }
  const secret = randomBytes(32);
  const gateway = await createGateway({
    ...{ dir: join(home, 'gateway'), secret, port: 0, log: () => undefined, weights: gatewayWeights(store) },
    servers: oneServer('http://127.0.0.1:9'),
    engineToken: TOKEN,
  });
  stack.defer(() => gateway.close());

  const bundle = join(home, 'workflows.js');
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} };
  const workflowsPath = join(import.meta.dirname, '../../workflows/index.ts');
  await writeFile(bundle, (await bundleWorkflowCode({ workflowsPath, logger: quiet })).code);

  const [spec, profile] = [specOf(), await profileOf()];
  const campaigns = createCampaigns(temporal.client, store);
  const worker: WeightsWorker = {
    ...{ temporal: temporal.address, home, bundle, gateway: gateway.url, secret: secret.toString('hex'), python },
    ...{ servers: servers.map(({ url }) => url), token: TOKEN },
  };

  return {
    ...{ home, spec, store, temporal, campaigns, servers, transcript, gateway: gateway.url, secret, diskOf },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
    async submit() {
      const specJson = canonicalJson(spec);
      const hash = sha256.parse(createHash('sha256').update(specJson).digest('hex'));
      const weights = await readBaseWeights(store, BASE);
      return campaigns.submit({ spec, specJson, hash }, { profile: canonicalJson(profile), weights });
    },
    async startWorker() {
      const child = spawn(process.execPath, ['tests/support/weights-worker.ts', JSON.stringify(worker)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
      stack.defer(async () => {
        child.kill('SIGKILL');
        await gone;
      });
      await Promise.race([
        new Promise((resolve) => child.stdout!.once('data', resolve)),
        gone.then(() => Promise.reject(new Error('the worker ended before it was ready'))),
      ]);
      return child;
    },
  };
}

/** By the real command; the checkpoint itself is made up. */
async function publishBase(python: string, home: string, store: string): Promise<void> {
  const { trainer } = loadConfig().paths;
  const env = { ...process.env, PYTHONPATH: trainer, ANNEAL_STORE: `file://${store}` };
  const run = promisify(execFile);
  const folder = join(home, 'base');
  await run(python, [join(trainer, 'tests', 'scripted_megatron.py'), 'base', folder], { env });
  await run(python, ['-m', 'anneal_megatron', 'publish', '--folder', folder, '--base', BASE], { env });
}

function specOf(): CampaignSpec {
  return campaignSpec.parse({
    ...{ apiVersion: 'anneal/v1', kind: 'Campaign', name: 'whole', seed: 3, rounds: 2, compute: 'kubernetes' },
    profile: 'scripted',
    policy: { base: BASE, lora: null },
    tasks: {
      ...{ source: 'python-stdlib', modules: ['operator', 'str'], casesPerTask: 3, phrasings: 1, compositions: 0 },
      only: ['operator.add', 'operator.sub', 'operator.mul', 'operator.neg', 'operator.eq', 'str.upper', 'str.lower'],
      splits: { visible: 0.5, gate: 0.3, sealed: 0.2 },
    },
    harness: { prompt: '{instruction}', maxTokens: 200 },
    rollouts: { groupsPerRound: 3, groupSize: 4, concurrency: 6, timeout: '20s' },
    training: { steps: 2, learningRate: 0.000001, timeout: '5m' },
    evaluation: { samplesPerTask: 1 },
    promotion: { minGain: -1, maxDrop: 1 },
    gates: { deadline: '5m', remindAfter: '4m' },
    budget: { tokens: 1_000_000, wallClock: '1h' },
  });
}

/** The shipped profile of a mixture of experts, as large as the scripted model. */
async function profileOf(): Promise<ProfileSpec> {
  const shipped = await loadProfile('qwen3-30b-a3b');
  const { model, trainer, rollout } = shipped;
  const { layers, experts, topK } = SHAPE;
  return profileSpec.parse({
    ...{ ...shipped, name: 'scripted', colocated: false },
    model: {
      ...{ ...model, name: BASE },
      architecture: { ...model.architecture, layers, moe: { experts, topK, expertFfn: 64 } },
    },
    trainer: {
      ...{ ...trainer, gpusPerNode: 1, saveEverySteps: 1, sequenceTokens: 2048 },
      parallel: { tensor: 1, pipeline: 1, context: 1, data: 1, expert: 1, expertTensor: 1 },
    },
    rollout: { ...rollout, engines: SERVERS, gpusPerEngine: 1 },
  });
}
