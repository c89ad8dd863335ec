// Every way of changing a log behind its back, at a hundred places each, is found.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditEvent, AuditHead } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { createRandom, type Random } from '../../policies/random.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../identity/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { createAuditLog } from './log.ts';
import { END_HINT, entryName, hashOf, headName, idName } from './names.ts';
import { readAudit } from './verify.ts';
import { createWitness } from './witness.ts';

vi.setConfig({ hookTimeout: 60_000 });
const LENGTH = 40;
const TIMES = 100;
let folder: string;
let whole: ReadonlyMap<string, string>;
let identity: LocalIdentity;
let witness: AuditHead;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-tampering-'));
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  const store = createFolderStore(join(folder, 'store'));
  const seen = createWitness(join(folder, 'head.json'));
  const log = createAuditLog(store, identity, seen);
  for (let at = 1; at <= LENGTH; at += 1) {
    const event: AuditEvent = {
      ...{ what: 'rollback-asked', base: `model-${at}`, from: `a.v${at}`, to: null, by: 'somebody' },
    };
    await log.note(`rollback:${at}`, event);
  }
  const names = await store.listNamed('audit/');
  whole = new Map(
    await Promise.all(
      names.map(async (name) => [name, Buffer.from((await store.readNamed(name))!.bytes).toString()] as const),
    ),
  );
  witness = (await seen.read())!;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Names = Map<string, string>;
const storeOf = (names: Names): Pick<ArtifactStore, 'readNamed' | 'listNamed'> => ({
  readNamed: async (name) => {
    const text = names.get(name);
    return text === undefined ? undefined : { bytes: Buffer.from(text), tag: hashOf(text) };
  },
  listNamed: async (prefix) => [...names.keys()].filter((name) => name.startsWith(prefix)).sort(),
});
const problemsOf = async (names: Names) =>
  (await readAudit({ store: storeOf(names), verifyBytes: identity.verifyBytes, witnesses: [witness] })).problems;

/** Numbers anew from a place on, as whoever can write anything but has no key would. */
function relink(names: Names, from: number, last: number): void {
  for (let number = from; number <= last; number += 1) {
    const entry = JSON.parse(names.get(entryName(number))!);
    const before = number === 1 ? null : hashOf(names.get(entryName(number - 1))!);
    names.set(entryName(number), canonicalJson({ ...entry, number, previous: before }));
    names.set(idName(entry.id), String(number));
  }
}
const any = (random: Random, least = 1): number => least + random.below(LENGTH - least + 1);

const TAMPERINGS: Readonly<Record<string, (names: Names, random: Random) => void>> = {
  'an edit of a byte': (names, random) => {
    const name = entryName(any(random));
    const text = names.get(name)!;
    const at = random.below(text.length);
    names.set(name, `${text.slice(0, at)}${text[at] === 'x' ? 'y' : 'x'}${text.slice(at + 1)}`);
  },
  'an edit whose chain is mended': (names, random) => {
    const number = any(random);
    const entry = JSON.parse(names.get(entryName(number))!);
    names.set(entryName(number), canonicalJson({ ...entry, event: { ...entry.event, by: 'somebody else' } }));
    relink(names, number, LENGTH);
  },
  'a deletion': (names, random) => void names.delete(entryName(any(random))),
  'a deletion with its head': (names, random) => {
    const number = any(random);
    names.delete(entryName(number));
    names.delete(headName(number));
  },
  'a deletion whose chain is mended': (names, random) => {
    const gone = any(random);
    for (let number = gone; number < LENGTH; number += 1) {
      names.set(entryName(number), names.get(entryName(number + 1))!);
      names.set(headName(number), names.get(headName(number + 1))!);
    }
    names.delete(entryName(LENGTH));
    names.delete(headName(LENGTH));
    relink(names, gone, LENGTH - 1);
  },
  'an insertion whose chain is mended': (names, random) => {
    const at = any(random);
    const made = { ...JSON.parse(names.get(entryName(at))!), id: 'made up' };
    for (let number = LENGTH; number >= at; number -= 1)
      names.set(entryName(number + 1), names.get(entryName(number))!);
    names.set(entryName(at), canonicalJson(made));
    relink(names, at, LENGTH + 1);
  },
  'two entries in the other order': (names, random) => {
    const [one, other] = [any(random), any(random, 2)];
    const there = other === one ? one - 1 || 2 : other;
    const [first, second] = [names.get(entryName(one))!, names.get(entryName(there))!];
    names.set(entryName(one), second).set(entryName(there), first);
    const [head, otherHead] = [names.get(headName(one))!, names.get(headName(there))!];
    names.set(headName(one), otherHead).set(headName(there), head);
  },
  'an end that is cut off, its heads with it': (names, random) => {
    const from = any(random);
    for (let number = from; number <= LENGTH; number += 1) {
      names.delete(idName(JSON.parse(names.get(entryName(number))!).id));
      names.delete(entryName(number));
      names.delete(headName(number));
    }
    names.set(END_HINT, String(from - 1));
  },
  'an index that names another entry': (names, random) => {
    const entry = JSON.parse(names.get(entryName(any(random)))!);
    names.set(idName(entry.id), String((entry.number % LENGTH) + 1));
  },
  'a head of another entry': (names, random) => {
    const number = any(random);
    names.set(headName(number), names.get(headName((number % LENGTH) + 1))!);
  },
  'a head that nobody signed': (names, random) => void names.delete(headName(any(random))),
  'a head by a stranger': (names, random) => {
    const name = headName(any(random));
    const head = JSON.parse(names.get(name)!);
    names.set(name, canonicalJson({ ...head, keyId: hashOf('a stranger') }));
  },
};

test('the log itself is whole', async () => {
  expect(await problemsOf(new Map(whole))).toEqual([]);
});

test.each(Object.entries(TAMPERINGS))(`%s is found, ${TIMES} times of ${TIMES}`, async (name, tamper) => {
  for (let time = 0; time < TIMES; time += 1) {
    const names: Names = new Map(whole);
    tamper(names, createRandom(name, time));
    expect(await problemsOf(names), `${name} ${time}`).not.toEqual([]);
  }
});

test('a name far ahead is told at once, as the gap that it leaves', async () => {
  const names: Names = new Map(whole);
  names.set(entryName(999_999_999_999), names.get(entryName(LENGTH))!);
  expect(await problemsOf(names)).toContainEqual({
    ...{ number: LENGTH + 1, what: 'the entries from here to 999999999998 are missing' },
  });
});

test('what cuts the end off with its heads is not found without a witness: that is what one is for', async () => {
  const names: Names = new Map(whole);
  names.delete(entryName(LENGTH));
  names.delete(headName(LENGTH));
  const alone = { store: storeOf(names), verifyBytes: identity.verifyBytes, witnesses: [] };
  expect((await readAudit(alone)).problems).toEqual([]);
  expect(await problemsOf(names)).toEqual([{ number: LENGTH, what: 'the entry is missing' }]);
});
