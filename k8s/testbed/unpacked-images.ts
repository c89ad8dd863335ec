// What a node holds once it has imported an archive of images: made once, and taken over by links by every node that starts. An import of
// 800 MB costs more than twenty seconds of processor time; what is linked is never written into, since containers write into a layer above.
import { existsSync, readFileSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { capture } from '../../infra/process/capture.ts';
import { forgetDeadWork, makeWorkFolder } from '../../infra/process/work-folder.ts';
import { failure } from './failure.ts';
import { withLock } from './lock.ts';
import type { NodePrograms } from './node-programs.ts';

const OVERLAYFS = 0x794c7630;
/** What containerd changes in place; all else of its root it replaces. */
const DATABASES = ['io.containerd.metadata.v1.bolt/meta.db', 'io.containerd.snapshotter.v1.overlayfs/metadata.db'];
const NOTE = 'archives';
/** Not what somebody works on: that bears the name of its process too, after a dot. */
const UNPACKED = /^unpacked-[^.]+$/;

/** An overlay does not stack on an overlay, which is what a checkout inside a container lies on. */
export const snapshotterAt = async (folder: string): Promise<'native' | 'overlayfs'> =>
  (await statfs(folder)).type === OVERLAYFS ? 'native' : 'overlayfs';

/** @param root of containerd */
export async function isImported(root: string, tar: string): Promise<boolean> {
  const note = join(root, NOTE);
  return (
    existsSync(note) &&
    readFileSync(note, 'utf8')
      .split('\n')
      .includes(await fingerprint(tar))
  );
}

export const noteImport = async (root: string, tar: string): Promise<void> =>
  appendFile(join(root, NOTE), `${await fingerprint(tar)}\n`);

/** Of an archive, by what changes when another one takes its name. */
async function fingerprint(tar: string): Promise<string> {
  const { size, mtimeMs } = await stat(tar);
  return `${tar} ${size} ${mtimeMs}`;
}

/**
 * Lets a node begin with the images of the archive. It begins without them where links are not to be had (another file system, snapshots that
 * are copies), where they cannot be unpacked, and where another archive has taken its place meanwhile: whoever needs images imports them, and
 * hears why that fails.
 * @param root of containerd, which does not run yet
 */
export async function beginWith(root: string, tar: string, programs: NodePrograms): Promise<void> {
  if (existsSync(join(root, DATABASES[0]!))) return;
  if ((await snapshotterAt(dirname(tar))) === 'native' || (await snapshotterAt(root)) === 'native') return;
  // Aside at first: whoever dies halfway leaves no root whose databases are everybody's.
  const aside = `${root}.begun`;
  await rm(aside, { recursive: true, force: true });
  try {
    const unpacked = await ensureUnpacked(tar, programs);
    const { code } = await capture(['cp', '-al', unpacked, aside]);
    if (code !== 0) return;
    for (const database of DATABASES) {
      await rm(join(aside, database));
      await copyFile(join(unpacked, database), join(aside, database));
    }
    await noteImport(aside, tar);
    await rename(aside, root);
  } catch {
    // As said above.
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

/** @returns a root of containerd that holds nothing but the images of the archive @throws AnnealError `testbed.image_failed` */
export function ensureUnpacked(tar: string, programs: NodePrograms): Promise<string> {
  const folder = dirname(tar);
  const unpacked = join(folder, `unpacked-${basename(tar, '.tar')}`);
  return withLock(unpacked, async () => {
    if (existsSync(unpacked)) return unpacked;
    await forgetDeadWork(folder);
    // As large as the archive: only the newest is wanted.
    for (const name of await readdir(folder))
      if (UNPACKED.test(name)) await rm(join(folder, name), { recursive: true, force: true });
    const work = await makeWorkFolder(unpacked);
    try {
      await unpack(tar, work, programs);
      await rename(join(work, 'root'), unpacked);
    } finally {
      await rm(work, { recursive: true, force: true });
    }
    return unpacked;
  });
}

/** By a containerd of its own, in name spaces that end with this process: nothing of it stays mounted or runs on. */
async function unpack(tar: string, work: string, { containerd, ctr, path }: NodePrograms): Promise<void> {
  const root = join(work, 'root');
  const config = join(work, 'containerd.toml');
  await mkdir(root);
  const settings = ['version = 2', `root = ${JSON.stringify(root)}`, 'state = "/run/containerd"'];
  const without = 'disabled_plugins = ["io.containerd.grpc.v1.cri"]';
  await writeFile(
    config,
    [...settings, without, '[grpc]', 'address = "/run/containerd/containerd.sock"', ''].join('\n'),
  );
  const script = [
    'set -e',
    'mount -t proc proc /proc',
    'mount -t tmpfs tmpfs /run',
    '"$1" --config "$2" >&2 &',
    'for try in $(seq 300); do if "$3" version >/dev/null 2>&1; then break; fi; sleep 0.1; done',
    '"$3" --namespace k8s.io images import "$4" >/dev/null',
    'kill $!',
    'wait $! || true',
  ];
  const space = ['unshare', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--propagation', 'private'] as const;
  const { code, stderr } = await capture(
    [...space, 'env', `PATH=${path}`, 'sh', '-c', script.join('\n'), 'sh', containerd, config, ctr, tar],
    { timeoutMs: 600_000 },
  );
  if (code !== 0) throw failure('testbed.image_failed', `${tar}: ${stderr.trim().split('\n').at(-1)}`);
}
