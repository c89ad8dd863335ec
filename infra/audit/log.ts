// Writing the audit log. The store's own "create once" decides between writers: the entry of the next number is whoever's is first.
//
// An entry exists when its name does; its index by id and its head come right after, or, where its writer was killed in between, from whoever
// comes next: before anything is added the last entry has both. So each entry but the last has been found by its id already, and noting an
// id twice, at once or after a crash, leaves one entry.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type AuditEntry, type AuditHead, type AuditLog, auditEntry } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { END_HINT, entryName, hashOf, headName, idName, jsonOf, textOf } from './names.ts';
import type { Witness } from './witness.ts';

type Store = Pick<ArtifactStore, 'createNamed' | 'readNamed' | 'swapNamed'>;

export interface Signing {
  signBytes(bytes: string): Pick<AuditHead, 'keyId' | 'signature'>;
}

interface Last {
  readonly entry: AuditEntry;
  readonly text: string;
}

export function createAuditLog(store: Store, { signBytes }: Signing, witness: Witness): AuditLog {
  async function entryAt(number: number): Promise<Last | undefined> {
    const found = await store.readNamed(entryName(number));
    if (found === undefined) return undefined;
    const text = textOf(found);
    const entry = auditEntry.safeParse(jsonOf(text));
    if (!entry.success || entry.data.number !== number) throw broken(`entry ${number} is none`);
    return { entry: entry.data, text };
  }

  /** The last entry there is. @throws AnnealError `audit.broken` where it is not at least what this machine has seen */
  async function lastEntry(): Promise<Last | undefined> {
    const seen = (await witness.read())?.body;
    const hint = await store.readNamed(END_HINT);
    let number = Math.max(seen?.number ?? 0, hint === undefined ? 0 : Number(textOf(hint)) || 0);
    let last = number === 0 ? undefined : await entryAt(number);
    if (number > 0 && last === undefined)
      throw broken(`entry ${number} is gone; the log was cut off, or another store was put in its place`);
    if (seen !== undefined) {
      const then = seen.number === number ? last : await entryAt(seen.number);
      if (then === undefined || hashOf(then.text) !== seen.entry)
        throw broken(`entry ${seen.number} is another one than this machine has seen`);
    }
    for (let next = await entryAt(number + 1); next !== undefined; next = await entryAt(number + 1)) {
      last = next;
      number += 1;
    }
    return last;
  }

  /** Index and head of an entry, whoever wrote it. */
  async function complete({ entry, text }: Last): Promise<void> {
    const { number, id } = entry;
    await store.createNamed(idName(id), String(number));
    const head = signed({ schema: 'anneal/audit-head/v1', number, entry: hashOf(text) });
    if (head !== undefined) {
      await store.createNamed(headName(number), canonicalJson(head));
      await witness.see(head);
    }
    const hint = await store.readNamed(END_HINT);
    if (hint === undefined || Number(textOf(hint)) < number)
      await store.swapNamed(END_HINT, hint?.tag ?? null, String(number));
  }

  /** Whose key was revoked may still roll back, and has that noted; whoever comes next signs. */
  function signed(body: AuditHead['body']): AuditHead | undefined {
    try {
      return { body, ...signBytes(canonicalJson(body)) };
    } catch (failure) {
      if (failure instanceof AnnealError && failure.code === 'decision.unknown_signer') return undefined;
      throw failure;
    }
  }

  return {
    async note(id, event) {
      for (;;) {
        const last = await lastEntry();
        if (last !== undefined) await complete(last);
        if ((await store.readNamed(idName(id))) !== undefined) return;
        const entry = auditEntry.parse({
          schema: 'anneal/audit-entry/v1',
          number: (last?.entry.number ?? 0) + 1,
          previous: last === undefined ? null : hashOf(last.text),
          at: new Date().toISOString(),
          ...{ id, event },
        });
        const text = canonicalJson(entry);
        // Not created: somebody else was first, or this very entry is there and the answer was lost. Either way it is the last one now.
        if (await store.createNamed(entryName(entry.number), text)) return complete({ entry, text });
      }
    },
  };
}

const broken = (what: string): AnnealError => new AnnealError('audit.broken', what);
