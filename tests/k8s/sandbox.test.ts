// The sandbox by pods, under a real kubelet: what every sandbox must do, by the rights that a worker has, and what is left when it dies.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Sandbox } from '../../contracts/ports.ts';
import { type AccessManifest, workerRoles } from '../../k8s/access/roles.ts';
import { type Cluster, openCluster } from '../../k8s/cluster/request.ts';
import { createWorkloads } from '../../k8s/cluster/workloads.ts';
import { SANDBOX_ROLE } from '../../k8s/sandbox/manifest.ts';
import { createPodSandbox } from '../../k8s/sandbox/sandbox.ts';
import { loadImages } from '../../k8s/testbed/node.ts';
import { networkOf } from '../../k8s/testbed/options.ts';
import type { Testbed } from '../../k8s/testbed/testbed.ts';
import { sandboxConformance } from '../conformance/sandbox.ts';
import { isBuilt, shareTestbed } from '../support/cluster.ts';
import { canMakeSandboxImage, SANDBOX_IMAGE, sandboxImage } from '../support/sandbox-image.ts';
import { clusterAs, tokenOf } from '../support/service-account.ts';

vi.setConfig({ testTimeout: 180_000 });

const NAMESPACE = 'sandboxes';
const canRun = process.getuid?.() === 0 && isBuilt(['kubelet']) && canMakeSandboxImage();

describe.skipIf(!canRun)('sandboxes in pods', () => {
  let dir: string;
  let testbed: Testbed;
  let admin: Cluster;
  let worker: Cluster;
  let sandbox: Sandbox;
  let listener: Server;
  let address: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'anneal-sandboxes-'));
    const [image] = await Promise.all([
      sandboxImage(dir),
      shareTestbed('node', ['kubelet']).then((one) => (testbed = one)),
    ]);
    await loadImages(testbed, image);
    admin = openCluster({ kubeconfig: testbed.kubeconfig });
    // The strictest that a namespace can ask of pods.
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await testbed.api.call('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE, labels } });
    const account = { name: 'sandboxes', controlNamespace: 'default', gpuNamespace: NAMESPACE, secrets: [] };
    for (const manifest of workerRoles(account)) await testbed.api.apply(objectPath(manifest), manifest);
    worker = await clusterAs(testbed, await tokenOf(testbed, 'default', account.name), account.name);
    const { gateway } = networkOf(testbed.layout);
    listener = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => listener.listen(0, gateway, resolve));
    address = `${gateway}:${(listener.address() as { port: number }).port}`;
    sandbox = open({ nodeRuntime: true, openNetwork: true });
  }, 300_000);
  afterAll(async () => {
    listener?.close();
    await testbed?.stop();
    await rm(dir, { recursive: true, force: true });
  }, 120_000);

  const open = (
    allow: { nodeRuntime?: boolean; openNetwork?: boolean },
    more: Partial<Parameters<typeof createPodSandbox>[0]> = {},
  ): Sandbox =>
    createPodSandbox({
      ...{ cluster: worker, namespace: NAMESPACE, image: SANDBOX_IMAGE, cpu: '300m', ephemeralStorage: '0' },
      ...{ mostMemoryBytes: 2 ** 29, allow, probe: [address] },
      ...more,
    });
  const left = async (): Promise<string[]> => {
    const found = await Promise.all(
      (['Job', 'ConfigMap', 'Pod'] as const).map((kind) =>
        createWorkloads(admin).list(kind, NAMESPACE, { 'anneal.dev/role': SANDBOX_ROLE }),
      ),
    );
    return found.flat().map(({ metadata }) => metadata.name);
  };

  it('refuses a runtime class that is not there, and a network that nothing denies, unless that is allowed', async () => {
    const refused = (one: Sandbox) => one.describe().then(String, (failure: Error) => failure);
    const [none, missing, network] = await Promise.all([
      refused(open({})),
      refused(open({}, { runtimeClass: 'gvisor' })),
      refused(open({ nodeRuntime: true })),
    ]);
    expect(none).toMatchObject({ code: 'sandbox.unavailable', message: expect.stringContaining('no runtime class') });
    expect(missing).toMatchObject({
      code: 'sandbox.unavailable',
      message: expect.stringContaining('gvisor is not there'),
    });
    expect(network).toMatchObject({ code: 'sandbox.unavailable', message: expect.stringContaining(address) });
    const allowed = await open({ nodeRuntime: true, openNetwork: true }, { runtimeClass: 'gvisor' }).describe();
    expect(allowed).toContain('the node’s own kernel');
    expect(allowed).toContain('policies that nothing enforces');
  });

  sandboxConformance({ name: 'pods', sandbox: () => sandbox });

  it('ends with its worker, and leaves nothing', async () => {
    const stop = new AbortController();
    const own = open({ nodeRuntime: true, openNetwork: true }, { signal: stop.signal });
    await own.describe();
    const running = own.run({
      argv: ['python3', '-c', 'import time; time.sleep(300)'],
      files: {},
      stdin: '',
      limits: { wallMs: 300_000, memoryBytes: 2 ** 28, diskBytes: 0, processes: 8, outputBytes: 1_000 },
    });
    await expect.poll(left, { timeout: 30_000 }).toContainEqual(expect.stringMatching(/^sandbox-.*-files-0$/));
    stop.abort(new Error('the worker is told to end'));
    await expect(running).rejects.toMatchObject({ code: 'sandbox.failed' });
    // What belonged to the Jobs goes when the cluster comes to it.
    await expect.poll(left, { timeout: 60_000 }).toEqual([]);
  });
});

function objectPath({ apiVersion, kind, metadata: { namespace, name } }: AccessManifest): string {
  const api = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  return `${api}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${kind.toLowerCase()}s/${name}`;
}
