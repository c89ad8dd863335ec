// The sandbox port by pods: a fresh one for each run, gone when its program is. Nothing but Jobs and ConfigMaps is written, and nothing is
// run inside a pod from outside, so that it takes no right beyond those that the worker has for its jobs (k8s/access/rights.ts).
import { createHash, randomBytes, randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { Sandbox, SandboxRequest, SandboxResult } from '../../contracts/ports.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { createWorkloads, pathOf } from '../cluster/workloads.ts';
import { inputsOf } from './inputs.ts';
import { HOPELESS, readAccount, resultOf, stageOf } from './judge-pod.ts';
import {
  CONTAINERS,
  SANDBOX,
  type SandboxPods,
  type SandboxRun,
  START_SECONDS,
  sandboxInputs,
  sandboxJob,
  sandboxPolicy,
} from './manifest.ts';

export interface PodSandboxOptions extends Omit<SandboxPods, 'cpu' | 'mostMemoryBytes' | 'ephemeralStorage'> {
  readonly cluster: Cluster;
  readonly cpu?: string;
  readonly mostMemoryBytes?: number;
  readonly ephemeralStorage?: string;
  /** What a sandbox may go without. Nothing by default; each is told wherever the sandbox is described. */
  readonly allow?: {
    /** The node's own kernel, where no runtime class is named or the named one is not there. */
    readonly nodeRuntime?: boolean;
    /** A network that nothing denies: a plug-in that knows no policies. */
    readonly openNetwork?: boolean;
  };
  /** `host:port`, beside the API server, that a program must not reach: the bucket, the gateway. */
  readonly probe?: readonly string[];
  /** Of whoever waits: what runs then ends, and its pods go. */
  readonly signal?: AbortSignal;
}

interface Ready {
  readonly pods: SandboxPods;
  readonly description: string;
}

const LOOK_MS = 250;
/** The kubelet begins a new log at ten mebibytes; two streams in base64 and a line around them stay below. */
const MOST_OUTPUT_BYTES = 3 * 2 ** 20;
const GONE_MS = 60_000;
/** Above what systems give to people and services, below where user name spaces begin on most nodes. */
const UIDS = [100_000, 500_000] as const;
const TRIAL = { wallMs: 30_000, memoryBytes: 512 * 2 ** 20, diskBytes: 0, processes: 32, outputBytes: 4_096 };
const trialAnswer = z.object({ pid: z.int(), uid: z.int(), reached: z.array(z.string()), filtered: z.boolean() });
const events = z.object({
  items: z.array(z.object({ type: z.string().default(''), message: z.string().default('') })),
});

/**
 * Nothing is checked until first use: a trial pod then says whether it is process 1, an ordinary user, and without a network. While that
 * fails every call throws `sandbox.unavailable` and says what to allow or install.
 */
export function createPodSandbox(options: PodSandboxOptions): Sandbox {
  const { cluster, namespace, signal } = options;
  const workloads = createWorkloads(cluster);
  let preparing: Promise<Ready> | undefined;
  const ready = (): Promise<Ready> => {
    preparing ??= prepare();
    preparing.catch(() => {
      preparing = undefined;
    });
    return preparing;
  };

  async function prepare(): Promise<Ready> {
    const { nodeRuntime = false, openNetwork = false } = options.allow ?? {};
    if (options.runtimeClass === undefined && !nodeRuntime)
      throw unavailable('no runtime class is named, and programs may not share the node’s own kernel');
    await workloads.apply(sandboxPolicy(namespace));
    const { cpu = '1', mostMemoryBytes = 4 * 2 ** 30, ephemeralStorage = '256Mi' } = options;
    let pods: SandboxPods = { ...options, cpu, mostMemoryBytes, ephemeralStorage };
    let seen: z.infer<typeof trialAnswer>;
    try {
      seen = await trial(pods);
    } catch (failure) {
      const { runtimeClass, ...rest } = pods;
      const lacks = failure instanceof AnnealError && /RuntimeClass|no runtime for/.test(failure.message);
      if (!lacks) throw failure;
      if (!nodeRuntime)
        throw unavailable(`the runtime class ${runtimeClass} is not there: ${failure.message}`, failure);
      pods = rest;
      seen = await trial(pods);
    }
    if (seen.pid !== 1 || seen.uid < UIDS[0])
      throw unavailable(`a program is process ${seen.pid} of user ${seen.uid} in its pod`);
    if (seen.reached.length > 0 && !openNetwork)
      throw unavailable(`a program in a pod reaches ${seen.reached.join(', ')}: no network plug-in enforces policies`);
    const image = createHash('sha256').update(options.image).digest('hex').slice(0, 16);
    const description = [
      `pods of ${namespace}`,
      pods.runtimeClass === undefined ? 'the node’s own kernel' : `runtime class ${pods.runtimeClass}`,
      'no capabilities, no service account, read-only root, resource limits',
      seen.filtered ? 'seccomp of the runtime and its own' : 'seccomp of the runtime alone',
      seen.reached.length > 0 ? 'network policies that nothing enforces' : 'no network',
      `image ${options.image} (${image})`,
    ].join('; ');
    return { pods, description };
  }

  async function trial(pods: SandboxPods): Promise<z.infer<typeof trialAnswer>> {
    const request = { argv: ['python3'], files: {}, stdin: '', limits: TRIAL } as const;
    const { stdout, stderr } = await runIn(pods, request, options.probe ?? []);
    const parsed = trialAnswer.safeParse(parsedJson(stdout));
    if (!parsed.success) throw unavailable(`a trial pod said ${JSON.stringify(`${stdout}${stderr}`.slice(0, 300))}`);
    return parsed.data;
  }

  async function runIn(pods: SandboxPods, request: SandboxRequest, probe?: readonly string[]): Promise<SandboxResult> {
    const inputs = inputsOf(request);
    const asked = request.limits.outputBytes;
    const run: SandboxRun = {
      name: `sandbox-${randomBytes(8).toString('hex')}`,
      uid: randomInt(...UIDS),
      nonce: randomBytes(16).toString('hex'),
      argv: request.argv,
      limits: { ...request.limits, outputBytes: Math.min(asked, MOST_OUTPUT_BYTES) },
      fileBytes: inputs.fileBytes,
      parts: { files: inputs.files.length, stdin: inputs.stdin.length },
      ...(probe === undefined ? {} : { probe }),
    };
    const { found } = await workloads.create(sandboxJob(pods, run));
    try {
      const job = { apiVersion: 'batch/v1', kind: 'Job', name: run.name, uid: found.metadata.uid };
      // After the Job, which they go with: the kubelet tries again where a pod is quicker.
      await Promise.all(sandboxInputs(pods, run.name, job, inputs).map((manifest) => workloads.create(manifest)));
      const result = await ended(run);
      if (result.how === 'output-limit' && asked > MOST_OUTPUT_BYTES)
        throw new AnnealError('sandbox.failed', `a pod tells at most ${MOST_OUTPUT_BYTES} bytes of output`);
      return result;
    } finally {
      await remove(run.name);
    }
  }

  /** Resolves when all is known of the run. */
  async function ended(run: SandboxRun): Promise<SandboxResult> {
    const patience = performance.now() + START_SECONDS * 1_000;
    let program: number | undefined;
    let seen = '';
    for (;;) {
      if (signal?.aborted === true)
        throw new AnnealError('sandbox.failed', `nobody waits any longer${seen}`, { cause: signal.reason });
      const pod = await podOf(run.name);
      const now = performance.now();
      const stage = stageOf(pod);
      if (stage.stage === 'lost') throw new AnnealError('sandbox.failed', `the sandbox’s pod was lost: ${stage.why}`);
      seen = stage.stage === 'waiting' ? ` for a pod to start: ${stage.why}` : ' for a program to end';
      if (stage.stage === 'waiting') {
        const why = HOPELESS.test(stage.why) ? stage.why : await refusal(run.name);
        if (why !== undefined || now > patience) throw unavailable(`a pod does not start: ${why ?? stage.why}`);
      } else program ??= now;
      if (stage.stage === 'ended') return resultOf(await told(pod!, run), stage.exitCode);
      if (stage.stage === 'told') {
        const account = await told(pod!, run);
        // It closed its pipes and goes on: its time is up when its time is up.
        if (account.how !== 'closed' || now > program! + run.limits.wallMs) return resultOf(account, undefined);
      }
      await sleep(LOOK_MS);
    }
  }

  async function podOf(name: string): Promise<Pod | undefined> {
    const [pod] = await workloads.pods(namespace, { [SANDBOX]: name });
    return pod;
  }

  /** Why no pod can be made or started, when the cluster has said so: a class that is missing, a quota, a policy of the namespace. */
  async function refusal(name: string): Promise<string | undefined> {
    const path = `/api/v1/namespaces/${namespace}/events`;
    const said = async (fieldSelector: string) =>
      events.parse((await cluster.ask({ method: 'GET', path, query: { fieldSelector } })).body).items;
    const job = await said(`involvedObject.name=${name},reason=FailedCreate`);
    const pod = await podOf(name);
    const started =
      pod === undefined ? [] : await said(`involvedObject.name=${pod.metadata.name},reason=FailedCreatePodSandBox`);
    return [...job, ...started.filter(({ message }) => message.includes('no runtime for'))].at(0)?.message;
  }

  async function told(pod: Pod, run: SandboxRun) {
    const path = `${pathOf('Pod', namespace, pod.metadata.name)}/log`;
    const query = { container: CONTAINERS.collector };
    const log = await cluster.open({ method: 'GET', path, query }, AbortSignal.timeout(30_000));
    const chunks: Uint8Array[] = [];
    for await (const chunk of log.body) chunks.push(chunk);
    return readAccount(Buffer.concat(chunks).toString('utf8'), run.nonce);
  }

  /** Returns when no process of it is left: the kubelet says so by letting the pod go. */
  async function remove(name: string): Promise<void> {
    await workloads.remove('Job', namespace, name, 'Background');
    const until = performance.now() + GONE_MS;
    while ((await podOf(name)) !== undefined) {
      if (performance.now() > until)
        throw new AnnealError('sandbox.failed', `the pod of ${name} does not end: its node may be lost`);
      await sleep(LOOK_MS);
    }
  }

  return {
    describe: async () => (await ready()).description,
    async run(request) {
      if (request.root !== undefined)
        throw unavailable('pods run images: a task with a root file system of its own needs ANNEAL_SANDBOX=bubblewrap');
      if (request.door !== undefined || request.agent !== undefined)
        throw unavailable('pods have no door: an agent in a process of its own needs ANNEAL_SANDBOX=bubblewrap');
      request.signal?.throwIfAborted();
      return runIn((await ready()).pods, request);
    },
  };
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unavailable(reason: string, cause?: unknown): AnnealError {
  const hint =
    'Nothing is ever run outside a sandbox; what a cluster has to offer for one stands in docs/kubernetes.md.';
  return new AnnealError('sandbox.unavailable', `${reason}. ${hint}`, { cause });
}
