// The chart in a real cluster: a kubelet, an S3 server and a Temporal on this machine that pods reach, and what the chart refers to.
import { randomBytes } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../infra/config.ts';
import { initIdentity } from '../../infra/identity/local.ts';
import { ensureAnnealImages } from '../../k8s/testbed/anneal-image.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { nodeFolder } from '../../k8s/testbed/node-space.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import { startTestbed, type Testbed } from '../../k8s/testbed/testbed.ts';
import { isBuilt } from './cluster.ts';
import { type Doorway, openDoorway } from './doorway.ts';
import { CHART, type Helm, helmBinary, openHelm } from './helm.ts';
import { type S3Server, s3Binary, startS3Server } from './s3-server.ts';
import { startTemporal, type TestServer } from './temporal-server.ts';

export const CONTROL = 'anneal-control';
export const GPU = 'anneal-gpu';
const GATEWAY_PORT = 8080;
const PARTS = ['kubelet', 'jobset'] as const;
const SECCOMP = 'anneal-worker.json';

export const canInstall =
  process.getuid?.() === 0 && isBuilt(PARTS) && s3Binary() !== undefined && helmBinary() !== undefined;

export interface Pod {
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

export interface Installation {
  readonly dir: string;
  readonly testbed: Testbed;
  readonly temporal: TestServer;
  /** Of the bucket, here and in pods. */
  readonly store: string;
  readonly helm: Helm;
  /** The arguments that name the values' file. */
  readonly values: readonly string[];
  /** What signs rollouts' credentials. */
  readonly secret: Buffer;
  /** Of the keys that the worker has: approver.key, approvers.json. */
  readonly keys: string;
  readonly policyToken: string;
  /** @returns what went wrong: nothing, or Helm's words with what the pods say */
  install(): Promise<{ readonly trouble: string; readonly stdout: string }>;
  podsOf(component: string): Promise<readonly Pod[]>;
  /** One that is not there has the name `none`. */
  podOf(component: string): Promise<Pod>;
  gatewayUrl(): Promise<string>;
  close(): Promise<void>;
}

export async function openInstallation(): Promise<Installation> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closing.splice(0).reverse()) await one();
  };
  try {
    return await open(closing, close);
  } catch (failure) {
    await close();
    throw failure;
  }
}

async function open(closing: (() => Promise<unknown>)[], close: () => Promise<void>): Promise<Installation> {
  const dir = await mkdtemp(join(tmpdir(), 'anneal-install-'));
  closing.push(() => rm(dir, { recursive: true, force: true }));
  const { repo } = loadConfig();
  const images = await ensureAnnealImages(repo);
  const testbed = await startTestbed({ dir, parts: PARTS });
  closing.push(() => testbed.stop());
  await loadImages(testbed, images);
  // Where a node keeps profiles of its own.
  const profiles = join(nodeFolder(testbed.layout), 'kubelet/seccomp');
  await mkdir(profiles, { recursive: true });
  await copyFile(join(repo, 'infra/containers/worker/seccomp.json'), join(profiles, SECCOMP));
  // Pods reach this machine by the first address of their own network.
  const { gateway: host } = networkOf(testbed.layout);
  const s3: S3Server = await startS3Server({ host });
  closing.push(() => s3.stop());
  const temporal = await startTemporal();
  closing.push(() => temporal.stop());
  const toTemporal = await openDoorway(host, async () => temporal.address);
  closing.push(() => toTemporal.close());
  // In place of the gateway's Service: the testbed has neither names nor a proxy for services.
  const toGateway: Doorway = await openDoorway(
    host,
    async () => `${(await podOf('gateway')).status.podIP}:${GATEWAY_PORT}`,
  );
  closing.push(() => toGateway.close());
  const helm = await openHelm(testbed.kubeconfig);
  closing.push(() => helm.close());

  async function podsOf(component: string): Promise<readonly Pod[]> {
    const selector = encodeURIComponent(`app.kubernetes.io/component=${component}`);
    const path = `/api/v1/namespaces/${CONTROL}/pods?labelSelector=${selector}`;
    return (await testbed.api.call<{ items: Pod[] }>('GET', path)).items;
  }
  const podOf = async (component: string): Promise<Pod> =>
    (await podsOf(component))[0] ?? { metadata: { name: 'none', uid: 'none' }, status: {} };

  const made = await makeWhatTheChartRefersTo(testbed, dir);
  const store = s3.address();
  const values = await helm.values({
    temporal: { address: toTemporal.address },
    store: { url: store },
    control: { manageNamespace: true },
    worker: {
      gatewayUrl: `http://${toGateway.address}`,
      seccompProfile: { type: 'Localhost', localhostProfile: SECCOMP },
      resources: { requests: { cpu: '100m', memory: '512Mi' }, limits: { memory: '4Gi' } },
    },
    gateway: {
      persistence: { size: '1Gi' },
      resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '1Gi' } },
    },
  });

  return {
    ...{ dir, testbed, temporal, store, helm, values, podsOf, podOf, close, ...made },
    gatewayUrl: async () => `http://${(await podOf('gateway')).status.podIP}:${GATEWAY_PORT}`,

    async install() {
      const options = ['--namespace', CONTROL, '--take-ownership', '--wait', '--timeout', '4m'];
      const { code, stderr, stdout } = await helm.run(['install', 'anneal', CHART, ...options, ...values]);
      const isWell = code === 0 && !/Error|would violate/.test(stderr);
      return { trouble: isWell ? '' : `${code} ${stderr}\n${await describePods(testbed, podOf)}`, stdout };
    },
  };
}

/** The namespaces with their secrets, and a volume for the gateway: the testbed makes none by itself. */
async function makeWhatTheChartRefersTo(testbed: Testbed, dir: string) {
  const [keys, secret, policyToken] = [join(dir, 'keys'), randomBytes(32), randomBytes(16).toString('hex')];
  await initIdentity(keys);
  const { AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = process.env;
  const shared = {
    'anneal-store': { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY },
    'anneal-policy': { token: policyToken },
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
  return { keys, secret, policyToken };
}

/** For the message of a failed test: events of both namespaces, logs of worker and gateway, and of whatever is not ready. */
export async function describePods(testbed: Testbed, podOf: Installation['podOf']): Promise<string> {
  const items = async <T>(namespace: string, kind: string): Promise<T[]> => {
    const { text } = await testbed.api.send('GET', `/api/v1/namespaces/${namespace}/${kind}`);
    return (JSON.parse(text) as { items?: T[] }).items ?? [];
  };
  const logOf = async (namespace: string, pod: string, container: string): Promise<string> =>
    (await testbed.api.send('GET', `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${container}`)).text;
  const events = (await Promise.all([CONTROL, GPU].map((one) => items<{ message: string }>(one, 'events')))).flat();
  const controls = ['worker', 'gateway'].map(async (component) =>
    logOf(CONTROL, (await podOf(component)).metadata.name, component),
  );
  const unready = (await items<Told>(GPU, 'pods')).flatMap(({ metadata, status }) =>
    (status.containerStatuses ?? [])
      .filter(({ ready }) => !ready)
      .map(async (container) => `${JSON.stringify(container)}\n${await logOf(GPU, metadata.name, container.name)}`),
  );
  return [...events.map(({ message }) => message), ...(await Promise.all([...controls, ...unready]))].join('\n');
}

interface Told {
  readonly metadata: { readonly name: string };
  readonly status: { readonly containerStatuses?: readonly { readonly name: string; readonly ready: boolean }[] };
}
