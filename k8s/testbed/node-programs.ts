// containerd, runc and the CNI plugins: those of the machine, or Debian's packages unpacked into the cache. Nothing is installed
// and no service is started.
import { accessSync, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { capture, onPath } from '../../infra/process/capture.ts';
import { failure } from './failure.ts';
import type { OnProgress } from './go.ts';
import { withLock } from './lock.ts';
import { CACHE } from './paths.ts';

const PACKAGES = ['containerd', 'runc', 'containernetworking-plugins'] as const;
const COMMANDS = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc'] as const;
const PLUGINS = ['bridge', 'host-local', 'loopback'] as const;
/** Of util-linux and iproute2: there on nearly every Linux. */
const SYSTEM_COMMANDS = ['unshare', 'nsenter', 'ip', 'mount', 'sh'] as const;

export interface NodePrograms {
  readonly containerd: string;
  readonly ctr: string;
  readonly runc: string;
  readonly cni: string;
  /** PATH for containerd, which looks for its shim there. */
  readonly path: string;
}

/** What is there without a download, or undefined. */
export function findNodePrograms(): NodePrograms | undefined {
  const unpacked = join(CACHE, 'debian');
  return (
    programsIn((name) => onPath(name), ['/usr/lib/cni', '/opt/cni/bin']) ??
    programsIn(
      (name) => existing(join(unpacked, 'usr/bin', name), join(unpacked, 'usr/sbin', name)),
      [join(unpacked, 'usr/lib/cni')],
    )
  );
}

/** @throws AnnealError `testbed.no_kubelet`, `testbed.no_containerd` */
export async function ensureNodePrograms(onProgress: OnProgress): Promise<NodePrograms> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw failure('testbed.no_kubelet', 'a kubelet needs root on Linux');
  }
  const missing = SYSTEM_COMMANDS.filter((name) => onPath(name) === undefined);
  if (missing.length > 0) {
    throw failure('testbed.no_kubelet', `not on PATH: ${missing.join(', ')} (packages util-linux, mount and iproute2)`);
  }
  const found = findNodePrograms();
  if (found !== undefined) return found;
  await withLock(join(CACHE, 'debian'), async () => {
    if (findNodePrograms() === undefined) await unpack(onProgress);
  });
  const fetched = findNodePrograms();
  if (fetched !== undefined) return fetched;
  throw failure('testbed.no_containerd', `the packages lack a program; ${INSTALL}`);
}

const INSTALL = `install them: apt-get install ${PACKAGES.join(' ')}`;

async function unpack(onProgress: OnProgress): Promise<void> {
  if (onPath('apt-get') === undefined || onPath('dpkg') === undefined) {
    throw failure('testbed.no_containerd', `${PACKAGES.join(', ')} are not on this machine, nor is apt to fetch them`);
  }
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'debian-'));
  try {
    onProgress(`containerd: fetching Debian's ${PACKAGES.join(', ')}, 36 MB`);
    const download = () => capture(['apt-get', 'download', '-q', ...PACKAGES], { cwd: work, timeoutMs: 600_000 });
    let fetched = await download();
    if (fetched.code !== 0) {
      // A new machine has no package lists, an old one lists of what is gone.
      onProgress('containerd: apt-get update');
      await capture(['apt-get', 'update', '-q'], { timeoutMs: 600_000 });
      fetched = await download();
    }
    if (fetched.code !== 0) {
      throw failure('testbed.no_containerd', `apt-get download: ${fetched.stderr.trim()}; ${INSTALL}`);
    }
    const tree = join(work, 'tree');
    for (const name of (await readdir(work)).filter((file) => file.endsWith('.deb'))) {
      const unpacked = await capture(['dpkg', '-x', join(work, name), tree]);
      if (unpacked.code !== 0) throw failure('testbed.no_containerd', `dpkg -x ${name}: ${unpacked.stderr.trim()}`);
    }
    const trial = await capture([join(tree, 'usr/sbin/runc'), '--version'], { timeoutMs: 20_000 });
    if (trial.code !== 0)
      throw failure('testbed.no_containerd', `runc does not run: ${trial.stderr.trim()}; ${INSTALL}`);
    await rm(join(CACHE, 'debian'), { recursive: true, force: true });
    await rename(tree, join(CACHE, 'debian'));
    onProgress('containerd: unpacked');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function programsIn(find: (name: string) => string | undefined, plugins: readonly string[]): NodePrograms | undefined {
  const paths = COMMANDS.map(find);
  const [containerd, shim, ctr, runc] = paths;
  const cni = plugins.find((folder) => PLUGINS.every((name) => existsSync(join(folder, name))));
  if (containerd === undefined || shim === undefined || ctr === undefined || runc === undefined || cni === undefined) {
    return undefined;
  }
  const folders = new Set([shim, runc].map((path) => dirname(path)));
  return { containerd, ctr, runc, cni, path: [...folders, '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(':') };
}

function existing(...paths: readonly string[]): string | undefined {
  return paths.find((path) => {
    try {
      accessSync(path);
      return true;
    } catch {
      return false;
    }
  });
}
