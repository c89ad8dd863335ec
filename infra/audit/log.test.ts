// Noting: once, in one chain, by any number of writers, whatever is killed on the way.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import type { AuditEvent } from '../../contracts/audit.ts';
import { gateId } from '../../contracts/ids.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../identity/local.ts';
import { createFolderStore } from '../store/folder.ts';
import { createAuditLog } from './log.ts';
import { readAudit } from './verify.ts';
import { createWitness, type Witness } from './witness.ts';

let folder: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let witness: Witness;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-audit-'));
  store = createFolderStore(join(folder, 'store'));
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  witness = createWitness(join(folder, 'audit', 'head.json'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const closed = (option: string): AuditEvent => ({
  ...{ what: 'gate-closed', gate: gateId.parse('a.release-1'), option, decided: null },
});
const reading = async (witnesses = [witness]) => {
  const heads = (await Promise.all(witnesses.map((one) => one.read()))).filter((one) => one !== undefined);
  return readAudit({ store, verifyBytes: identity.verifyBytes, witnesses: heads });
};
const ids = async () => (await reading()).entries.map(({ entry }) => entry.id);

test('what is noted stands in one chain, each entry once, under a signed head that this machine remembers', async () => {
  const log = createAuditLog(store, identity, witness);
  for (const id of ['a', 'b', 'a', 'c', 'b']) await log.note(id, closed(id));
  expect(await reading()).toMatchObject({ problems: [], entries: [{ entry: { number: 1 } }, {}, {}] });
  expect(await ids()).toEqual(['a', 'b', 'c']);
  expect((await witness.read())?.body.number).toBe(3);
});

test('writers at a time note each event once, whoever is first', async () => {
  const events = Array.from({ length: 12 }, (_, at) => `e${at % 6}`);
  await Promise.all(
    events.map((id, at) => {
      const own = createWitness(join(folder, 'audit', `head-${at % 3}.json`));
      return createAuditLog(store, identity, own).note(id, closed(id));
    }),
  );
  expect((await reading()).problems).toEqual([]);
  expect((await ids()).sort()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
});

/** Dies at its n-th change to the store: before it, or after it and before the answer. */
function dyingAt(count: number, when: 'before' | 'after'): ArtifactStore {
  let left = count;
  const change =
    <Args extends unknown[]>(work: (...args: Args) => Promise<boolean>) =>
    async (...args: Args): Promise<boolean> => {
      left -= 1;
      if (left === 0 && when === 'before') throw new Error('killed');
      const done = await work(...args);
      if (left === 0) throw new Error('killed');
      return done;
    };
  return { ...store, createNamed: change(store.createNamed), swapNamed: change(store.swapNamed) };
}

test.each(['before', 'after'] as const)(
  'a writer killed %s any of its steps leaves what the next one completes',
  async (when) => {
    const log = createAuditLog(store, identity, witness);
    for (let step = 1; step <= 9; step += 1) {
      const [first, second] = [`${step}-first`, `${step}-second`];
      await log.note(first, closed(first));
      const dying = createAuditLog(dyingAt(step, when), identity, witness);
      await dying.note(second, closed(second)).catch((failure: Error) => expect(failure.message).toBe('killed'));
      // Tried again, as an activity is; and something else in between by another writer.
      if (step % 2 === 0) await log.note(`${step}-between`, closed('x'));
      await log.note(second, closed(second));
    }
    const found = await ids();
    expect(new Set(found).size).toBe(found.length);
    expect(found.filter((id) => id.endsWith('second'))).toHaveLength(9);
    expect((await reading()).problems).toEqual([]);
  },
);

test('any order of notes and deaths leaves each event at most once, and each that was acknowledged', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          id: fc.constantFrom('p', 'q', 'r', 's'),
          step: fc.integer({ min: 1, max: 8 }),
          after: fc.boolean(),
        }),
        { maxLength: 12 },
      ),
      async (acts) => {
        const own = await mkdtemp(join(folder, 'run-'));
        store = createFolderStore(join(own, 'store'));
        witness = createWitness(join(own, 'head.json'));
        const acknowledged = new Set<string>();
        for (const { id, step, after } of acts) {
          const log = createAuditLog(dyingAt(step, after ? 'after' : 'before'), identity, witness);
          await log.note(id, closed(id)).then(
            () => acknowledged.add(id),
            () => undefined,
          );
        }
        await createAuditLog(store, identity, witness).note('last', closed('last'));
        const found = await ids();
        expect(new Set(found).size).toBe(found.length);
        expect(found).toEqual(expect.arrayContaining([...acknowledged]));
        expect((await reading()).problems).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
});

test('a log that ends before what this machine has seen takes nothing more', async () => {
  const log = createAuditLog(store, identity, witness);
  for (const id of ['a', 'b', 'c']) await log.note(id, closed(id));
  store = createFolderStore(join(folder, 'another'));
  await expect(createAuditLog(store, identity, witness).note('d', closed('d'))).rejects.toMatchObject({
    code: 'audit.broken',
    message: expect.stringContaining('entry 3 is gone'),
  });
  // A chain that was forged from its beginning is as long, and another one.
  const forger = createAuditLog(store, identity, createWitness(join(folder, 'forger.json')));
  for (const id of ['a', 'x', 'y', 'z']) await forger.note(id, closed(id));
  await expect(createAuditLog(store, identity, witness).note('d', closed('d'))).rejects.toThrow(
    'another one than this machine has seen',
  );
});
