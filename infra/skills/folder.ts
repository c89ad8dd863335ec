// The folder of a library, read as it lies there: plain files only, no link followed, bounded before anything is read.
import { constants } from 'node:fs';
import { open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../contracts/errors.ts';

export const MOST_FILES = 5_000;
/** One that is larger is told of, and not read. */
export const MOST_FILE_BYTES = 2 << 20;
const MOST_BYTES = 128 << 20;
const MOST_DEPTH = 24;
/** What tools and systems leave behind. */
const LEFT = new Set(['__pycache__', '.DS_Store', '.git']);

export interface SkillFolder {
  /** By path below the folder, with slashes. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly problems: readonly Problem[];
}

/** What cannot be read is a problem like others, so that all of them are told at once; so is a folder that is not there. */
export async function readSkillFolder(folder: string): Promise<SkillFolder> {
  const files = new Map<string, Uint8Array>();
  const problems: Problem[] = [];
  let [seen, total] = [0, 0];
  const tell = (path: string, expected: string, hint: string, got?: string): void =>
    void problems.push({ code: 'skill.unfit', path, expected, hint, ...(got === undefined ? {} : { got }) });

  async function walk(below: string, depth: number): Promise<void> {
    const directory = await openFolder(join(folder, below)).catch(reasonOf);
    if (typeof directory === 'string')
      return tell(below || '.', 'a folder that can be read', 'Create it, or open it to who runs this.', directory);
    const entries: { name: string; how: 'folder' | 'file' | 'other' }[] = [];
    for await (const entry of directory) {
      if (LEFT.has(entry.name)) continue;
      seen += 1;
      if (seen > MOST_FILES) return tell('.', `at most ${MOST_FILES} files and folders`, 'Leave out what is no skill.');
      entries.push({ name: entry.name, how: entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other' });
    }
    for (const { name, how } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = below === '' ? name : `${below}/${name}`;
      if (seen > MOST_FILES) return;
      if (how === 'other') tell(path, 'a plain file', 'Put the file itself in the place of a link or a device.');
      else if (how === 'folder' && depth >= MOST_DEPTH)
        tell(path, `at most ${MOST_DEPTH} folders in one another`, 'Flatten it.');
      else if (how === 'folder') await walk(path, depth + 1);
      else await take(path);
    }
  }

  async function take(path: string): Promise<void> {
    const bytes = await readPlain(join(folder, path), Math.min(MOST_FILE_BYTES, MOST_BYTES - total)).catch(reasonOf);
    if (typeof bytes === 'string') return tell(path, 'a plain file that can be read', 'Replace or remove it.', bytes);
    total += bytes.length;
    files.set(path, bytes);
  }

  await walk('', 0);
  return { files, problems };
}

/** A link to a folder is none, at its last step; the folders above the library are the operator's. */
async function openFolder(path: string): ReturnType<typeof opendir> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    // By the descriptor: what was opened is what is listed, whatever stands at the path by then.
    return await opendir(`/proc/self/fd/${handle.fd}`).catch(() => opendir(path));
  } finally {
    await handle.close();
  }
}

async function readPlain(path: string, most: number): Promise<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const there = await handle.stat();
    if (!there.isFile()) throw new Error('is no plain file');
    if (there.size > most) throw new Error(`has ${there.size} bytes, more than ${most}`);
    const bytes = Buffer.alloc(there.size);
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await handle.read(bytes, at, bytes.length - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

const reasonOf = (failure: unknown): string => {
  const code = failure instanceof Error && 'code' in failure ? String(failure.code) : undefined;
  if (code === 'ELOOP' || code === 'ENOTDIR') return 'a link, or no folder';
  if (code === 'ENOENT') return 'is not there';
  return code ?? (failure instanceof Error ? failure.message : String(failure));
};
