// The chart installed into a real cluster: worker and gateway as pods of a real kubelet, in a namespace held to Pod Security
// "restricted", with a real Temporal and a real S3 server on this machine.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { QUEUES } from '../../contracts/names.ts';
import { loadConfig } from '../../infra/config.ts';
import { mintCredential } from '../../infra/gateway-client/credential.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { needsOf, preflight } from '../../k8s/access/preflight.ts';
import { loadProfile } from '../../k8s/layout/shipped.ts';
import { ensureAnnealImages } from '../../k8s/testbed/anneal-image.ts';
import { loadImage } from '../../k8s/testbed/node.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt } from '../support/cluster.ts';
import { claims, rollout, trajectoryOf } from '../support/gateway.ts';
import { CHART, type Helm, helmBinary, openHelm } from '../support/helm.ts';
import { type S3Server, s3Binary, startS3Server } from '../support/s3-server.ts';
import { clusterAs, tokenOf } from '../support/service-account.ts';
import { startTemporal, type TestServer } from '../support/temporal-server.ts';

const CONTROL = 'anneal-control';
const GPU = 'anneal-gpu';
const PARTS = ['kubelet', 'jobset'] as const;
const canRun = process.getuid?.() === 0 && isBuilt(PARTS) && s3Binary() !== undefined && helmBinary() !== undefined;

interface Doorway {
  readonly address: string;
  close(): Promise<void>;
}

