// What is remembered, in the store: an entry for each case that is over, what it was shown for, and what somebody wants forgotten. Nothing is
// ever overwritten, so that whoever is played again finds what there is.
import { createHash } from 'node:crypto';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { sha256 } from '../contracts/ids.ts';
import { type MemoryEntry, MOST_MEMORY, memoryEntry, memoryUse, type Remembered } from '../contracts/memory.ts';
import { type Chosen, type MemoryQuestion, recall } from '../policies/memory.ts';

/** Of the newest: all of them are read for each question. */
const MOST_READ = 2_000;
const ENTRIES = 'memory/entries/';
const USES = 'memory/uses/';
const FORGOTTEN = 'memory/forgotten/';

export type MemoryDraft = Omit<MemoryEntry, 'schema' | 'id'>;

export interface Memory {
  /** Once for each case, whatever is said of it later. */
  remember(draft: MemoryDraft): Promise<void>;
  recall(question: MemoryQuestion): Promise<Chosen[]>;
  /** Once for each entry and case. */
  used(ids: readonly string[], use: Remembered['uses'][number]): Promise<void>;
  /** Newest first. */
  list(): Promise<Remembered[]>;
  /** Nobody is shown it any more. @returns whether it was there */
  forget(id: string, who: string): Promise<boolean>;
}

export function createMemory(store: ArtifactStore): Memory {
  const read = async (key: string): Promise<unknown> => {
    const found = await store.readNamed(key);
    return found && JSON.parse(new TextDecoder().decode(found.bytes));
  };

  async function list(): Promise<Remembered[]> {
    const [keys, uses, gone] = await Promise.all([ENTRIES, USES, FORGOTTEN].map((prefix) => store.listNamed(prefix)));
    const forgotten = new Set(gone!.map((key) => key.slice(FORGOTTEN.length)));
    const found: Remembered[] = [];
    for (const key of keys!.toReversed().slice(0, MOST_READ)) {
      // What cannot be read is no memory, and no reason to fail.
      const { data: entry } = memoryEntry.safeParse(await read(key));
      if (entry === undefined || forgotten.has(entry.id)) continue;
      const own = uses!.filter((one) => one.startsWith(`${USES}${entry.id}/`));
      const said = await Promise.all(own.map(async (one) => memoryUse.safeParse(await read(one)).data));
      found.push({ entry, uses: said.filter((one) => one !== undefined) });
    }
    return found;
  }

  return {
    async remember(draft) {
      const text = draft.text.slice(0, MOST_MEMORY);
      const id = sha256.parse(hashOf(canonicalJson([draft.from.case, text])));
      const entry: MemoryEntry = { ...draft, schema: 'anneal/memory/v1', id, text };
      // By time, so that the newest are found without reading the others.
      const key = `${ENTRIES}${draft.at.replace(/[^0-9]/g, '')}-${draft.from.case}`;
      await store.createNamed(key, canonicalJson(memoryEntry.parse(entry)));
    },
    recall: async (question) => recall(await list(), question),
    async used(ids, use) {
      for (const id of ids) await store.createNamed(`${USES}${id}/${use.case}`, canonicalJson(use));
    },
    list,
    async forget(id, who) {
      if (!(await list()).some(({ entry }) => entry.id === id)) return false;
      await store.createNamed(`${FORGOTTEN}${id}`, canonicalJson({ by: who }));
      return true;
    },
  };
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
