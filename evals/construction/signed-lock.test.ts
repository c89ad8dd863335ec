// Locks and real keys: what counts as signed, and what does not.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { sha256 } from '../../contracts/ids.ts';
import { lockSignatureName } from '../../contracts/locked-set.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from '../../infra/identity/local.ts';
import { createFolderStore } from '../../infra/store/folder.ts';
import { requireSigned, signLock } from './signed-lock.ts';

let folder: string;
let store: ArtifactStore;
let identity: LocalIdentity;
let lock: ArtifactRef;
const root = sha256.parse('a'.repeat(64));
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-signed-lock-'));
  store = createFolderStore(join(folder, 'store'));
  lock = await store.put('{"a": "lock"}');
  identity = await identityIn('keys');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function identityIn(name: string): Promise<LocalIdentity> {
  await initIdentity(join(folder, name), name === 'keys' ? 'ada' : name);
  return createLocalIdentity(join(folder, name));
}
const opened = (of = { root, lock }, by = identity) => requireSigned(store, by.verifyBytes, of);
const refused = (why: RegExp) => ({ code: 'tasks.unsigned', message: expect.stringMatching(why) });
const read = async () => new TextDecoder().decode((await store.readNamed(lockSignatureName(lock.sha256)))!.bytes);
async function write(text: string): Promise<void> {
  const found = await store.readNamed(lockSignatureName(lock.sha256));
  await store.swapNamed(lockSignatureName(lock.sha256), found?.tag ?? null, text);
}

test('a lock that its owner signed opens and says who signed; signed again it is the same', async () => {
  await signLock(store, identity, { root, lock });
  expect(await opened()).toBe('ada');
  const first = await read();
  await signLock(store, identity, { root, lock });
  expect(await read()).toBe(first);
});

test('one that nobody signed, or an unknown or a revoked key, or another lock’s signature, is refused with what to do', async () => {
  await expect(opened()).rejects.toMatchObject(refused(/nobody has signed it\. \.\/anneal taskset lock, .* signs it/));
  await signLock(store, await identityIn('mallory'), { root, lock });
  await expect(opened()).rejects.toMatchObject(refused(/no approver has the key/));

  const other = await store.put('{"another": "lock"}');
  await signLock(store, identity, { root, lock: other });
  await write(new TextDecoder().decode((await store.readNamed(lockSignatureName(other.sha256)))!.bytes));
  await expect(opened()).rejects.toMatchObject(refused(/its signature is of another lock/));

  const moved = JSON.parse(await read());
  await write(JSON.stringify({ ...moved, lock: lock.sha256 }));
  await expect(opened()).rejects.toMatchObject(refused(/the signature of ada does not fit/));
  await write('no JSON');
  await expect(opened()).rejects.toMatchObject(refused(/is no signature/));

  // The same command mends each of them.
  await signLock(store, identity, { root, lock });
  expect(await opened()).toBe('ada');
  const path = join(folder, 'keys', 'approvers.json');
  const file = JSON.parse(readFileSync(path, 'utf8'));
  file.approvers[0].revokedAt = '2030-01-01T00:00:00.000Z';
  writeFileSync(path, JSON.stringify(file));
  await expect(opened()).rejects.toMatchObject(refused(/the key of ada, who signed it, is revoked/));
});
