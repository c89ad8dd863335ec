// The registry of people: what is signed by whom, what of it counts, and what happens where somebody with the store's keys changes it.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Decision, DecisionBody, DecisionContext } from '../../contracts/gate.ts';
import { campaignName, decisionId, gateId, sha256 } from '../../contracts/ids.ts';
import type { PeopleChange, PeopleEntry } from '../../contracts/people.ts';
import { openPeople, type PeopleAtHand } from '../../tests/support/people.ts';
import { type SoftwarePasskey, softwarePasskey } from '../../tests/support/software-passkey.ts';
import { peopleProblems } from '../audit/people.ts';
import { readAudit } from '../audit/verify.ts';
import { createWitness } from '../audit/witness.ts';
import { readApprovers, writeApprovers } from '../identity/keys.ts';
import { createLocalIdentity, initIdentity } from '../identity/local.ts';
import { createPeople, peopleEntryName } from './registry.ts';
import { createSeenPeople } from './seen.ts';

const code = (wanted: string, message?: string | RegExp) =>
  expect.objectContaining({ code: wanted, ...(message && { message: expect.stringMatching(message) }) });
const NOW = new Date();
const context: DecisionContext = {
  ...{ campaign: campaignName.parse('demo'), runChain: 'run-1', gate: gateId.parse('demo.release-1') },
  ...{ evidenceHash: sha256.parse('e'.repeat(64)), options: ['release', 'keep'], owner: 'somebody' },
};
const decide = (by: SoftwarePasskey, change: Partial<DecisionBody> = {}): Decision => {
  const body: DecisionBody = {
    ...{ schema: 'anneal/decision/v1', id: decisionId.parse('decision-1'), campaign: context.campaign },
    ...{ runChain: 'run-1', gate: context.gate, evidenceHash: context.evidenceHash, option: 'release' },
    ...{ approver: by.entry.name, reason: 'It holds.', unattended: false, nonce: 'n'.repeat(22) },
    ...{ signedAt: NOW.toISOString(), expiresAt: new Date(NOW.getTime() + 3_600_000).toISOString() },
    ...change,
  };
  return { body, keyId: by.entry.keyId, ...by.assert(canonicalJson(body)) };
};
const signedBy = (by: SoftwarePasskey, body: PeopleEntry['body']): PeopleEntry => ({
  ...{ body, keyId: by.entry.keyId },
  ...by.assert(canonicalJson(body)),
});

let at: PeopleAtHand;
beforeEach(async () => {
  at = await openPeople();
});
afterEach(() => rm(at.root, { recursive: true, force: true }));

