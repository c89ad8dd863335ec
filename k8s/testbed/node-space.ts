// The real node's own mount and process namespaces. Whatever containerd and the kubelet mount or start lives in them and ends with
// their first process, so that nothing has to be found and undone one by one.
import { existsSync, readdirSync, rmdirSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { capture } from '../../infra/process/capture.ts';
import type { Component } from './component.ts';
import { failure } from './failure.ts';
import { withLock } from './lock.ts';
import { changeId, type Layout, networkOf } from './options.ts';
import type { Setup } from './setup.ts';
import { readState, running } from './state.ts';

/** Paths that containerd, CNI or the kubelet know by heart, each shown a folder of the testbed's instead. */
const COVERED = { run: '/run', log: '/var/log', cni: '/var/lib/cni' } as const;

export const nodeFolder = ({ run }: Layout): string => join(run, 'node');
/** containerd's socket as seen from outside of the node; inside it is `/run/containerd/containerd.sock`. */
export const containerdSocket = (layout: Layout): string => join(nodeFolder(layout), 'run/containerd/containerd.sock');

export function nodeSpace(setup: Setup): Component {
  const { layout } = setup;
  const node = nodeFolder(layout);
  const script = join(node, 'enter.sh');
  return {
    name: 'node',
    argv: [
      ...(['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'] as const),
      ...['sh', script, setup.binary('pause')],
    ],
    childIsIt: true,
    async prepare() {
      for (const name of ['containerd', 'kubelet', ...Object.keys(COVERED)]) {
        await mkdir(join(node, name), { recursive: true });
      }
      await mkdir(COVERED.cni, { recursive: true });
      await rm(join(node, 'run/entered'), { force: true });
      const binds = Object.entries(COVERED).map(([name, path]) => `mount --bind '${join(node, name)}' ${path}`);
      // The proc of the outer namespace would show the wrong pids.
      const lines = ['set -e', 'mount -t proc proc /proc', ...binds, ': > /run/entered', 'exec "$@"', ''];
      await writeFile(script, lines.join('\n'));
      await addBridge(layout);
    },
    ready: async () => existsSync(join(node, 'run/entered')),
  };
}

/** Runs a command in the node's namespaces. */
export function inNode(layout: Layout, argv: readonly string[]): [string, ...string[]] {
  const space = running(readState(layout), 'node');
  if (space === undefined) throw failure('testbed.not_running', 'the node is not up');
  return ['nsenter', '--target', `${space.pid}`, '--mount', '--pid', '--', ...argv];
}

/** A network that no other testbed of the machine has: what follows from the folder, unless that is taken. Its bridge is there from then on. */
export function claimNetwork(layout: Layout): Promise<Layout> {
  return withLock('networks', async () => {
    let claimed = layout;
    while (isTaken(claimed)) claimed = await changeId(claimed);
    await addBridge(claimed);
    return claimed;
  });
}

function isTaken(layout: Layout): boolean {
  const { bridge, gateway } = networkOf(layout);
  const others = Object.entries(networkInterfaces()).filter(([name]) => name !== bridge);
  return others.some(([, addresses]) => addresses?.some(({ address }) => address === gateway));
}

/** The bridge is there before the first pod: its address is also the node's. */
async function addBridge(layout: Layout): Promise<void> {
  const { bridge, gateway, firstService } = networkOf(layout);
  if (existsSync(`/sys/class/net/${bridge}`)) return;
  for (const args of [
    // With an address of its own, or it would change with the pods that come and go, and those that are there speak to nobody for a while.
    // (The plug-in gives it one only where it gives it the gateway's address too.)
    ['link', 'add', bridge, 'address', hardwareAddressOf(gateway), 'type', 'bridge'],
    ['addr', 'add', `${gateway}/24`, 'dev', bridge],
    // There is no kube-proxy: the one service address that programs in pods rely on is an address of the machine.
    ['addr', 'add', `${firstService}/32`, 'dev', bridge],
    ['link', 'set', bridge, 'up'],
  ]) {
    const { code, stderr } = await capture(['ip', ...args], { timeoutMs: 10_000 });
    if (code !== 0) throw failure('testbed.no_kubelet', `ip ${args.join(' ')}: ${stderr.trim()}`);
  }
}

/** Of the range that nobody is given by a vendor. */
function hardwareAddressOf(address: string): string {
  const parts = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return ['02', '00', ...parts].join(':');
}

/** What outlives the namespaces: the bridge and the containers' empty cgroups. Call it when no process of the node is left. */
export async function sweepNode(layout: Layout): Promise<void> {
  const { bridge } = networkOf(layout);
  if (existsSync(`/sys/class/net/${bridge}`)) await capture(['ip', 'link', 'delete', bridge], { timeoutMs: 10_000 });
  const containers = foldersOf(join(nodeFolder(layout), 'run/containerd/io.containerd.runtime.v2.task/k8s.io'));
  const root = '/sys/fs/cgroup';
  const parents = [root, ...foldersOf(root).map((name) => join(root, name))].map((path) => join(path, 'k8s.io'));
  const groups = parents.flatMap((parent) => containers.map((id) => join(parent, id)));
  for (let attempt = 0; attempt < 40 && groups.some((group) => existsSync(group)); attempt += 1) {
    if (attempt > 0) await sleep(50);
    for (const group of groups) removeTree(group);
  }
  // These go only when they are empty, that is when nobody else uses them.
  for (const folder of [...parents, COVERED.cni]) removeEmpty(folder);
}

/** A cgroup is removed by rmdir, innermost first, once its last process is gone. */
function removeTree(group: string): void {
  for (const name of foldersOf(group)) removeTree(join(group, name));
  removeEmpty(group);
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or not there.
  }
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}
