// The testbed itself, on whatever of its programs is built: `npm run testbed -- build` builds them all.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cachedBinary } from '../../k8s/testbed/binaries.ts';
import { addGpuNodes, setNode } from '../../k8s/testbed/gpu-nodes.ts';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { layoutOf, networkOf, type Part } from '../../k8s/testbed/options.ts';
import { binariesOf, startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';

const PARTS: readonly Part[] = ['control-plane', 'kubelet', 'kwok', 'jobset'];
const built = binariesOf(PARTS).every((name) => cachedBinary(name) !== undefined);
const root = process.platform === 'linux' && process.getuid?.() === 0;
const IMAGE = 'anneal.testbed/shell:1';
const POD_PATH = '/api/v1/namespaces/default/pods';

interface Pod {
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly phase?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly containerStatuses?: readonly {
      readonly state: { readonly terminated?: { readonly exitCode: number; readonly reason: string } };
    }[];
  };
}
interface Node {
  readonly spec: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
}

describe.skipIf(!built || !root)('a testbed', () => {
  let dir: string;
  let testbed: Testbed;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-testbed-'));
    testbed = await startTestbed({ dir, parts: PARTS });
    const tar = await buildImages(join(dir, 'shell.tar'), [
      { name: IMAGE, rootfs: [await hostPrograms(['/bin/sh', '/bin/sleep'])], entrypoint: ['/bin/sh', '-c'] },
    ]);
    await loadImages(testbed, tar);
    await addGpuNodes(testbed, { count: 4, nodesPerRack: 2 });
  }, 120_000);

  afterAll(async () => {
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  test('an Indexed Job runs on the real node, and its logs are read through the API server', async () => {
    await job('indexed', 'echo "index $JOB_COMPLETION_INDEX"', { completions: 2, parallelism: 2 });
    const pods = await podsOf('job-name=indexed', (all) => all.length === 2 && all.every(ended), 60_000);
    expect(pods.map(({ status }) => status.phase)).toEqual(['Succeeded', 'Succeeded']);
    const logs = await Promise.all(
      pods.map(async ({ metadata }) => (await testbed.api.send('GET', `${POD_PATH}/${metadata.name}/log`)).text),
    );
    expect(logs.sort()).toEqual(['index 0\n', 'index 1\n']);
  });

  test('a container that takes more memory than it may is OOMKilled with 137', async () => {
    await pod('hungry', { command: 'x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done' });
    expect(await endOf('hungry')).toEqual({ exitCode: 137, reason: 'OOMKilled' });
  });

  test('a kubelet that was killed finds its running pods again', async () => {
    await pod('survivor', { command: 'trap "exit 85" TERM; while :; do sleep 0.2; done' });
    await untilPod('survivor', ({ status }) => status.phase === 'Running');
    await testbed.kill('kubelet');
    await testbed.start('kubelet');
    await testbed.api.call('DELETE', `${POD_PATH}/survivor`);
    // Between its end and its removal the pod tells its exit code, which only a kubelet that knows it can see.
    const last = await untilPod('survivor', ended);
    expect(terminated(last)?.exitCode).toBe(85);
  });

  test('a JobSet creates its pods on simulated GPU nodes', async () => {
    await testbed.api.call('POST', '/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets', {
      apiVersion: 'jobset.x-k8s.io/v1alpha2',
      kind: 'JobSet',
      metadata: { name: 'trainer' },
      // Nothing else is set: the webhook gives the defaults.
      spec: {
        replicatedJobs: [
          {
            name: 'workers',
            template: { spec: { parallelism: 4, completions: 4, backoffLimit: 0, template: { spec: gpuPod(8) } } },
          },
        ],
      },
    });
    const selector = 'jobset.sigs.k8s.io/jobset-name=trainer';
    const pods = await podsOf(
      selector,
      (all) => all.length === 4 && all.every(({ status }) => status.phase === 'Running'),
    );
    expect(new Set(pods.map(({ spec }) => spec.nodeName))).toEqual(new Set(['gpu-0', 'gpu-1', 'gpu-2', 'gpu-3']));
    await testbed.api.call('DELETE', '/apis/jobset.x-k8s.io/v1alpha2/namespaces/default/jobsets/trainer', {
      propagationPolicy: 'Foreground',
    });
    await podsOf(selector, (all) => all.length === 0);
  });

  test.each([
    ['complete', 0, 'Completed'],
    ['oom', 137, 'OOMKilled'],
    ['preempted', 143, 'Error'],
    ['42', 42, 'Error'],
    ['85', 85, 'Error'],
  ])('a simulated pod ends as its annotation says: %s', async (end, exitCode, reason) => {
    await pod(`ends-${end}`, {
      annotations: { 'testbed.anneal.dev/end': end, 'testbed.anneal.dev/after': '100ms' },
      gpus: 1,
    });
    expect(await endOf(`ends-${end}`)).toEqual({ exitCode, reason });
    const { status } = await untilPod(`ends-${end}`, ended);
    const disrupted =
      status.conditions?.some((one) => one.type === 'DisruptionTarget' && one.status === 'True') ?? false;
    expect(disrupted).toBe(end === 'preempted');
  });

  test('a node that is lost is tainted as unreachable, and is back when it is back', async () => {
    await setNode(testbed, 'gpu-3', 'down');
    await untilTaints((keys) => keys.includes('node.kubernetes.io/unreachable'));
    await setNode(testbed, 'gpu-3', 'up');
    await untilTaints((keys) => keys.length === 0);
    await setNode(testbed, 'gpu-3', 'not-ready');
    await untilTaints((keys) => keys.includes('node.kubernetes.io/not-ready'));
    await setNode(testbed, 'gpu-3', 'up');
  });

  test('an API server that was killed comes back with all it had, and `up` mends what died', async () => {
    await testbed.api.call('POST', '/api/v1/namespaces/default/configmaps', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kept' },
      data: { value: '1' },
    });
    await testbed.kill('kube-apiserver');
    await testbed.kill('kube-scheduler');
    expect(
      testbed
        .status()
        .filter(({ state }) => state === 'dead')
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['kube-apiserver', 'kube-scheduler']);
    const again = await startTestbed({ dir, parts: PARTS });
    expect(again.status().every(({ state }) => state === 'running')).toBe(true);
    const kept = await again.api.call<{ data: { value: string } }>('GET', '/api/v1/namespaces/default/configmaps/kept');
    expect(kept.data.value).toBe('1');
    again.api.close();
  });

  test('after the end nothing is left: no process, mount, network interface or cgroup', async () => {
    await pod('stuck', { command: 'while :; do sleep 31.4159; done' });
    await untilPod('stuck', ({ status }) => status.phase === 'Running');
    expect(commandLines().some((line) => line.includes('31.4159'))).toBe(true);
    const links = networkLinks(dir);
    expect(links.length).toBeGreaterThan(1);
    await testbed.stop();
    expect(commandLines().filter((line) => line.includes(dir) || line.includes('31.4159'))).toEqual([]);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(dir);
    expect(links.filter((name) => existsSync(`/sys/class/net/${name}`))).toEqual([]);
    expect(networkLinks(dir)).toEqual([]);
    expect(existsSync(join(dir, 'run'))).toBe(false);
    expect(testbed.status()).toEqual([]);
  });

  async function job(name: string, command: string, spec: object): Promise<void> {
    await testbed.api.call('POST', '/apis/batch/v1/namespaces/default/jobs', {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name },
      spec: { ...spec, completionMode: 'Indexed', backoffLimit: 0, template: { spec: shellPod(command) } },
    });
  }

  async function pod(
    name: string,
    how: { command?: string; annotations?: Record<string, string>; gpus?: number },
  ): Promise<void> {
    await testbed.api.call('POST', POD_PATH, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, annotations: how.annotations ?? {} },
      spec: how.gpus === undefined ? shellPod(how.command ?? 'true') : gpuPod(how.gpus),
    });
  }

  async function podsOf(selector: string, done: (pods: Pod[]) => boolean, limitMs = 30_000): Promise<Pod[]> {
    const path = `${POD_PATH}?labelSelector=${encodeURIComponent(selector)}`;
    return until(async () => (await testbed.api.call<{ items: Pod[] }>('GET', path)).items, done, limitMs);
  }

  function untilPod(name: string, done: (pod: Pod) => boolean): Promise<Pod> {
    return until(() => testbed.api.call<Pod>('GET', `${POD_PATH}/${name}`), done, 30_000);
  }

  async function endOf(name: string): Promise<{ exitCode: number; reason: string } | undefined> {
    const end = terminated(await untilPod(name, ended));
    return end === undefined ? undefined : { exitCode: end.exitCode, reason: end.reason };
  }

  /** Only those that the node controller sets. */
  function untilTaints(done: (keys: string[]) => boolean): Promise<string[]> {
    return until(
      async () => {
        const { spec } = await testbed.api.call<Node>('GET', '/api/v1/nodes/gpu-3');
        return (spec.taints ?? []).map(({ key }) => key).filter((key) => key.startsWith('node.kubernetes.io/'));
      },
      done,
      30_000,
    );
  }
});