describe('who is in it', () => {
  it('decides by role, and a revocation counts at once, in every process', async () => {
    const ada = await at.join('ada', 'approver');
    const eve = await at.join('eve', 'viewer');
    expect(await at.identity.verify(decide(ada), context, NOW)).toEqual({ selfApproved: false });
    await expect(at.identity.verify(decide(eve), context, NOW)).rejects.toEqual(
      code('decision.not_permitted', 'eve is a viewer'),
    );
    await at.change({ what: 'role-set', name: 'eve', role: 'approver' });
    expect(await at.identity.verify(decide(eve), context, NOW)).toEqual({ selfApproved: false });
    await at.change({ what: 'key-revoked', keyId: ada.entry.keyId });
    await expect(at.identity.verify(decide(ada), context, NOW)).rejects.toEqual(
      code('decision.unknown_signer', 'revoked'),
    );
    await at.change({ what: 'person-revoked', name: 'eve' });
    await expect(at.identity.verify(decide(eve), context, NOW)).rejects.toEqual(
      code('decision.unknown_signer', 'revoked'),
    );
    await expect(at.identity.verify(decide(softwarePasskey('mallory', 'ES256')), context, NOW)).rejects.toEqual(
      code('decision.unknown_signer', 'no approver has the key'),
    );
    // What was signed in good standing is still known as theirs.
    const text = 'a head';
    expect(at.identity.verifyBytes(text, { keyId: ada.entry.keyId, ...ada.assert(text) })).toEqual({
      ...{ approver: 'ada', revoked: true },
    });
  });

  it('also where this machine’s own list says otherwise: the registry is the later word', async () => {
    const own = softwarePasskey('ada', 'EdDSA');
    writeApprovers(at.keys, [...readApprovers(at.keys), own.entry]);
    expect(await at.identity.verify(decide(own), context, NOW)).toEqual({ selfApproved: false });
    await at.change({ what: 'person-added', name: 'ada', role: 'submitter' });
    await expect(at.identity.verify(decide(own), context, NOW)).rejects.toEqual(code('decision.not_permitted'));
    await at.change({ what: 'role-set', name: 'ada', role: 'approver' });
    await at.change({ what: 'key-revoked', keyId: own.entry.keyId });
    await expect(at.identity.verify(decide(own), context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    // A role in approvers.json holds where the registry knows nobody of that name.
    const ben = softwarePasskey('ben', 'ES256');
    writeApprovers(at.keys, [...readApprovers(at.keys), { ...ben.entry, role: 'viewer' }]);
    await expect(at.identity.verify(decide(ben), context, NOW)).rejects.toEqual(code('decision.not_permitted'));
  });

  it('a person who has a second key is one person, and owns what they own by either', async () => {
    const strict = createLocalIdentity(at.keys, { self: 'refused' }, at.reader());
    const ada = await at.join('ada', 'approver');
    const second = softwarePasskey('ada', 'EdDSA');
    const { keyId, passkey } = second.entry;
    await at.change({ what: 'passkey-added', name: 'ada', keyId, passkey });
    for (const by of [ada, second])
      await expect(strict.verify(decide(by), { ...context, owner: 'Ada' }, NOW)).rejects.toEqual(
        code('decision.self_approved'),
      );
    // This machine's owner too, by a passkey of theirs.
    const own = await at.join('local', 'admin');
    await expect(strict.verify(decide(own), { ...context, owner: 'local' }, NOW)).rejects.toEqual(
      code('decision.self_approved'),
    );
  });
});

describe('a change', () => {
  it('is an admin’s, by whichever key of theirs; of one’s own keys also one’s own', async () => {
    const eve = await at.join('eve', 'approver');
    const ada = await at.join('ada', 'admin');
    const asked: PeopleChange = { what: 'person-added', name: 'ben', role: 'admin' };
    await expect(at.people.add(signedBy(eve, await at.people.propose(asked, 'eve')))).rejects.toEqual(
      code('people.refused', 'no admin'),
    );
    await expect(at.people.add(signedBy(eve, await at.people.propose(asked, 'ada')))).rejects.toEqual(
      code('people.refused', 'eve signed as ada'),
    );
    expect((await at.people.add(signedBy(ada, await at.people.propose(asked, 'ada')))).people.size).toBe(3);
    // A phone that was lost: by another key of the same person.
    const second = softwarePasskey('eve', 'ES256').entry;
    await at.change({ what: 'passkey-added', name: 'eve', keyId: second.keyId, passkey: second.passkey });
    const lost: PeopleChange = { what: 'key-revoked', keyId: second.keyId };
    const registry = await at.people.add(signedBy(eve, await at.people.propose(lost, 'eve')));
    expect(registry.keys.get(second.keyId)).toHaveProperty('revokedAt');
  });

  it.each<[string, PeopleChange]>([
    ['a second person of that name', { what: 'person-added', name: 'ADA', role: 'viewer' }],
    ['nobody', { what: 'role-set', name: 'nobody', role: 'viewer' }],
    ['a loss of one’s own say', { what: 'person-added', name: 'local', role: 'viewer' }],
    [
      'a second person of that account',
      {
        ...{ what: 'person-added', name: 'adb', role: 'viewer' },
        signIn: { issuer: 'https://id.example.org', subject: 'ada' },
      },
    ],
    [
      'a delegation by whom answers nothing',
      {
        ...{ what: 'delegated', id: 'delegation-1', from: 'eve', to: 'ada', kinds: ['release'] },
        ...{ since: '2031-01-01T00:00:00.000Z', until: '2031-01-02T00:00:00.000Z' },
      },
    ],
  ])('is refused: %s', async (_, change) => {
    const signIn = { issuer: 'https://id.example.org', subject: 'ada' };
    await at.change({ what: 'person-added', name: 'ada', role: 'approver', signIn });
    await at.change({ what: 'person-added', name: 'eve', role: 'viewer' });
    await expect(at.change(change)).rejects.toEqual(code('people.refused'));
    expect((await at.people.current()).number).toBe(2);
  });

  it('by two at once: the second is told, and nothing of theirs is there', async () => {
    const { identity, people } = at;
    const propose = (name: string) => people.propose({ what: 'person-added', name, role: 'viewer' }, 'local');
    const bodies = await Promise.all([propose('ada'), propose('ben')]);
    const [first, second] = bodies.map((body) => ({ body, ...identity.signBytes(canonicalJson(body)) }));
    await people.add(first!);
    await expect(at.reader().add(second!)).rejects.toEqual(code('people.refused', 'meanwhile'));
    // The same once more changes nothing.
    expect((await people.add(first!)).people.size).toBe(1);
  });

  it('is noted in the audit log, also where whoever made it died before that', async () => {
    await at.join('ada', 'approver');
    const body = await at.people.propose({ what: 'person-added', name: 'ben', role: 'viewer' }, 'local');
    await at.reader().add({ body, ...at.identity.signBytes(canonicalJson(body)) });
    const problems = async () => {
      const { entries, problems } = await readAudit({
        ...{ store: at.store, verifyBytes: at.identity.verifyBytes },
        witnesses: [(await createWitness(join(at.root, 'audit', 'head.json')).read())!],
      });
      return [
        ...problems,
        ...peopleProblems(
          entries,
          (await at.people.entries()).map(({ text }) => text),
        ),
      ];
    };
    expect(await problems()).toEqual([{ number: 0, what: expect.stringContaining('entry 3') }]);
    await at.people.complete();
    expect(await problems()).toEqual([]);
  });
});

describe('where somebody writes to the store', () => {
  const other = (changes: Record<string, string | undefined>): ArtifactStore => ({
    ...at.store,
    readNamed: async (key) => {
      if (!(key in changes)) return at.store.readNamed(key);
      const text = changes[key];
      return text === undefined ? undefined : { bytes: Buffer.from(text), tag: 'x' };
    },
  });
  const reading = (changes: Record<string, string | undefined>) =>
    createPeople({ store: other(changes), roots: () => readApprovers(at.keys) }).current();

  it('a changed, foreign or missing entry is told by its number, and nobody’s decision is taken', async () => {
    const ada = await at.join('ada', 'approver');
    const texts = (await at.people.entries()).map(({ text }) => text);
    const edited = texts[0]!.replace('approver', 'admin');
    await expect(reading({ [peopleEntryName(1)]: edited })).rejects.toEqual(code('people.broken', /^entry 1: /));
    const gap = { [peopleEntryName(1)]: texts[1]! };
    await expect(reading(gap)).rejects.toEqual(code('people.broken', 'entry 1: it says that it is 2'));
    // A stranger's entry on top.
    await initIdentity(join(at.root, 'stranger'), 'local');
    const stranger = createLocalIdentity(join(at.root, 'stranger'));
    const body = await at.people.propose({ what: 'person-added', name: 'mallory', role: 'admin' }, 'local');
    const forged = canonicalJson({ body, ...stranger.signBytes(canonicalJson(body)) });
    await expect(reading({ [peopleEntryName(3)]: forged })).rejects.toEqual(
      code('people.broken', 'entry 3: no approver has the key'),
    );
    await at.store.createNamed(peopleEntryName(3), forged);
    await expect(at.identity.verify(decide(ada), context, NOW)).rejects.toEqual(code('people.broken', 'entry 3'));
  });

  it('an end that was cut off is told by whoever has seen it: this process, or this machine', async () => {
    const ada = await at.join('ada', 'approver');
    const { store } = at;
    await at.change({ what: 'person-revoked', name: 'ada' });
    let gone = false;
    const cut: ArtifactStore = {
      ...store,
      readNamed: async (key) => (gone && key === peopleEntryName(3) ? undefined : store.readNamed(key)),
    };
    const people = createPeople({ store: cut, roots: () => readApprovers(at.keys) });
    const identity = createLocalIdentity(at.keys, {}, people);
    await expect(identity.verify(decide(ada), context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    gone = true;
    await expect(identity.verify(decide(ada), context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    const seen = createSeenPeople(join(at.root, 'audit', 'people.json'));
    const later = createPeople({ store: cut, roots: () => readApprovers(at.keys), seen });
    await expect(later.current()).rejects.toEqual(code('people.broken', 'entry 3: it is gone'));
  });

  it('a root key that was revoked by hand counts for nothing until the chain says since when', async () => {
    const ada = await at.join('ada', 'admin');
    const [own, ...rest] = readApprovers(at.keys);
    writeApprovers(at.keys, [{ ...own!, revokedAt: '2031-01-01T00:00:00.000Z' }, ...rest]);
    await expect(at.people.current()).rejects.toEqual(code('people.broken', /^entry 1: approvers.json has revoked/));
    const another: PeopleChange = { what: 'person-added', name: 'ben', role: 'viewer' };
    await expect(at.people.add(signedBy(ada, await at.people.propose(another, 'ada')))).rejects.toEqual(
      code('people.refused', 'first revoke'),
    );
    const revoked: PeopleChange = { what: 'key-revoked', keyId: own!.keyId };
    const bare = createPeople({ store: at.store, roots: () => readApprovers(at.keys) });
    await bare.add(signedBy(ada, await bare.propose(revoked, 'ada')));
    expect((await bare.current()).revoked.get(own!.keyId)).toBeDefined();
  });
});

it('a look costs one reading where nothing is new, however long the chain is', async () => {
  for (let n = 0; n < 20; n += 1) await at.change({ what: 'person-added', name: `person ${n}`, role: 'viewer' });
  let readings = 0;
  const counted = {
    ...at.store,
    readNamed: (key: string) => {
      readings += 1;
      return at.store.readNamed(key);
    },
  };
  const people = createPeople({ store: counted, roots: () => readApprovers(at.keys) });
  await people.current();
  expect(readings).toBe(21);
  await people.current();
  expect(readings).toBe(22);
});
