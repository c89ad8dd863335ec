// Logs of real pods under a real kubelet, while API server and kubelet are killed: every line once.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnnealError } from '../../contracts/errors.ts';
import { openCluster } from '../../k8s/cluster/request.ts';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { nodeFolder } from '../../k8s/testbed/node-space.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { type FollowedLine, followLog } from '../../k8s/watch/log-follower.ts';
import { isBuilt } from '../support/cluster.ts';

const IMAGE = 'anneal.testbed/talker:1';
const PODS = '/api/v1/namespaces/default/pods';
const WITHIN = { timeout: 60_000, interval: 50 };
// Without root there is no kubelet.
const canRun = process.platform === 'linux' && process.getuid?.() === 0 && isBuilt(['kubelet']);

interface Followed {
  readonly read: FollowedLine[];
  readonly gaps: string[];
  readonly troubles: AnnealError[];
  readonly over: Promise<void>;
}

describe.skipIf(!canRun)('a followed log of a real pod', () => {
  let dir: string;
  let testbed: Testbed;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-logs-'));
    testbed = await startTestbed({ dir, parts: ['kubelet'] });
    const tar = await buildImages(join(dir, 'talker.tar'), [
      { name: IMAGE, rootfs: [await hostPrograms(['/bin/sh', '/bin/sleep'])], entrypoint: ['/bin/sh', '-c'] },
    ]);
    await loadImages(testbed, tar);
  }, 180_000);
  afterAll(async () => {
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  async function start(name: string, script: string, restartPolicy = 'Never'): Promise<void> {
    const volumeMounts = [{ name: 'notes', mountPath: '/notes' }];
    await testbed.api.call('POST', PODS, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name },
      spec: {
        restartPolicy,
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'main', image: IMAGE, args: [script], volumeMounts }],
        volumes: [{ name: 'notes', emptyDir: {} }],
      },
    });
  }
  /** Where a file of a pod's notes lies on its node. */
  async function noteOf(pod: string, name: string): Promise<string> {
    const { metadata } = await testbed.api.call<{ metadata: { uid: string } }>('GET', `${PODS}/${pod}`);
    const volumes = join(nodeFolder(testbed.layout), 'kubelet/pods', metadata.uid, 'volumes');
    return join(volumes, 'kubernetes.io~empty-dir/notes', name);
  }
  function follow(pod: string): Followed {
    const cluster = openCluster({ kubeconfig: testbed.kubeconfig, timeoutMs: 5_000, patienceMs: 1_000 });
    const [read, gaps, troubles]: [FollowedLine[], string[], AnnealError[]] = [[], [], []];
    const all = async (): Promise<void> => {
      const noting = {
        onGap: (what: string) => void gaps.push(what),
        onTrouble: (one: AnnealError) => void troubles.push(one),
      };
      const source = { namespace: 'default', pod, container: 'main' };
      for await (const line of followLog(cluster, source, noting)) read.push(line);
    };
    return { read, gaps, troubles, over: all() };
  }
  const restartApi = async (awayMs: number): Promise<void> => {
    await testbed.kill('kube-apiserver');
    await sleep(awayMs);
    await testbed.start('kube-apiserver');
  };
  const numbered = (what: string, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);

  it('is whole, though API server and kubelet are killed in the middle of bursts and long lines', async () => {
    const count = 900;
    // Bursts of 50 lines on both outputs; each hundredth is longer than the runtime writes in one piece. (It stands alone: a kubelet tells
    // what comes from the other output between two pieces as a part of the line.)
    await start(
      'bursts',
      `long=x; while [ \${#long} -lt 40000 ]; do long=$long$long; done
       i=0; while [ $i -lt ${count} ]; do i=$((i+1)); echo "out $i"; echo "err $i" >&2
       [ $((i % 100)) -eq 0 ] && sleep 0.2 && echo "long $i $long"; [ $((i % 50)) -eq 0 ] && sleep 0.7; done; :`,
    );
    const followed = follow('bursts');
    await expect.poll(() => followed.read.length, WITHIN).toBeGreaterThan(100);
    await restartApi(1_500);
    const after = followed.read.length;
    await expect.poll(() => followed.read.length, WITHIN).toBeGreaterThan(after + 100);
    await testbed.kill('kubelet');
    await testbed.start('kubelet');
    await restartApi(0);
    await followed.over;
    const texts = followed.read.map(({ text }) => text);
    const of = (what: string): string[] => texts.filter((text) => text.startsWith(`${what} `));
    // What goes to two outputs at once has no order between them.
    expect(of('out')).toEqual(numbered('out', count));
    expect(of('err')).toEqual(numbered('err', count));
    expect(of('long').map((text) => text.replace(/ x+$/, ''))).toEqual(
      numbered('long', count / 100).map((_, index) => `long ${(index + 1) * 100}`),
    );
    expect(new Set(of('long').map((text) => text.match(/x+$/)?.[0].length))).toEqual(new Set([65_536]));
    expect(texts).toHaveLength(2 * count + count / 100);
    expect(followed.gaps).toEqual([]);
    expect(followed.troubles.length).toBeGreaterThan(0);
  }, 240_000);

  it('is whole over a restart of its container that happens while the API server is away', async () => {
    // When the second run ends, its node throws the log of the first away: it waits until that has been told.
    await start(
      'restarts',
      `run=1; [ -e /notes/1 ] && run=2; : > /notes/$run
       i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo "run $run line $i"; [ $((i % 30)) -eq 0 ] && sleep 0.3
       while [ $run$i = 230 ] && [ ! -e /notes/go ]; do sleep 0.2; done; done
       echo "run $run ends"; [ $run = 2 ]`,
      'OnFailure',
    );
    const followed = follow('restarts');
    await expect.poll(() => followed.read.length, WITHIN).toBeGreaterThan(30);
    await restartApi(7_000);
    await expect.poll(() => followed.read.at(-1)?.run, WITHIN).toBe(1);
    await writeFile(await noteOf('restarts', 'go'), '');
    await followed.over;
    expect(followed.read.map(({ text }) => text)).toEqual(
      [1, 2].flatMap((run) => [...numbered(`run ${run} line`, 300), `run ${run} ends`]),
    );
    expect(followed.read.map(({ run }) => run)).toEqual([0, 1].flatMap((run) => Array<number>(301).fill(run)));
    expect(followed.gaps).toEqual([]);
  }, 240_000);

  it('of a pod that has ended already is told whole', async () => {
    await start('ended', 'echo one; echo two');
    await expect
      .poll(async () => JSON.stringify(await testbed.api.call('GET', `${PODS}/ended`)), WITHIN)
      .toContain('Succeeded');
    const followed = follow('ended');
    await followed.over;
    expect(followed.read.map(({ text }) => text)).toEqual(['one', 'two']);
  }, 90_000);

  it('ends with a pod that is deleted', async () => {
    await start('deleted', 'i=0; while :; do i=$((i+1)); echo "line $i"; sleep 0.2; done');
    const followed = follow('deleted');
    await expect.poll(() => followed.read.length, WITHIN).toBeGreaterThan(3);
    await testbed.api.call('DELETE', `${PODS}/deleted`);
    await followed.over;
    const texts = followed.read.map(({ text }) => text);
    expect(texts).toEqual(numbered('line', texts.length));
  }, 90_000);
});
