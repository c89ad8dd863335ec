// A real node: containerd and a kubelet, whose pods are processes of this machine.
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { capture } from '../../infra/process/capture.ts';
import { type Api, answers } from './api.ts';
import type { Component } from './component.ts';
import { failure } from './failure.ts';
import { buildImages } from './images.ts';
import { findNodePrograms, type NodePrograms } from './node-programs.ts';
import { containerdSocket, inNode, nodeFolder, nodeSpace } from './node-space.ts';
import { type Layout, networkOf } from './options.ts';
import { kubeconfigOf, nodeNameOf } from './pki.ts';
import type { Setup } from './setup.ts';
import type { Testbed } from './testbed.ts';
import { beginWith, isImported, noteImport, snapshotterAt } from './unpacked-images.ts';

const PAUSE_IMAGE = 'anneal.testbed/pause:1';

/** Started one after the other. */
export function realNode(setup: Setup, api: () => Api): Component[] {
  return [nodeSpace(setup), forward(setup), containerd(setup), kubelet(setup, api)];
}

/** From pods to the API server, which listens on loopback. */
function forward({ layout, port, binary }: Setup): Component {
  const { gateway, firstService } = networkOf(layout);
  const target = `127.0.0.1:${port('kube-apiserver')}`;
  const service = `${firstService}:443`;
  return {
    name: 'forward',
    address: `https://${service}`,
    argv: [binary('forward'), `${service}=${target}`, `${gateway}:${port('kube-apiserver')}=${target}`],
    ready: () => answers(`https://${service}/readyz`, join(layout.pki, 'ca.crt')),
  };
}

function programs(): NodePrograms {
  const found = findNodePrograms();
  if (found === undefined) throw failure('testbed.no_containerd', 'containerd is gone from the cache');
  return found;
}

function containerd(setup: Setup): Component {
  const { layout } = setup;
  const config = join(nodeFolder(layout), 'containerd.toml');
  const { containerd: program, path } = programs();
  return {
    name: 'containerd',
    address: containerdSocket(layout),
    get argv() {
      return inNode(layout, ['env', `PATH=${path}`, program, '--config', config]);
    },
    childIsIt: true,
    async prepare() {
      await mkdir(join(nodeFolder(layout), 'cni-conf'), { recursive: true });
      await writeFile(join(nodeFolder(layout), 'cni-conf/10-testbed.conflist'), JSON.stringify(conflist(layout)));
      await writeFile(config, await containerdConfig(layout, programs()));
      await rm(containerdSocket(layout), { force: true });
      if (setup.images !== undefined) await beginWith(rootOf(layout), setup.images, programs());
    },
    ready: async () => existsSync(containerdSocket(layout)) && (await ctr(layout, ['version'])).code === 0,
    async finish() {
      const tar = join(layout.run, 'pause.tar');
      const rootfs = [[{ from: setup.binary('pause'), to: '/pause' }]];
      await buildImages(tar, [{ name: PAUSE_IMAGE, rootfs, entrypoint: ['/pause'] }]);
      await importImage(layout, tar);
    },
  };
}

const rootOf = (layout: Layout): string => join(nodeFolder(layout), 'containerd');

/** No masquerading and no port mappings: they would need iptables and change tables that are the machine's. */
function conflist(layout: Layout): object {
  const { bridge, pods } = networkOf(layout);
  return {
    cniVersion: '0.4.0',
    name: bridge,
    plugins: [
      {
        type: 'bridge',
        bridge,
        isGateway: true,
        ipMasq: false,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: pods }]],
          routes: [{ dst: '0.0.0.0/0' }],
          dataDir: '/var/lib/cni/ipam',
        },
      },
    ],
  };
}

async function containerdConfig(layout: Layout, { runc, cni }: NodePrograms): Promise<string> {
  const root = rootOf(layout);
  const snapshotter = await snapshotterAt(root);
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return [
    'version = 2',
    `root = ${JSON.stringify(root)}`,
    'state = "/run/containerd"',
    '[grpc]',
    'address = "/run/containerd/containerd.sock"',
    `[${cri}]`,
    `sandbox_image = "${PAUSE_IMAGE}"`,
    'restrict_oom_score_adj = true',
    'disable_apparmor = true',
    'disable_tcp_service = true',
    `[${cri}.containerd]`,
    `snapshotter = "${snapshotter}"`,
    'default_runtime_name = "runc"',
    `[${cri}.containerd.runtimes.runc]`,
    'runtime_type = "io.containerd.runc.v2"',
    `[${cri}.containerd.runtimes.runc.options]`,
    `BinaryName = ${JSON.stringify(runc)}`,
    'SystemdCgroup = false',
    `[${cri}.cni]`,
    `bin_dir = ${JSON.stringify(cni)}`,
    `conf_dir = ${JSON.stringify(join(nodeFolder(layout), 'cni-conf'))}`,
    '',
  ].join('\n');
}

