// Many files of a run as a folder. Each that goes in by a descriptor takes two of the worker's and five of the arguments that bubblewrap
// has room for (9,000, of which it counts those of --args as well).
import { chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxRequest } from '../../contracts/ports.ts';
import { closedFolder } from './closed-folder.ts';

export const MOST_BY_DESCRIPTOR = 64;
const AT_ONCE = 64;
/** Where the worker's own place for such things is shut to the sandbox's user. */
const OTHER_PLACES = ['/tmp', '/var/tmp'];

export interface LaidOut {
  readonly folder: string;
  remove(): Promise<void>;
}

/**
 * @param uid the user outside; undefined: ours. Nobody else may enter the folder.
 * @returns undefined where there are few
 */
export async function layOut(
  { files, door }: Pick<SandboxRequest, 'files' | 'door'>,
  uid: number | undefined,
): Promise<LaidOut | undefined> {
  const entries = Object.entries(files);
  if (entries.length <= MOST_BY_DESCRIPTOR) return undefined;
  const folder = await mkdtemp(join(placeFor(uid), 'anneal-files-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const folders = new Set(entries.map(([path]) => dirname(join(folder, path))));
    for (const one of folders) await mkdir(one, { recursive: true });
    for (let from = 0; from < entries.length; from += AT_ONCE)
      await Promise.all(
        entries
          .slice(from, from + AT_ONCE)
          .map(([path, content]) => writeFile(join(folder, path), content, { mode: 0o444, flag: 'wx' })),
      );
    // What the socket is mounted over, in a folder that nothing can be added to.
    if (door !== undefined) await writeFile(join(folder, 'door'), '', { flag: 'wx' });
    if (uid !== undefined) await chown(folder, uid, uid);
  } catch (cause) {
    await remove();
    throw new AnnealError('sandbox.failed', 'the files of a run could not be laid out', { cause });
  }
  return { folder, remove };
}

function placeFor(uid: number | undefined): string {
  const own = tmpdir();
  if (uid === undefined || closedFolder(own) === undefined) return own;
  return OTHER_PLACES.find((place) => closedFolder(place) === undefined) ?? own;
}