test.skipIf(!built)(
  'a testbed ends with the process that started it, even by SIGKILL',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'anneal-testbed-'));
    try {
      const script = `import { startTestbed } from ${JSON.stringify(new URL('../../k8s/testbed/testbed.ts', import.meta.url))};
      await startTestbed({ dir: ${JSON.stringify(dir)} });
      process.stdout.write('up');
      setInterval(() => {}, 1_000);`;
      const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(owner.stdout, 'data');
      expect(commandLines().filter((line) => line.includes(`${dir}/`)).length).toBeGreaterThan(3);
      owner.kill('SIGKILL');
      await until(
        async () => commandLines().filter((line) => line.includes(dir)),
        (left) => left.length === 0,
        20_000,
      );
      expect(existsSync(join(dir, 'run'))).toBe(false);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  },
  90_000,
);

const ended = ({ status }: Pod): boolean => status.phase === 'Succeeded' || status.phase === 'Failed';
const terminated = ({ status }: Pod) => status.containerStatuses?.[0]?.state.terminated;

function shellPod(command: string): object {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 5,
    containers: [{ name: 'main', image: IMAGE, args: [command], resources: { limits: { memory: '64Mi' } } }],
  };
}

function gpuPod(gpus: number): object {
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: 'nowhere/trainer:1', resources: { limits: { 'nvidia.com/gpu': gpus } } }],
  };
}

async function until<T>(look: () => Promise<T>, done: (value: T) => boolean, limitMs: number): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await look();
    if (done(value)) return value;
    if (performance.now() > deadline) throw new Error(`not within ${limitMs / 1_000} s: ${JSON.stringify(value)}`);
    await sleep(100);
  }
}

/** The testbed's bridge and the ends of its pods' wires: other testbeds of the machine have their own. */
function networkLinks(dir: string): string[] {
  const { bridge } = networkOf(layoutOf(dir));
  const folder = `/sys/class/net/${bridge}`;
  return existsSync(folder) ? [bridge, ...readdirSync(join(folder, 'brif'))] : [];
}

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`)
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
      } catch {
        return [];
      }
    });
}
