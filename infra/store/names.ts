// Mutable names in a folder, with compare-and-swap across processes that no SIGKILL can break.
//
// A name is a folder; its n-th content is the file `@n` in it, and the newest one counts. To swap, a process writes the
// next content to a temporary file, fsyncs it, and link(2)s it to `@n+1`. The kernel lets exactly one process succeed,
// and the link appears whole or not at all, so there is no lock to be held, leaked or taken over: a process killed before
// the link has changed nothing, one killed after it has swapped. (A lock file would need an owner's pid and start time to
// be judged stale, and two processes can judge so at once.) What a killed process cannot know is whether it won;
// a caller finds out by reading the name again.
//
// Old generations are emptied but never unlinked: a number that became free could be linked again by a process that
// slept since it was current, which would then believe that it had won.
import { createHash } from 'node:crypto';
import { readdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedObject } from '../../contracts/artifact.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { codeOf, createOnce, makeFolder, openForReading, syncFolder, withTemporary } from './durable.ts';
import { bytesOf, KEY_PART, partsOf } from './reference.ts';

export interface Names {
  read(key: string): Promise<NamedObject | undefined>;
  /** @returns whether the content was replaced; `null` expects that the name does not exist. */
  swap(key: string, expectedTag: string | null, bytes: Uint8Array | string): Promise<boolean>;
  list(prefix: string): Promise<string[]>;
}

const GENERATION = /^@(\d{9})$/;
/** Contents this far back are emptied. A reader that fell behind further looks for the newest again. */
const KEPT = 16;
/** SHA-256 in hexadecimal and a newline stand before the content. */
const HEADER_BYTES = 65;

export function createNames(root: string, temporary: () => string): Names {
  async function newest(folder: string): Promise<number> {
    const entries = await readdir(folder).catch((failure: unknown) => {
      if (codeOf(failure) === 'ENOENT') return [];
      throw failure;
    });
    return entries.reduce((highest, entry) => Math.max(highest, Number(GENERATION.exec(entry)?.[1] ?? 0)), 0);
  }

  async function read(key: string): Promise<NamedObject | undefined> {
    const folder = join(root, ...partsOf(key));
    for (;;) {
      const generation = await newest(folder);
      if (generation === 0) return undefined;
      const handle = await openForReading(join(folder, fileOf(generation)));
      if (handle === undefined) throw corrupt(key, 'its newest content has vanished');
      let file: Uint8Array;
      try {
        file = new Uint8Array(await handle.readFile());
      } finally {
        await handle.close();
      }
      const bytes = file.subarray(HEADER_BYTES);
      const header = new TextDecoder().decode(file.subarray(0, HEADER_BYTES));
      const hash = hashOf(key, generation, bytes);
      if (header === `${hash}\n`) {
        // The writer may have been killed between link and fsync; nothing may be built on what a power cut could undo.
        await syncFolder(folder);
        return { bytes, tag: tagOf(generation, hash) };
      }
      // Emptied in the meantime because newer ones exist: look again. Otherwise it is damage.
      if ((await newest(folder)) === generation) throw corrupt(key, `generation ${generation} does not match its hash`);
    }
  }

  return {
    read,

    async swap(key, expectedTag, bytes) {
      const parts = partsOf(key);
      const current = await read(key);
      if ((current?.tag ?? null) !== expectedTag) return false;
      const generation = current === undefined ? 1 : generationOf(current.tag) + 1;
      const content = bytesOf(bytes);
      const folder = await makeFolder(root, ...parts);
      const header = new TextEncoder().encode(`${hashOf(key, generation, content)}\n`);
      const path = temporary();
      const won = await withTemporary(path, Buffer.concat([header, content]), () =>
        createOnce(path, join(folder, fileOf(generation))),
      );
      if (won && generation > KEPT) await empty(join(folder, fileOf(generation - KEPT)));
      return won;
    },

    async list(prefix) {
      // A prefix need not end at a part's end; the folders above its last part are enough to start from.
      const parts = prefix.split('/').slice(0, -1);
      if (parts.some((part) => !KEY_PART.test(part))) return [];
      const keys: string[] = [];
      await walk(join(root, ...parts), parts.join('/'), keys);
      return keys.filter((key) => key.startsWith(prefix)).sort();
    },
  };
}

async function walk(folder: string, key: string, keys: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((failure: unknown) => {
    if (codeOf(failure) === 'ENOENT' || codeOf(failure) === 'ENOTDIR') return [];
    throw failure;
  });
  if (key !== '' && entries.some((entry) => GENERATION.test(entry.name))) keys.push(key);
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    await walk(join(folder, entry.name), key === '' ? entry.name : `${key}/${entry.name}`, keys);
  }
}

/** Only saves space: when the process is killed first, one old content stays. */
async function empty(path: string): Promise<void> {
  await truncate(path, 0).catch(() => undefined);
}

const fileOf = (generation: number): string => `@${String(generation).padStart(9, '0')}`;
const tagOf = (generation: number, hash: string): string => `${generation}-${hash}`;
const generationOf = (tag: string): number => Number.parseInt(tag, 10);

/** Covers key and generation too: a content copied to another place is damage, not news. */
function hashOf(key: string, generation: number, bytes: Uint8Array): string {
  return createHash('sha256').update(`${key}\n${generation}\n`).update(bytes).digest('hex');
}

function corrupt(key: string, how: string): AnnealError {
  return new AnnealError('store.corrupt_object', `the name ${key} is damaged: ${how}`);
}
