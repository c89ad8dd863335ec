// A log that was rewritten, cut off or put back from before, on a machine that has never seen it: found by what is kept elsewhere.
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactStore } from '../../../contracts/artifact.ts';
import type { AuditEvent } from '../../../contracts/audit.ts';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import type { AnnealError } from '../../../contracts/errors.ts';
import { gateId } from '../../../contracts/ids.ts';
import { type HeadsServer, headsServer } from '../../../tests/support/heads-server.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../identity/local.ts';
import { createFolderStore } from '../../store/folder.ts';
import { createAuditLog } from '../log.ts';
import { readAudit } from '../verify.ts';
import { createWitness } from '../witness.ts';
import { readKept } from './compare.ts';
import { fileOfHeads } from './file.ts';
import { serverOfHeads } from './https.ts';
import { createKeeping, type Keeping } from './keeping.ts';
import { createHeadSender } from './sender.ts';

const TOKEN = 'a token of the tests';
let folder: string;
let server: HeadsServer;
let identity: LocalIdentity;
let places: HeadPlace[];
let told: AnnealError[];
let opened: Keeping[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-keeping-'));
  server = await headsServer(TOKEN);
  await initIdentity(join(folder, 'keys'));
  identity = createLocalIdentity(join(folder, 'keys'));
  places = [
    fileOfHeads(join(folder, 'heads.jsonl')),
    serverOfHeads({ kind: 'https', url: server.url, token: TOKEN, answers: true }),
  ];
  told = [];
  opened = [];
});
afterEach(async () => {
  for (const one of opened) one.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const closed = (option: string): AuditEvent => ({
  ...{ what: 'gate-closed', gate: gateId.parse('a.release-1'), option, decided: null },
});
const storeAt = (name: string): ArtifactStore => createFolderStore(join(folder, name));
/** A worker that starts on a machine of its own. */
async function worker(machine: string, store: ArtifactStore) {
  const witness = createWitness(join(folder, machine, 'head.json'));
  const report = (failure: AnnealError) => void told.push(failure);
  const keeping = createKeeping({ places, store, verifyBytes: identity.verifyBytes, witness, report });
  opened.push(keeping);
  const wrong = await keeping.look();
  return { wrong, keeping, log: keeping.guarded(createAuditLog(store, identity, keeping.witness)) };
}
const kept = async (place: HeadPlace | undefined) =>
  Math.max(0, ...((await place?.heads())?.heads ?? []).map(({ body }) => body.number));
const everywhere = async (number: number): Promise<void> => {
  for (const place of places) await expect.poll(() => kept(place), { timeout: 5_000 }).toBe(number);
};

test('what is noted is sent to every place, and a new machine finds the log as it was kept', async () => {
  const { log } = await worker('one', storeAt('store'));
  for (const id of ['a', 'b', 'c']) await log.note(id, closed(id));
  await everywhere(3);
  const next = await worker('two', storeAt('store'));
  expect(next.wrong).toBeUndefined();
  await next.log.note('d', closed('d'));
  await everywhere(4);
  expect(told).toEqual([]);
});

test('a log that was put back from before, or written anew, takes nothing from a machine that has never seen it', async () => {
  const { log } = await worker('one', storeAt('store'));
  await log.note('a', closed('a'));
  await cp(join(folder, 'store'), join(folder, 'backup'), { recursive: true });
  for (const id of ['b', 'c']) await log.note(id, closed(id));
  await everywhere(3);

  const back = await worker('two', storeAt('backup'));
  expect(back.wrong).toMatchObject({ code: 'audit.broken', message: expect.stringContaining('entry 3 is gone') });
  await expect(back.log.note('x', closed('x'))).rejects.toMatchObject({ code: 'audit.broken' });
  expect(told.map(({ code }) => code)).toEqual(['audit.broken']);

  // By somebody with a key, from the entry on that nobody beside the store had seen.
  const forger = createAuditLog(storeAt('backup'), identity, createWitness(join(folder, 'forger.json')));
  for (const id of ['p', 'q', 'r']) await forger.note(id, closed(id));
  const forged = await worker('three', storeAt('backup'));
  expect(forged.wrong).toMatchObject({ message: expect.stringContaining('another one than the head') });
  const { heads } = await readKept(places, identity.verifyBytes);
  const { problems } = await readAudit({
    ...{ store: storeAt('backup'), verifyBytes: identity.verifyBytes, witnesses: heads },
  });
  expect(problems.map(({ number }) => number)).toEqual(expect.arrayContaining([3]));
  expect(await kept(places[0])).toBe(3);
});

test('a worker that runs finds it too, by the next look', async () => {
  const { log, keeping } = await worker('one', storeAt('store'));
  for (const id of ['a', 'b']) await log.note(id, closed(id));
  await everywhere(2);
  await rm(join(folder, 'store'), { recursive: true });
  const stopping = new AbortController();
  const looking = keeping.lookRegularly(stopping.signal, 50);
  await expect.poll(() => told.map(({ code }) => code), { timeout: 5_000 }).toContain('audit.broken');
  stopping.abort();
  await looking;
  expect(told.filter(({ code }) => code === 'audit.broken')).toHaveLength(1);
  await expect(log.note('c', closed('c'))).rejects.toMatchObject({ code: 'audit.broken' });
});

test('a place that is away holds nothing up, is told once, and has the newest when it is back', async () => {
  const { log } = await worker('one', storeAt('store'));
  server.status = 503;
  for (const id of ['a', 'b', 'c']) await log.note(id, closed(id));
  await expect.poll(() => kept(places[0])).toBe(3);
  server.status = 200;
  await everywhere(3);
  expect(told.map(({ code }) => code)).toEqual(['audit.unkept']);
});

test('what was seen last by a worker that died before it sent it is sent by the next', async () => {
  const silent = createAuditLog(storeAt('store'), identity, createWitness(join(folder, 'one', 'head.json')));
  for (const id of ['a', 'b']) await silent.note(id, closed(id));
  expect(await kept(places[0])).toBe(0);
  await worker('one', storeAt('store'));
  await everywhere(2);
});

test('a head that nobody known has signed is told, and stops nothing', async () => {
  const { log } = await worker('one', storeAt('store'));
  await log.note('a', closed('a'));
  await everywhere(1);
  await initIdentity(join(folder, 'stranger'));
  const stranger = createLocalIdentity(join(folder, 'stranger'));
  const other = createAuditLog(storeAt('strange'), stranger, createWitness(join(folder, 'strange.json')));
  for (const id of ['x', 'y']) await other.note(id, closed(id));
  await places[0]!.keep((await createWitness(join(folder, 'strange.json')).read())!);
  const { problems, heads } = await readKept(places, identity.verifyBytes);
  expect(problems).toMatchObject([{ number: 2, what: expect.stringContaining('holds') }]);
  expect(heads.map(({ body }) => body.number)).toEqual([1, 1]);
  const { wrong, log: next } = await worker('two', storeAt('store'));
  expect(wrong).toBeUndefined();
  await next.note('b', closed('b'));
});

test('a command that ends waits for what it noted to be kept, and not for ever', async () => {
  const witness = createWitness(join(folder, 'one', 'head.json'));
  const log = createAuditLog(storeAt('store'), identity, witness);
  await log.note('a', closed('a'));
  const sender = createHeadSender(places, (failure) => void told.push(failure));
  sender.send((await witness.read())!);
  expect(await sender.settled(5_000)).toEqual([]);
  server.status = 500;
  await log.note('b', closed('b'));
  sender.send((await witness.read())!);
  expect(await sender.settled(300)).toEqual([places[1]!.name]);
  sender.close();
});
