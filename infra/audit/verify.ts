// Reading an audit log as somebody who trusts nobody with the store: every entry, every link, every signature, and what is known from elsewhere.
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type AuditEntry, type AuditHead, auditEntry, auditHead } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { asAnnealError } from '../../contracts/errors.ts';
import type { Decision } from '../../contracts/gate.ts';
import { ENTRIES, entryName, HEADS, hashOf, headName, idName, jsonOf } from './names.ts';

/** What is wrong at one place of the log. */
export interface AuditProblem {
  readonly number: number;
  readonly what: string;
}

export interface ReadEntry {
  readonly entry: AuditEntry;
  /** Its bytes, which the chain goes by. */
  readonly text: string;
  readonly head: AuditHead | undefined;
}

export interface AuditReading {
  readonly entries: readonly ReadEntry[];
  /** Everything at once; empty where the log is whole. */
  readonly problems: readonly AuditProblem[];
}

export interface Checking {
  readonly store: Pick<ArtifactStore, 'readNamed' | 'listNamed'>;
  /** @throws AnnealError where the bytes were not signed by somebody known here */
  verifyBytes(bytes: string, signed: Pick<Decision, 'keyId' | 'signature' | 'assertion'>): unknown;
  /** Heads that were kept elsewhere: this machine's, those of exports, of messages. */
  readonly witnesses: readonly AuditHead[];
}

export async function readAudit({ store, verifyBytes, witnesses }: Checking): Promise<AuditReading> {
  const problems: AuditProblem[] = [];
  const wrong = (number: number, what: string): void => void problems.push({ number, what });
  const listed = [...(await store.listNamed(ENTRIES)), ...(await store.listNamed(HEADS))];
  for (const name of listed) if (!/\/\d{12}$/.test(name)) wrong(0, `${name} is no name of the log's`);
  const numbers = listed.map((name) => Number(name.slice(name.lastIndexOf('/') + 1))).filter(Number.isSafeInteger);
  const known = new Set([...numbers.filter((number) => number > 0), ...witnesses.map(({ body }) => body.number)]);

  const entries: ReadEntry[] = [];
  let before: string | null = null;
  const seenIds = new Set<string>();
  let next = 1;
  // By the numbers that there are: one name far ahead is a gap, and nothing to be counted up to.
  for (const number of [...known].sort((a, b) => a - b)) {
    if (number > next) {
      wrong(next, number === next + 1 ? 'the entry is missing' : `the entries from here to ${number - 1} are missing`);
      before = null;
    }
    next = number + 1;
    const text = await textNamed(store, entryName(number));
    const headText = await textNamed(store, headName(number));
    if (text === undefined) {
      wrong(number, 'the entry is missing');
      before = null;
      continue;
    }
    const own = hashOf(text);
    const entry = auditEntry.safeParse(jsonOf(text));
    if (!entry.success || canonicalJson(entry.data) !== text) wrong(number, 'the entry cannot be read');
    else {
      if (entry.data.number !== number) wrong(number, `the entry says that it is ${entry.data.number}`);
      const linked = number === 1 ? entry.data.previous === null : before === null || entry.data.previous === before;
      if (!linked) wrong(number, 'the entry does not follow the one before it');
      if (seenIds.has(entry.data.id)) wrong(number, `${entry.data.id} stands there twice`);
      seenIds.add(entry.data.id);
      if ((await textNamed(store, idName(entry.data.id))) !== String(number))
        wrong(number, 'its index names another entry, or none');
    }
    const head = auditHead.safeParse(jsonOf(headText ?? ''));
    if (!head.success) wrong(number, headText === undefined ? 'nobody has signed it' : 'its head cannot be read');
    else for (const why of headProblems(head.data, { number, entry: own }, verifyBytes)) wrong(number, why);
    if (entry.success) entries.push({ entry: entry.data, text, head: head.data });
    before = own;
  }
  for (const witness of witnesses) {
    const { number } = witness.body;
    const text = await textNamed(store, entryName(number));
    if (text !== undefined && hashOf(text) !== witness.body.entry)
      wrong(number, 'another entry stood here when a head of it was kept elsewhere');
  }
  return { entries, problems };
}

function headProblems(
  { body, keyId, signature }: AuditHead,
  of: { readonly number: number; readonly entry: string },
  verifyBytes: Checking['verifyBytes'],
): string[] {
  const why: string[] = [];
  if (body.number !== of.number || body.entry !== of.entry) why.push('its head is that of another entry');
  try {
    verifyBytes(canonicalJson(body), { keyId, signature });
  } catch (failure) {
    why.push(`its head: ${asAnnealError(failure).message}`);
  }
  return why;
}

const textNamed = async (store: Checking['store'], name: string): Promise<string | undefined> => {
  const found = await store.readNamed(name);
  return found === undefined ? undefined : Buffer.from(found.bytes).toString('utf8');
};