function kubelet(setup: Setup, api: () => Api): Component {
  const { layout, port } = setup;
  const config = join(nodeFolder(layout), 'kubelet.yaml');
  const { gateway } = networkOf(layout);
  const { path } = programs();
  return {
    name: 'kubelet',
    address: `https://${gateway}:${port('kubelet')}`,
    get argv() {
      return inNode(layout, [
        ...['env', `PATH=${path}`, setup.binary('kubelet'), `--config=${config}`],
        `--kubeconfig=${kubeconfigOf(layout, 'kubelet')}`,
        `--root-dir=${join(nodeFolder(layout), 'kubelet')}`,
        ...[`--hostname-override=${nodeNameOf(layout)}`, `--node-ip=${gateway}`],
        '--node-labels=anneal.testbed/node=real',
      ]);
    },
    childIsIt: true,
    prepare: () => writeFile(config, stringify(kubeletConfig(setup))),
    ready: () => answers(`http://127.0.0.1:${port('kubelet-healthz')}/healthz`),
    finish: () => untilReady(api(), nodeNameOf(layout)),
  };
}

function kubeletConfig({ layout, port, heartbeatSeconds }: Setup): object {
  const pki = (name: string): string => join(layout.pki, name);
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: networkOf(layout).gateway,
    port: port('kubelet'),
    healthzBindAddress: '127.0.0.1',
    healthzPort: port('kubelet-healthz'),
    tlsCertFile: pki('serving.crt'),
    tlsPrivateKeyFile: pki('serving.key'),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    // No cgroups but the containers' own: the machine's hierarchy may be of the first version, or partly read-only.
    failCgroupV1: false,
    cgroupDriver: 'cgroupfs',
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    localStorageCapacityIsolation: false,
    // Where snapshots are copies, the first container of an image waits for all of its files to be copied. Cut off after the usual two
    // minutes, the copy begins anew, and on a busy machine never ends.
    runtimeRequestTimeout: '15m',
    // A nearly full disk of the developer must not evict a test's pods.
    evictionHard: {
      'memory.available': '50Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    imageGCHighThresholdPercent: 100,
    failSwapOn: false,
    makeIPTablesUtilChains: false,
    resolvConf: '',
    maxPods: 200,
    nodeStatusUpdateFrequency: `${heartbeatSeconds}s`,
    nodeLeaseDurationSeconds: Math.max(4, Math.round(4 * heartbeatSeconds)),
  };
}

async function untilReady(api: Api, node: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const { status, text } = await api.send('GET', `/api/v1/nodes/${node}`).catch(() => ({ status: 0, text: '' }));
    if (status === 200 && isReady(JSON.parse(text))) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw failure('testbed.start_failed', `kubelet: the node ${node} is not Ready after 60 s`);
}

function isReady(node: {
  status?: { conditions?: { type: string; status: string }[] };
  spec?: { taints?: unknown[] };
}): boolean {
  const ready = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
  return ready && (node.spec?.taints ?? []).length === 0;
}

/**
 * Makes the images of an archive known to the node, so that its pods can be of them; what it knows is not imported again.
 * @throws AnnealError `testbed.image_failed`
 */
export async function loadImages({ layout }: Testbed, tar: string): Promise<void> {
  const root = rootOf(layout);
  if (existsSync(tar) && (await isImported(root, tar))) return;
  await importImage(layout, tar);
  await noteImport(root, tar);
}

async function importImage(layout: Layout, tar: string): Promise<void> {
  if (!existsSync(tar)) throw failure('testbed.image_failed', `no such archive: ${tar}`);
  const { code, stderr } = await ctr(layout, ['--namespace', 'k8s.io', 'images', 'import', tar], 600_000);
  if (code !== 0) throw failure('testbed.image_failed', `${tar}: ${stderr.trim().split('\n').at(-1)}`);
}

function ctr(layout: Layout, args: readonly string[], timeoutMs = 20_000): ReturnType<typeof capture> {
  return capture([programs().ctr, '--address', containerdSocket(layout), ...args], { timeoutMs });
}
