// The registry of people as the store holds it: `people/entries/<number>`, each created once, naming the one before by its hash, and signed by an
// admin. What was verified is remembered, so that a look costs one reading where nothing is new.
//
// Trust begins with the keys of this machine's approvers.json. Whoever can write to the store can add nothing that passes; taking the end away is
// told where this process, or this machine by its file, has seen it.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { Sha256 } from '../../contracts/ids.ts';
import {
  NOBODY,
  type PeopleChange,
  type PeopleEntry,
  type PeopleEntryBody,
  peopleEntry,
  peopleEntryBody,
  type Registry,
} from '../../contracts/people.ts';
import { afterChange } from '../../policies/people.ts';
import { hashOf, jsonOf, textOf } from '../audit/names.ts';
import { type Approver, keyIdOf } from '../identity/keys.ts';
import { checkSignature } from '../identity/signature.ts';
import { signerOf } from '../identity/signers.ts';
import type { SeenPeople } from './seen.ts';

export const PEOPLE_ENTRIES = 'people/entries/';
const DIGITS = 12;
export const peopleEntryName = (number: number): string => `${PEOPLE_ENTRIES}${String(number).padStart(DIGITS, '0')}`;

export interface People {
  /**
   * As it is now. @throws AnnealError `people.broken` with the entry that is wrong; `store.*`
   */
  current(): Promise<Registry>;
  /** As of the last look. */
  known(): Registry;
  /** The chain, byte for byte, as far as it was verified. */
  entries(): Promise<readonly { readonly text: string; readonly entry: PeopleEntry }[]>;
  /** What the next entry follows: for whoever builds it themselves. */
  next(): Promise<Pick<PeopleEntryBody, 'number' | 'previous' | 'at'>>;
  /** What is to be signed for a change. */
  propose(change: PeopleChange, by: string): Promise<PeopleEntryBody>;
  /**
   * Adds a signed change, and has it noted in the audit log. Doing it again changes nothing.
   * @throws AnnealError `people.refused` where it may not be made, or somebody else's came between
   */
  add(entry: PeopleEntry): Promise<Registry>;
  /** Has the last entry noted, where whoever added it died before that. */
  complete(): Promise<void>;
}

interface Read {
  readonly registry: Registry;
  readonly texts: readonly string[];
  readonly list: readonly PeopleEntry[];
}

export interface PeoplePorts {
  readonly store: Pick<ArtifactStore, 'createNamed' | 'readNamed'>;
  /** Of approvers.json, read anew each time. */
  readonly roots: () => readonly Approver[];
  /** What this machine has seen of the chain. */
  readonly seen?: SeenPeople;
  /** Whoever changes it needs one. */
  readonly audit?: AuditLog;
}

export function createPeople({ store, roots, seen, audit }: PeoplePorts): People {
  let read: Read = { registry: NOBODY, texts: [], list: [] };

  async function look(): Promise<Read> {
    let at = read;
    const before = at.registry.number;
    for (;;) {
      const number = at.registry.number + 1;
      const found = await store.readNamed(peopleEntryName(number));
      if (found === undefined) break;
      at = extended(at, number, textOf(found), roots());
    }
    if (before === 0 || at.registry.number > before) await compareWithSeen(at);
    // Two looks at a time: the longer one stays.
    if (at.registry.number > read.registry.number) read = at;
    return at;
  }

  async function compareWithSeen({ registry, texts }: Read): Promise<void> {
    const last = await seen?.read();
    const there = last === undefined ? undefined : texts[last.number - 1];
    if (last !== undefined && (there === undefined || hashOf(there) !== last.entry))
      throw broken(
        last.number,
        there === undefined
          ? 'it is gone; the registry was cut off, or another store was put in its place'
          : 'it is another one than this machine has seen',
      );
    if (registry.number > (last?.number ?? 0))
      await seen?.see({ number: registry.number, entry: hashOf(texts.at(-1)!) });
  }

  async function current(): Promise<Registry> {
    const at = await look();
    const [first] = unsettled(at, roots());
    if (first !== undefined)
      throw broken(
        first.number,
        `approvers.json has revoked the key that signed it; say in the registry since when: ./anneal approvers revoke ${first.keyId.slice(0, 16)}`,
      );
    return at.registry;
  }

  async function note(number: number, text: string, { body }: PeopleEntry): Promise<void> {
    const of = { number, entry: hashOf(text), by: body.by, change: body.change };
    await audit?.note(`people:${number}`, { what: 'people-changed', ...of });
  }

  async function complete(): Promise<void> {
    const { registry, texts, list } = await look();
    const last = list.at(-1);
    if (last !== undefined) await note(registry.number, texts.at(-1)!, last);
  }

  async function next(): ReturnType<People['next']> {
    const { registry, texts } = await look();
    return {
      number: registry.number + 1,
      previous: registry.number === 0 ? null : hashOf(texts.at(-1)!),
      at: new Date().toISOString(),
    };
  }

  return {
    current,
    known: () => read.registry,
    complete,
    async entries() {
      const { texts, list } = await look();
      return list.map((entry, at) => ({ entry, text: texts[at]! }));
    },

    next,
    async propose(change, by) {
      return peopleEntryBody.parse({ schema: 'anneal/people-entry/v1', ...(await next()), by, change });
    },

    async add(entry) {
      const at = await look();
      const text = canonicalJson(peopleEntry.parse(entry));
      const { number } = entry.body;
      if (at.texts[number - 1] !== text) {
        if (number !== at.registry.number + 1) throw changedMeanwhile();
        // As everybody who reads it will.
        const next = extended(at, number, text, roots(), refusedBy);
        const settles = unsettled(next, roots()).length;
        if (settles > 0 && settles >= unsettled(at, roots()).length)
          throw new AnnealError('people.refused', 'first revoke the key that approvers.json has revoked by hand');
        await complete();
        if (!(await store.createNamed(peopleEntryName(number), text))) {
          const there = await store.readNamed(peopleEntryName(number));
          if (there === undefined || textOf(there) !== text) throw changedMeanwhile();
        }
      }
      await note(number, text, entry);
      return (await look()).registry;
    },
  };
}

