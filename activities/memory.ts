// What is remembered, in the store: an entry for each case that is over, what it was shown for, and what somebody wants forgotten. Nothing is
// ever overwritten, so that whoever is played again finds what there is.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import { sha256 } from '../contracts/ids.ts';
import { type MemoryEntry, MOST_MEMORY, memoryEntry, memoryUse, type Remembered } from '../contracts/memory.ts';
import { incidentKey } from '../contracts/names.ts';
import { type MemoryQuestion, recall } from '../policies/memory.ts';
import { known, once } from './once.ts';

/** Of the newest: all of them are read for each question. */
const MOST_READ = 2_000;
const ENTRIES = 'memory/entries/';
const USES = 'memory/uses/';
const FORGOTTEN = 'memory/forgotten/';

export type MemoryDraft = Omit<MemoryEntry, 'schema' | 'id'>;

export interface Memory {
  /** What a case was shown at first it is shown again: a session that is played once more is asked the same. */
  shownTo(question: MemoryQuestion): Promise<MemoryEntry[]>;
  /** A case has ended: what is remembered of it, once, and whether what it was shown led anywhere. */
  over(draft: MemoryDraft, at: Date): Promise<void>;
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

  /** Once for each case, whatever is said of it later. */
  async function remember(draft: MemoryDraft): Promise<void> {
    const text = draft.text.slice(0, MOST_MEMORY);
    const id = sha256.parse(hashOf(canonicalJson([draft.from.case, text])));
    const entry: MemoryEntry = { ...draft, schema: 'anneal/memory/v1', id, text };
    // By time, so that the newest are found without reading the others.
    const key = `${ENTRIES}${draft.at.replace(/[^0-9]/g, '')}-${draft.from.case}`;
    await store.createNamed(key, canonicalJson(memoryEntry.parse(entry)));
  }

  return {
    shownTo: (question) =>
      once(store, shownName(question.case), shown, async () =>
        recall(await list(), question).map(({ entry }) => entry),
      ),
    async over(draft, at) {
      await remember(draft);
      const to = draft.from.case;
      const use = { case: to, success: draft.kind === 'fix', at: at.toISOString() };
      for (const { id } of (await known(store, shownName(to), shown)) ?? [])
        await store.createNamed(`${USES}${id}/${to}`, canonicalJson(use));
    },
    list,
    async forget(id, who) {
      if (!(await list()).some(({ entry }) => entry.id === id)) return false;
      await store.createNamed(`${FORGOTTEN}${id}`, canonicalJson({ by: who }));
      return true;
    },
  };
}

const shown = z.array(memoryEntry);
const shownName = (of: MemoryQuestion['case']): string => incidentKey(of, 'remembered');
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
