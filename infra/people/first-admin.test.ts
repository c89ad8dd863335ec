// The first admin: whose passkey a link's code proves, until when, and where somebody is one already.
import { rm } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sha256 } from '../../contracts/ids.ts';
import type { PeopleChange } from '../../contracts/people.ts';
import { openPeople, type PeopleAtHand } from '../../tests/support/people.ts';
import { softwarePasskey } from '../../tests/support/software-passkey.ts';
import { readApprovers, writeApprovers } from '../identity/keys.ts';
import { type Enrolment, enrolment, submitEnrolment } from './enrolments.ts';
import {
  awaitProved,
  linkOf,
  newCode,
  proofOf,
  provedEnrolment,
  refuseWhereAdmin,
  submitProof,
} from './first-admin.ts';

const ISSUER = 'https://id.example.org';
const code = newCode();
let at: PeopleAtHand;
beforeEach(async () => {
  at = await openPeople();
});
afterEach(() => rm(at.root, { recursive: true, force: true }));

const refused = (message: string) =>
  expect.objectContaining({ code: 'people.refused', message: expect.stringContaining(message) });

/** As the console takes it. */
async function made(name: string, subject = `s-${name}`): Promise<Enrolment> {
  const { keyId, passkey } = softwarePasskey(name, 'ES256').entry;
  const one = enrolment.parse({ schema: 'anneal/enrolment/v1', name, issuer: ISSUER, subject, keyId, passkey });
  await submitEnrolment(at.store, one);
  return one;
}
const prove = (one: Enrolment, by = code) => submitProof(at.store, one, { keyId: one.keyId, proof: proofOf(by, one) });
const proved = async (name: string, more: object = {}) =>
  provedEnrolment(at.store, await at.people.current(), { name, code, ...more });
const look = async () => ({ registry: await at.people.current(), approvers: readApprovers(at.keys) });
const waitFor = (name: string, end: number, signal = new AbortController().signal) =>
  awaitProved({ look, store: at.store, end }, { name, code }, signal, 5);

test('a code proves the passkey that it was made over, of its name, and nothing else', async () => {
  const ada = await made('ada');
  expect(await proved('ada')).toBeUndefined();
  const ben = await made('ben');
  await prove(ben);
  await prove(await made('ada', 's-other'), newCode());
  expect(await proved('ada')).toBeUndefined();
  await prove(ada);
  expect(await proved('ADA')).toMatchObject({
    waiting: { enrolment: { keyId: ada.keyId } },
    changes: [
      { what: 'person-added', name: 'ada', role: 'admin', signIn: { issuer: ISSUER, subject: 's-ada' } },
      { what: 'passkey-added', keyId: ada.keyId },
    ],
  });
  await expect(proved('ada', { account: { issuer: ISSUER, subject: 's-else' } })).rejects.toEqual(
    refused('made as s-ada'),
  );
  expect(await proved('ada', { account: { issuer: ISSUER, subject: 's-ada' } })).toBeDefined();
});

test('a proof is over everything that is confirmed: what lies in the store under it may not change', async () => {
  const ada = await made('ada');
  const elsewhere = { ...ada, passkey: { ...ada.passkey, origins: ['https://evil.example'] } };
  expect(proofOf(code, elsewhere)).not.toBe(proofOf(code, ada));
  await at.store.createNamed(`people/first-admin/${ada.keyId}`, proofOf(code, elsewhere));
  expect(await proved('ada')).toBeUndefined();
  // Whoever put it there is not overwritten, and the person is told.
  await expect(prove(ada)).rejects.toEqual(refused('make another'));
  const again = await made('ada', 's-ada');
  await prove(again);
  await prove(again);
  expect((await proved('ada'))?.waiting.enrolment.keyId).toBe(again.keyId);
});

test('nobody proves what another made, or what nobody made', async () => {
  const ada = await made('ada');
  const proof = { keyId: ada.keyId, proof: proofOf(code, ada) };
  for (const other of [{ name: 'ben' }, { subject: 's-ben' }, { issuer: 'https://b.example' }])
    await expect(submitProof(at.store, { ...ada, ...other }, proof)).rejects.toEqual(refused('no passkey of yours'));
  const none = { ...proof, keyId: sha256.parse('0'.repeat(64)) };
  await expect(submitProof(at.store, ada, none)).rejects.toEqual(refused('no passkey of yours'));
});

test('whoever waits has it when it comes; when the time is over it is worth nothing, and a proof in store counts no more', async () => {
  const waits = waitFor('ada', Date.now() + 60_000);
  const ada = await made('ada');
  await prove(ada);
  expect((await waits).waiting.enrolment.keyId).toBe(ada.keyId);
  await expect(waitFor('ada', Date.now() - 1)).rejects.toEqual(refused('in time'));
  await expect(waitFor('ben', Date.now() + 200)).rejects.toEqual(refused('in time'));
  const stopped = new AbortController();
  const taken = waitFor('ben', Date.now() + 60_000, stopped.signal);
  stopped.abort();
  await expect(taken).rejects.toThrow();
});

test('somebody who is there becomes the admin, also after a death between two changes; whoever is revoked does not', async () => {
  await at.change({ what: 'person-added', name: 'ada', role: 'approver' });
  const ada = await made('ada');
  await prove(ada);
  const { changes } = (await proved('ada'))!;
  expect(changes.map(({ what }) => what)).toEqual(['role-set', 'passkey-added']);
  await at.change(changes[0] as PeopleChange);
  // Here it died: an admin without a key confirms nobody.
  const { registry, approvers } = await look();
  refuseWhereAdmin(registry, approvers);
  const rest = (await proved('ada'))!.changes;
  expect(rest.map(({ what }) => what)).toEqual(['passkey-added']);
  await at.change(rest[0] as PeopleChange);
  await expect(waitFor('ada', Date.now() + 60_000)).rejects.toEqual(refused('ada is an admin already'));

  await at.change({ what: 'person-added', name: 'ben', role: 'approver' });
  await at.change({ what: 'person-revoked', name: 'ben' });
  await prove(await made('ben'));
  await expect(proved('ben')).rejects.toEqual(refused('ben is revoked'));
});

test('an admin is somebody with a key that counts, in the registry or by a passkey in approvers.json', async () => {
  const isFree = async (): Promise<boolean> => {
    const { registry, approvers } = await look();
    try {
      refuseWhereAdmin(registry, approvers);
      return true;
    } catch {
      return false;
    }
  };
  // This machine's own key is where trust begins.
  expect(await isFree()).toBe(true);
  await at.join('eve', 'approver');
  expect(await isFree()).toBe(true);
  const own = readApprovers(at.keys);
  const phone = softwarePasskey('cleo', 'ES256').entry;
  writeApprovers(at.keys, [...own, phone]);
  expect(await isFree()).toBe(false);
  writeApprovers(at.keys, [...own, { ...phone, role: 'approver' }]);
  expect(await isFree()).toBe(true);
  writeApprovers(at.keys, own);
  const ada = await at.join('ada', 'admin');
  expect(await isFree()).toBe(false);
  await at.change({ what: 'key-revoked', keyId: ada.entry.keyId });
  expect(await isFree()).toBe(true);
  await at.join('dan', 'admin');
  await at.change({ what: 'person-revoked', name: 'dan' });
  expect(await isFree()).toBe(true);
});

test('a link has the code where no server is told it', () => {
  const link = new URL(linkOf('https://anneal.example.org', code));
  expect([link.pathname, link.search, link.hash]).toEqual(['/passkeys/first-admin', '', `#${code}`]);
  expect(Buffer.from(code, 'base64url').length).toBe(24);
});
