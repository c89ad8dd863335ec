// What this machine has seen of the registry of people: the number and hash of its last entry, in a file of the home. Whoever can write to the
// store can take the end of a chain away, a revocation with it; what a machine beside the store remembers, they cannot.
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { sha256 } from '../../contracts/ids.ts';
import { jsonOf } from '../audit/names.ts';

const seenEntry = z.strictObject({ number: z.int().positive(), entry: sha256 });
type SeenEntry = z.infer<typeof seenEntry>;

export interface SeenPeople {
  read(): Promise<SeenEntry | undefined>;
  /** Keeps the later one. */
  see(entry: SeenEntry): Promise<void>;
}

export function createSeenPeople(path: string): SeenPeople {
  const read = async (): Promise<SeenEntry | undefined> => {
    const text = await readFile(path, 'utf8').catch((failure: unknown) => {
      if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') return undefined;
      throw new AnnealError('people.broken', `${path} cannot be read`, { cause: failure });
    });
    if (text === undefined) return undefined;
    const parsed = seenEntry.safeParse(jsonOf(text));
    if (!parsed.success) throw new AnnealError('people.broken', `${path} does not say which entry was seen last`);
    return parsed.data;
  };
  return {
    read,
    async see(entry) {
      const before = await read();
      if (before !== undefined && before.number >= entry.number) return;
      await mkdir(dirname(path), { recursive: true });
      const part = `${path}.${randomUUID()}.part`;
      await writeFile(part, canonicalJson(entry));
      await rename(part, path);
    },
  };
}