/** A development server's own parts find each other on loopback only; pods come in by this. */
async function openDoorway(target: string, host: string): Promise<Doorway> {
  const port = Number(target.split(':')[1]);
  const open = new Set<Socket>();
  const server = createServer((outside) => {
    const inside = connect(port, '127.0.0.1');
    for (const socket of [outside, inside]) {
      open.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket));
    }
    outside.pipe(inside).pipe(outside);
  });
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return {
    address: `${host}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of open) socket.destroy();
      }),
  };
}

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly status: {
    readonly podIP?: string;
    readonly containerStatuses?: readonly {
      readonly containerID?: string;
      readonly restartCount: number;
      readonly ready: boolean;
    }[];
  };
}

describe.skipIf(!canRun)('the chart, installed', () => {
  let dir: string;
  let testbed: Testbed;
  let s3: S3Server;
  let temporal: TestServer;
  let doorway: Doorway;
  let helm: Helm;
  let values: string[];
  const secret = randomBytes(32);

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-install-'));
    const images = await ensureAnnealImages(loadConfig().repo);
    testbed = await startTestbed({ dir, parts: PARTS });
    await loadImage(testbed, images.worker);
    await loadImage(testbed, images.gateway);
    // Pods reach this machine by the first address of their own network.
    const { gateway: host } = networkOf(testbed.layout);
    s3 = await startS3Server({ host });
    temporal = await startTemporal();
    doorway = await openDoorway(temporal.address, host);
    helm = await openHelm(testbed.kubeconfig);
    await makeWhatTheChartRefersTo();
    values = await helm.values({
      temporal: { address: doorway.address },
      store: { url: s3.address() },
      control: { manageNamespace: true },
      worker: { resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { memory: '2Gi' } } },
      gateway: {
        persistence: { size: '1Gi' },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '1Gi' } },
      },
    });
  }, 600_000);
  afterAll(async () => {
    await helm?.close();
    await doorway?.close();
    await temporal?.stop();
    await testbed?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  it('becomes ready: both processes run, and the worker polls all of its queues', async () => {
    const options = ['--namespace', CONTROL, '--take-ownership', '--wait', '--timeout', '4m'];
    const { code, stderr, stdout } = await helm.run(['install', 'anneal', CHART, ...options, ...values]);
    expect(`${stderr}${code === 0 ? '' : await describePods()}`).not.toMatch(/Error|would violate/);
    expect(code).toBe(0);
    expect(stdout).toContain(`worker and gateway in ${CONTROL}`);
    const worker = await podOf('worker');
    for (const queue of Object.values(QUEUES)) {
      const by = expect.stringContaining(worker.metadata.name);
      await expect.poll(() => pollsOf(queue), { timeout: 30_000 }).toContainEqual(expect.objectContaining({ by }));
    }
    const health = await fetch(`${await gatewayUrl()}/health`);
    expect(await health.json()).toEqual({ ok: true });
  }, 300_000);

  it('tells the metrics of both processes on the port named so', async () => {
    for (const [component, metric] of [
      ['worker', 'anneal_jobs_submitted_total'],
      ['worker', 'temporal_num_pollers'],
      ['gateway', 'anneal_gateway_requests_in_flight'],
    ] as const) {
      const answer = await fetch(`http://${(await podOf(component)).status.podIP}:9464/metrics`);
      expect([component, await answer.text()]).toEqual([component, expect.stringContaining(metric)]);
    }
  });

  it('holds the control namespace to "restricted": a pod that asks for more is refused', async () => {
    const { text, status } = await testbed.api.send('POST', `/api/v1/namespaces/${CONTROL}/pods`, {
      metadata: { name: 'more' },
      spec: { containers: [{ name: 'c', image: 'anneal/worker:0.1.0' }] },
    });
    expect(status).toBe(403);
    expect(text).toContain('violates PodSecurity');
  });

  it('gives the worker the rights that a campaign needs, and the gateway next to none', async () => {
    const needs = needsOf(await loadProfile('cpu'), {
      namespace: GPU,
      workload: 'jobset',
      storeSecret: 'anneal-store',
      tokenSecret: 'anneal-policy',
    });
    const worker = await clusterAs(testbed, await tokenOf(testbed, CONTROL, 'anneal-worker'), 'worker');
    expect(await preflight(worker, needs)).toEqual([]);
    const gateway = await clusterAs(testbed, await tokenOf(testbed, CONTROL, 'anneal-gateway'), 'gateway');
    const pods = { method: 'GET', path: `/api/v1/namespaces/${GPU}/pods` } as const;
    expect((await gateway.ask(pods)).status).toBe(200);
    for (const path of [`/api/v1/namespaces/${GPU}/secrets/anneal-store`, `/api/v1/namespaces/${CONTROL}/pods`])
      await expect(gateway.ask({ method: 'GET', path })).rejects.toMatchObject({ code: 'cluster.denied' });
  });

  it('keeps what the gateway recorded when its pod is replaced', async () => {
    const kept = trajectoryOf(rollout(0));
    const sent = await fetch(`${await gatewayUrl()}/pool/trajectories`, {
      method: 'POST',
      headers: { authorization: `Bearer ${pool()}`, 'content-type': 'application/json' },
      body: JSON.stringify(kept),
    });
    expect(sent.status).toBe(201);
    const before = await podOf('gateway');
    await testbed.api.call('DELETE', `/api/v1/namespaces/${CONTROL}/pods/${before.metadata.name}`);
    await expect
      .poll(async () => (await podOf('gateway')).metadata.uid, { timeout: 60_000 })
      .not.toBe(before.metadata.uid);
    await expect.poll(recorded, { timeout: 60_000 }).toEqual([kept.rollout]);
  }, 180_000);

  it('starts a worker again that was killed, and calls it ready when it polls again', async () => {
    const before = await podOf('worker');
    const killedAt = Date.now();
    for (const pid of processesOf(before)) process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await podOf('worker')).status.containerStatuses, { timeout: 90_000 })
      .toMatchObject([{ restartCount: 1, ready: true }]);
    expect((await podOf('worker')).metadata.uid).toBe(before.metadata.uid);
    const [poll] = await pollsOf(QUEUES.jobs);
    expect(poll?.at).toBeGreaterThan(killedAt);
  }, 120_000);

  it('is upgraded and removed; namespaces, claim and what was recorded stay', async () => {
    const more = ['--set', 'worker.replicas=0', '--wait', '--timeout', '2m'];
    const upgraded = await helm.run(['upgrade', 'anneal', CHART, '--namespace', CONTROL, ...values, ...more]);
    expect(upgraded.stderr).not.toContain('Error');
    await expect.poll(() => podsOf('worker'), { timeout: 60_000 }).toEqual([]);
    const removed = await helm.run(['uninstall', 'anneal', '--namespace', CONTROL, '--wait', '--timeout', '2m']);
    expect(removed.code).toBe(0);
    await expect.poll(() => podsOf('gateway'), { timeout: 60_000 }).toEqual([]);
    for (const path of [CONTROL, GPU, `${CONTROL}/persistentvolumeclaims/segments-anneal-gateway-0`])
      expect((await testbed.api.send('GET', `/api/v1/namespaces/${path}`)).status).toBe(200);
    const roles = await testbed.api.send(
      'GET',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${GPU}/roles/anneal-worker`,
    );
    expect(roles.status).toBe(404);
  }, 240_000);

  /** The namespaces with their secrets, and a volume for the gateway: the testbed makes none by itself. */
  async function makeWhatTheChartRefersTo(): Promise<void> {
    const keys = join(dir, 'keys');
    await initIdentity(keys);
    const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
    const shared = {
      'anneal-store': { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
      'anneal-policy': { token: randomBytes(16).toString('hex') },
    };
    const identity = {
      'approver.key': await readFile(join(keys, 'approver.key'), 'utf8'),
      'approvers.json': await readFile(join(keys, 'approvers.json'), 'utf8'),
    };
    const own = { 'anneal-gateway': { 'gateway.secret': secret.toString('hex') }, 'anneal-identity': identity };
    for (const [namespace, secrets] of [
      [CONTROL, { ...shared, ...own }],
      [GPU, shared],
    ] as const) {
      await testbed.api.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
      for (const [name, stringData] of Object.entries(secrets))
        await testbed.api.call('POST', `/api/v1/namespaces/${namespace}/secrets`, { metadata: { name }, stringData });
    }
    const path = join(dir, 'volume');
    await mkdir(path);
    await chmod(path, 0o777);
    await testbed.api.call('POST', '/api/v1/persistentvolumes', {
      metadata: { name: 'segments' },
      spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path } },
    });
  }

  const pool = (): string => mintCredential(claims({ scope: 'pool' }), secret);
  const gatewayUrl = async (): Promise<string> => `http://${(await podOf('gateway')).status.podIP}:8080`;

  async function recorded(): Promise<string[]> {
    const headers = { authorization: `Bearer ${pool()}` };
    const answer = await fetch(`${await gatewayUrl()}/pool/trajectories?prefix=demo/`, { headers }).catch(
      () => undefined,
    );
    if (answer?.status !== 200) return [];
    const lines = (await answer.text()).trim().split('\n');
    return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { rollout: string }).rollout);
  }

  async function podsOf(component: string): Promise<readonly Pod[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/component=${component}`);
    const path = `/api/v1/namespaces/${CONTROL}/pods?labelSelector=${selector}`;
    return (await testbed.api.call<{ items: Pod[] }>('GET', path)).items;
  }

  async function podOf(component: string): Promise<Pod> {
    const [pod] = await podsOf(component);
    return pod ?? { metadata: { name: 'none', uid: 'none' }, status: {} };
  }

  /** Newest first. */
  async function pollsOf(queue: string): Promise<{ readonly by: string; readonly at: number }[]> {
    const answer = await temporal.client.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: queue },
      taskQueueType: 2,
    });
    return (answer.pollers ?? [])
      .map(({ identity, lastAccessTime }) => ({ by: identity ?? '', at: Number(lastAccessTime?.seconds ?? 0) * 1000 }))
      .sort((one, other) => other.at - one.at);
  }

  /** For the message of a failed installation. */
  async function describePods(): Promise<string> {
    const { text } = await testbed.api.send('GET', `/api/v1/namespaces/${CONTROL}/events`);
    const { items } = JSON.parse(text) as { items: { message: string }[] };
    const logs = await Promise.all(
      ['worker', 'gateway'].map(async (component) => {
        const { metadata } = await podOf(component);
        const path = `/api/v1/namespaces/${CONTROL}/pods/${metadata.name}/log?container=${component}`;
        return (await testbed.api.send('GET', path)).text;
      }),
    );
    return `\nError: ${[...items.map(({ message }) => message), ...logs].join('\n')}`;
  }
});

/** This machine's processes in the containers of a pod, by their control group. */
function processesOf({ status }: Pod): number[] {
  const ids = (status.containerStatuses ?? []).flatMap(({ containerID }) => containerID?.split('//')[1] ?? []);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const groups = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
        return ids.some((id) => groups.includes(id));
      } catch {
        return false;
      }
    });
}