/** @param fail how a refusal is told: of what is read, the entry is broken */
function extended(
  { registry, texts, list }: Read,
  number: number,
  text: string,
  roots: readonly Approver[],
  fail: (number: number, failure: AnnealError) => AnnealError = (at, { message }) => broken(at, message),
): Read {
  const parsed = peopleEntry.safeParse(jsonOf(text));
  if (!parsed.success || canonicalJson(parsed.data) !== text) throw broken(number, 'it cannot be read');
  const { body, ...signed } = parsed.data;
  if (body.number !== number) throw broken(number, `it says that it is ${body.number}`);
  if (body.previous !== (number === 1 ? null : hashOf(texts.at(-1)!)))
    throw broken(number, 'it does not follow the one before it');
  try {
    const signer = signerOf(roots, registry, signed.keyId);
    checkSignature(signer.key, canonicalJson(body), signed);
    if (signer.name !== body.by) throw new AnnealError('people.refused', `${signer.name} signed as ${body.by}`);
    // By hand in approvers.json says no number: `unsettled` looks at that.
    const root = roots.find(({ keyId }) => keyId === signed.keyId);
    if (signer.revokedAt !== undefined && signer.revokedAt !== root?.revokedAt)
      throw new AnnealError('people.refused', `${signer.name}, or the key, was revoked`);
    if (body.change.what === 'passkey-added' || body.change.what === 'key-added') mustMatch(body.change);
    const by = { name: signer.name, keyId: signed.keyId, role: signer.role };
    const next = afterChange(registry, { number, at: body.at, by, change: body.change });
    return { registry: next, texts: [...texts, text], list: [...list, parsed.data] };
  } catch (failure) {
    throw fail(number, asAnnealError(failure));
  }
}

/**
 * Entries by keys that approvers.json revoked by hand. A stolen key signs any date, so that such an entry counts only where a later one, by
 * somebody else, revokes the key: the chain then says what came before.
 */
function unsettled({ registry, list }: Read, roots: readonly Approver[]): { number: number; keyId: Sha256 }[] {
  const byHand = new Set(
    roots.filter((one) => one.revokedAt !== undefined && !registry.revoked.has(one.keyId)).map(({ keyId }) => keyId),
  );
  return list.filter(({ keyId }) => byHand.has(keyId)).map(({ keyId, body }) => ({ number: body.number, keyId }));
}

function mustMatch(change: Extract<PeopleChange, { what: 'passkey-added' | 'key-added' }>): void {
  const spelt = change.what === 'key-added' ? change.publicKey : change.passkey.publicKey;
  const raw = Buffer.from(spelt, 'base64url');
  const whole = change.what === 'passkey-added' || raw.length === 32;
  if (!whole || raw.toString('base64url') !== spelt || keyIdOf(raw) !== change.keyId)
    throw new AnnealError('people.refused', `the public key of ${change.name} does not match its id`);
}

const refusedBy = (_number: number, failure: AnnealError): AnnealError =>
  failure.code === 'internal.bug' ? failure : new AnnealError('people.refused', failure.message, { cause: failure });
const changedMeanwhile = (): AnnealError =>
  new AnnealError('people.refused', 'somebody else changed the registry meanwhile: look at it, and sign again');
const broken = (number: number, what: string): AnnealError =>
  new AnnealError('people.broken', `entry ${number}: ${what}`);
