// `./anneal logs` of a campaign in pods: real pods under a real kubelet, a real bucket, the command as a user types it.
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { loadConfig } from '../../infra/config.ts';
import { createS3Store } from '../../infra/store/s3/store.ts';
import { hostPrograms } from '../../k8s/testbed/host-files.ts';
import { buildImages } from '../../k8s/testbed/images.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt } from '../support/cluster.ts';
import type { CommandOutput } from '../support/journey.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';

const IMAGE = 'anneal.testbed/talker:1';
const NAMESPACE = 'default';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const WITHIN = { timeout: 120_000, interval: 100 };
const canRun = process.getuid?.() === 0 && isBuilt(['kubelet']) && s3Binary() !== undefined;

interface Running {
  lines(): string[];
  /** As Ctrl-C does. */
  stop(): Promise<CommandOutput>;
}

describe.skipIf(!canRun)('the logs of a campaign in pods', () => {
  let dir: string;
  let testbed: Testbed;
  let s3: S3Server;
  let store: ArtifactStore;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-logs-'));
    testbed = await startTestbed({ dir, parts: ['kubelet'] });
    s3 = await startS3Server({ host: networkOf(testbed.layout).gateway });
    const address = s3.address();
    store = createS3Store(address);
    const tar = await buildImages(join(dir, 'talker.tar'), [
      { name: IMAGE, rootfs: [await hostPrograms(['/bin/sh', '/bin/sleep'])], entrypoint: ['/bin/sh', '-c'] },
    ]);
    await loadImages(testbed, tar);
    environment = {
      ...process.env,
      ANNEAL_HOME: join(dir, 'home'),
      ANNEAL_COMPUTE: 'kubernetes',
      ANNEAL_STORE: address,
      ANNEAL_KUBECONFIG: testbed.kubeconfig,
      ANNEAL_KUBE_NAMESPACE: NAMESPACE,
      ANNEAL_POLICY_TOKEN_FILE: join(dir, 'token'),
    };
  }, 180_000);
  afterAll(async () => {
    await testbed?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  function start(...argv: string[]): Running & { readonly finished: Promise<CommandOutput> } {
    const child = spawn(join(loadConfig().repo, 'anneal'), ['logs', ...argv], { env: environment });
    const said = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text));
    const finished = new Promise<CommandOutput>((done) => child.on('close', (code) => done({ code, ...said })));
    return {
      finished,
      lines: () => linesOf(said.stdout),
      stop: () => {
        child.kill('SIGINT');
        return finished;
      },
    };
  }
  const begin = (job: string, attempt: number) => store.createNamed(`jobs/${job}/attempts/${attempt}/begun`, '');
  /** As a pod does whose log is whole. */
  const leave = async (job: string, attempt: number, text: string) => {
    await store.createNamed(`jobs/${job}/attempts/${attempt}/log`, text);
    await store.createNamed(`jobs/${job}/attempts/${attempt}/log-end`, `{"bytes": ${Buffer.byteLength(text)}}\n`);
  };

  /** A pod as a job's controller makes it; what it says it also writes into a file of this machine, as a trainer keeps its log. */
  async function run(
    job: string,
    attempt: number,
    script: string,
    rank?: number,
  ): Promise<{ file: string; name: string }> {
    const name = `${job}-a${attempt}-${rank ?? 0}`;
    await mkdir(join(dir, name), { mode: 0o777 });
    const index = rank === undefined ? {} : { 'batch.kubernetes.io/job-completion-index': `${rank}` };
    await testbed.api.call('POST', PODS, {
      metadata: { name, labels: { 'anneal.dev/job': job, 'anneal.dev/attempt': `${attempt}`, ...index } },
      spec: {
        restartPolicy: 'Never',
        containers: [
          {
            name: 'trainer',
            image: IMAGE,
            args: [`say() { echo "$*" >> /kept/log; echo "$*"; }; ${script}`],
            volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
          },
        ],
        volumes: [{ name: 'kept', hostPath: { path: join(dir, name) } }],
      },
    });
    return { file: join(dir, name, 'log'), name };
  }
  const counting = (what: string, count: number, pause = '0.02'): string =>
    `i=0; while [ $i -lt ${count} ]; do i=$((i+1)); say "${what} $i"; sleep ${pause}; done`;

  it('is every line once, over an API server and a kubelet that are killed, a pod that is deleted, and attempts', async () => {
    await store.createNamed('campaigns/small/spec', '{}');
    // One whose pod nobody has any more.
    await begin('small-r1-train', 1);
    await leave('small-r1-train', 1, 'r1 a1 1\n\nr1 a1 3\n');
    await begin('small-r1-train', 2);
    const deleted = await run('small-r1-train', 2, counting('r1 a2', 10_000, '0.05'));
    const followed = start('small', '--follow');
    await expect.poll(() => followed.lines().length, WITHIN).toBeGreaterThan(30);
    await testbed.kill('kube-apiserver');
    await sleep(2_000);
    await testbed.start('kube-apiserver');
    const before = followed.lines().length;
    await expect.poll(() => followed.lines().length, WITHIN).toBeGreaterThan(before + 20);
    // With nobody to serve its log, it says more than is told; then it is gone, and what it left is all that there is.
    await testbed.kill('kubelet');
    await sleep(1_000);
    await testbed.api.call('DELETE', `${PODS}/${deleted.name}?gracePeriodSeconds=0`);
    await testbed.start('kubelet');
    const whole = await untilSilent(deleted.file);
    expect(followed.lines()).not.toContain(whole.at(-1));
    await leave('small-r1-train', 2, `${whole.join('\n')}\n`);
    await begin('small-r1-train', 3);
    await run('small-r1-train', 3, counting('r1 a3', 100));
    const third = numbered('r1 a3', 100);
    await expect.poll(() => followed.lines().at(-1), WITHIN).toBe(third.at(-1));
    await store.createNamed('jobs/small-r1-train/result', '{}');
    // A later round, of two ranks.
    await begin('small-r10-train', 1);
    for (const rank of [0, 1]) await run('small-r10-train', 1, counting(`r10 rank ${rank}`, 50), rank);
    const ofRank = (rank: number) => followed.lines().filter((line) => line.startsWith(`r10 rank ${rank}`));
    await expect.poll(() => [0, 1].map((rank) => ofRank(rank).length), WITHIN).toEqual([50, 50]);
    await sleep(3_000);
    const { stdout } = await followed.stop();
    const lines = linesOf(stdout);
    const start10 = lines.findIndex((line) => line.startsWith('==> small-r10-train-a1'));
    expect(lines.slice(0, start10)).toEqual([
      ...['==> small-r1-train-a1 <==', 'r1 a1 1', '', 'r1 a1 3'],
      ...['==> small-r1-train-a2 <==', ...whole],
      ...['==> small-r1-train-a3 <==', ...third],
    ]);
    for (const rank of [0, 1]) expect(ofRank(rank)).toEqual(numbered(`r10 rank ${rank}`, 50));
  }, 300_000);

  it('without --follow is what there is, in the same order, as text and as one document', async () => {
    const said = await start('small').finished;
    expect(said).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(said.stdout)).toContain('r1 a3 100');
    const document = JSON.parse((await start('small', '--json').finished).stdout) as Document;
    expect(document.logs.map(({ name }) => name)).toEqual([
      ...['small-r1-train-a1', 'small-r1-train-a2', 'small-r1-train-a3'],
      ...['small-r10-train-a1 rank 0', 'small-r10-train-a1 rank 1'],
    ]);
    expect(document.logs.map(({ lines }) => lines.at(-1)).slice(2)).toEqual([
      ...['r1 a3 100', 'r10 rank 0 50', 'r10 rank 1 50'],
    ]);
  }, 60_000);

  it('is what the store holds where the cluster does not answer; of what has trained nothing it says so', async () => {
    await testbed.kill('kube-apiserver');
    const said = await start('small').finished;
    await testbed.start('kube-apiserver');
    expect(linesOf(said.stdout).slice(0, 4)).toEqual(['==> small-r1-train-a1 <==', 'r1 a1 1', '', 'r1 a1 3']);
    expect(said.stderr).toContain('[cluster.unavailable]');
    await store.createNamed('campaigns/other/spec', '{}');
    expect(await start('other').finished).toMatchObject({ stderr: expect.stringContaining('campaign.no_log') });
  }, 120_000);

  it('of a policy server goes on over a restart of its container', async () => {
    const labels = {
      'app.kubernetes.io/managed-by': 'anneal',
      'anneal.dev/campaign': 'small',
      'anneal.dev/role': 'policy-server',
    };
    const script =
      'r=1; [ -e /kept/1 ] && r=2; : > /kept/$r; i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "run $r $i"; sleep 0.05; done; [ $r = 2 ] && sleep 60; exit 1';
    await testbed.api.call('POST', PODS, {
      metadata: { name: 'small-policy-x', labels },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [
          { name: 'server', image: IMAGE, args: [script], volumeMounts: [{ name: 'kept', mountPath: '/kept' }] },
        ],
        volumes: [{ name: 'kept', emptyDir: {} }],
      },
    });
    const followed = start('small', '--part', 'policy', '--follow');
    await expect.poll(() => followed.lines().length, WITHIN).toBeGreaterThan(10);
    await testbed.kill('kube-apiserver');
    await sleep(1_000);
    await testbed.start('kube-apiserver');
    await expect.poll(() => followed.lines().at(-1), WITHIN).toBe('run 2 60');
    const { stdout } = await followed.stop();
    expect(linesOf(stdout)).toEqual(['==> small-policy-x <==', ...numbered('run 1', 60), ...numbered('run 2', 60)]);
  }, 300_000);
});

interface Document {
  readonly logs: readonly { readonly name: string; readonly lines: readonly string[] }[];
}

const linesOf = (text: string): string[] => text.split('\n').slice(0, -1);
const numbered = (what: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${what} ${index + 1}`);

/** Its container is killed some time after its pod. */
async function untilSilent(file: string): Promise<string[]> {
  for (let before = -1; ; ) {
    const lines = linesOf(await readFile(file, 'utf8'));
    if (lines.length === before) return lines;
    before = lines.length;
    await sleep(2_000);
  }
}
