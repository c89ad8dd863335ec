import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Decision, DecisionContext } from '../../contracts/gate.ts';
import { campaignName, gateId, sha256 } from '../../contracts/ids.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from './local.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
const NOW = new Date('2030-01-01T00:00:00.000Z');
const context: DecisionContext = {
  campaign: campaignName.parse('quickstart'),
  runChain: 'run-1',
  gate: gateId.parse('quickstart.release'),
  evidenceHash: sha256.parse('a'.repeat(64)),
  options: ['release', 'keep'],
  owner: 'local',
};
const answer = { option: 'release', reason: 'The sealed rate rose.', unattended: false, ttl: '1h', now: NOW } as const;

let folder: string;
let keys: string;
let identity: LocalIdentity;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-identity-'));
  keys = join(folder, 'keys');
  await initIdentity(keys);
  identity = createLocalIdentity(keys);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function editApprovers(edit: (list: Record<string, unknown>[]) => void): Promise<void> {
  const path = join(keys, 'approvers.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as { approvers: Record<string, unknown>[] };
  edit(file.approvers);
  await writeFile(path, JSON.stringify(file));
}

/** Another approver's identity, known on this machine by name and public key. */
async function registerAnother(name: string): Promise<LocalIdentity> {
  const theirs = join(folder, name);
  await initIdentity(theirs, name);
  const { approvers } = JSON.parse(await readFile(join(theirs, 'approvers.json'), 'utf8')) as { approvers: never[] };
  await editApprovers((list) => list.push(...approvers));
  return createLocalIdentity(theirs);
}

describe('initIdentity', () => {
  it('makes a private key that only its owner can read, once', async () => {
    const key = await readFile(join(keys, 'approver.key'), 'utf8');
    expect((await stat(join(keys, 'approver.key'))).mode & 0o777).toBe(0o600);
    expect(await initIdentity(keys)).toMatchObject({ approver: 'local', created: false });
    expect(await readFile(join(keys, 'approver.key'), 'utf8')).toBe(key);
    expect(await initIdentity(join(folder, 'new'), 'ada')).toMatchObject({ approver: 'ada', created: true });
  });

  it('completes what a killed run left, and refuses a second name for one key', async () => {
    await rm(join(keys, 'approvers.json'));
    expect(() => createLocalIdentity(keys)).toThrow(/anneal init/);
    await expect(initIdentity(keys, 'a\u001b[31m')).rejects.toEqual(code('cli.usage'));
    expect(await initIdentity(keys, 'ada')).toMatchObject({ approver: 'ada', created: false });
    await expect(initIdentity(keys, 'bob')).rejects.toEqual(code('cli.usage'));
  });

  it('never overwrites a damaged key, and says what to do', async () => {
    await truncate(join(keys, 'approver.key'), 40);
    await expect(initIdentity(keys)).rejects.toThrow(/not a private key; restore it, or move it away/);
    expect(() => createLocalIdentity(keys)).toThrow(code('decision.unknown_signer'));
    expect((await stat(join(keys, 'approver.key'))).size).toBe(40);
  });

  it('refuses a key that others can read, and damaged lists of approvers', async () => {
    await chmod(join(keys, 'approver.key'), 0o644);
    expect(() => createLocalIdentity(keys)).toThrow(/can be read by other users/);
    await chmod(join(keys, 'approver.key'), 0o600);
    await writeFile(join(keys, 'approvers.json'), '{"schema":');
    expect(() => createLocalIdentity(keys)).toThrow(/not JSON/);
    await expect(initIdentity(keys)).rejects.toEqual(code('decision.unknown_signer'));
  });
});

describe('decisions', () => {
  it('accepts what it signed, and marks self-approval', async () => {
    const decision = await identity.makeDecision(context, answer);
    expect(await identity.verify(decision, context, NOW)).toEqual({ selfApproved: true });
    expect(await identity.verify(decision, { ...context, owner: 'ada' }, NOW)).toEqual({ selfApproved: false });
    const again = await identity.makeDecision(context, answer);
    expect(again.body.id).not.toBe(decision.body.id);
    expect(again.body.nonce).not.toBe(decision.body.nonce);
  });

  it("sees the owner `local` behind whatever name this machine's key has", async () => {
    const ada = join(folder, 'ada');
    await initIdentity(ada, 'ada');
    const adas = createLocalIdentity(ada);
    expect(await adas.verify(await adas.makeDecision(context, answer), context, NOW)).toEqual({ selfApproved: true });
    // Another person's key on this machine's list is not this machine's owner.
    const bob = await registerAnother('bob');
    expect(await identity.verify(await bob.makeDecision(context, answer), context, NOW)).toEqual({
      selfApproved: false,
    });
  });

  it('refuses a decision with any bit of it flipped', async () => {
    const text = Buffer.from(canonicalJson(await identity.makeDecision(context, { ...answer, reason: 'Gründe ☃' })));
    let parsedTimes = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length * 8 - 1), async (bit) => {
        const flipped = Buffer.from(text);
        flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
        let decision: Decision;
        try {
          decision = JSON.parse(flipped.toString('utf8')) as Decision;
        } catch {
          return; // Not even JSON any more.
        }
        parsedTimes += 1;
        const failure: unknown = await identity.verify(decision, context, NOW).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(failure).toMatchObject({ code: expect.stringMatching(/^decision\./) });
      }),
      { numRuns: 3_000 },
    );
    expect(parsedTimes).toBeGreaterThan(1_000);
  });

  it('refuses every member that was changed after signing, signature spelling included', async () => {
    const decision = await identity.makeDecision(context, answer);
    for (const member of Object.keys(decision.body) as (keyof Decision['body'])[]) {
      const value = decision.body[member];
      const other =
        typeof value === 'boolean' ? !value : member.endsWith('At') ? '2031-01-01T00:00:00.000Z' : `${value}x`;
      const changed = { ...decision, body: { ...decision.body, [member]: other } } as Decision;
      await expect(identity.verify(changed, context, NOW), member).rejects.toEqual(code('decision.altered'));
    }
    for (const signature of ['', `${decision.signature}=`, `${decision.signature} `, decision.signature.slice(0, -1)]) {
      await expect(identity.verify({ ...decision, signature }, context, NOW)).rejects.toEqual(code('decision.altered'));
    }
    // The last of 86 characters carries two bits only: 15 other spellings decode to the same bytes.
    const last = decision.signature.at(-1)!;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const sameBytes = alphabet[alphabet.indexOf(last) ^ 1]!;
    const respelt = { ...decision, signature: decision.signature.slice(0, -1) + sameBytes };
    await expect(identity.verify(respelt, context, NOW)).rejects.toEqual(code('decision.altered'));
    const extra = { ...decision, body: { ...decision.body, extra: 1 } } as Decision;
    await expect(identity.verify(extra, context, NOW)).rejects.toEqual(code('decision.altered'));
    await expect(identity.verify(null as unknown as Decision, context, NOW)).rejects.toEqual(code('decision.altered'));
  });

  it('refuses approve-then-swap: other evidence than was signed', async () => {
    const decision = await identity.makeDecision(context, answer);
    const swapped = { ...context, evidenceHash: sha256.parse('b'.repeat(64)) };
    await expect(identity.verify(decision, swapped, NOW)).rejects.toEqual(code('decision.altered'));
  });

  it('refuses replay across campaigns, runs and gates', async () => {
    const decision = await identity.makeDecision(context, answer);
    const others: Partial<DecisionContext>[] = [
      { campaign: campaignName.parse('other') },
      { runChain: 'run-2' },
      { gate: gateId.parse('quickstart.release-2') },
    ];
    for (const other of others) {
      await expect(identity.verify(decision, { ...context, ...other }, NOW)).rejects.toEqual(
        code('decision.other_run'),
      );
    }
  });

  it('refuses unknown and revoked signers at once, and a revoked key does not sign', async () => {
    const decision = await identity.makeDecision(context, answer);
    const stranger = join(folder, 'stranger');
    await initIdentity(stranger);
    const theirs = await createLocalIdentity(stranger).makeDecision(context, answer);
    await expect(identity.verify(theirs, context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    await editApprovers((list) => {
      list[0]!.revokedAt = '2031-01-01T00:00:00.000Z';
    });
    await expect(identity.verify(decision, context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    await expect(identity.makeDecision(context, answer)).rejects.toEqual(code('decision.unknown_signer'));
  });

  it('refuses to sign, or to accept, under another name (second identity)', async () => {
    const mallory = await registerAnother('mallory');
    const decision = await mallory.makeDecision(context, answer);
    const asLocal = { ...decision.body, approver: 'local' };
    await expect(mallory.sign(asLocal)).rejects.toEqual(code('decision.unknown_signer'));
    const forged = { body: asLocal, ...mallory.signBytes(canonicalJson(asLocal)) };
    await expect(identity.verify(forged, context, NOW)).rejects.toEqual(code('decision.unknown_signer'));
    // One key under two names would be two people.
    await editApprovers((list) => list.push({ ...list[0]!, name: 'alias' }));
    await expect(identity.verify(decision, context, NOW)).rejects.toThrow(/each key belongs to one approver/);
  });

  it('refuses a list of approvers in which a public key was swapped', async () => {
    const mallory = await registerAnother('mallory');
    const decision = await mallory.makeDecision(context, answer);
    await editApprovers((list) => {
      list[0]!.publicKey = list[1]!.publicKey;
    });
    await expect(identity.verify(decision, context, NOW)).rejects.toThrow(/does not match its id/);
  });

  it('refuses unknown options, missing reasons and expired decisions', async () => {
    await expect(identity.makeDecision(context, { ...answer, option: 'ship' })).rejects.toEqual(
      code('decision.unknown_option'),
    );
    const decision = await identity.makeDecision(context, answer);
    await expect(identity.verify(decision, { ...context, options: ['keep', 'wait'] }, NOW)).rejects.toEqual(
      code('decision.unknown_option'),
    );

    for (const reason of ['', ' \n\t']) {
      await expect(identity.makeDecision(context, { ...answer, reason })).rejects.toEqual(
        code('decision.reason_missing'),
      );
      const body = { ...decision.body, reason };
      const signed = { body, ...identity.signBytes(canonicalJson(body)) };
      await expect(identity.verify(signed, context, NOW)).rejects.toEqual(code('decision.reason_missing'));
    }

    const at = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
    expect(await identity.verify(decision, context, at(59))).toEqual({ selfApproved: true });
    await expect(identity.verify(decision, context, at(60))).rejects.toEqual(code('gate.expired'));
    await expect(identity.verify(decision, context, at(9_999))).rejects.toEqual(code('gate.expired'));
  });
});

describe('bytes', () => {
  it('verifies what it signed and nothing else; a revoked signer is named as such', async () => {
    const text = `release ${randomUUID()}`;
    const signed = identity.signBytes(text);
    expect(identity.verifyBytes(text, signed)).toEqual({ approver: 'local', revoked: false });
    expect(() => identity.verifyBytes(`${text}.`, signed)).toThrow(code('decision.altered'));
    expect(() => identity.verifyBytes(text, { ...signed, keyId: sha256.parse('0'.repeat(64)) })).toThrow(
      code('decision.unknown_signer'),
    );
    await editApprovers((list) => {
      list[0]!.revokedAt = '2031-01-01T00:00:00.000Z';
    });
    expect(identity.verifyBytes(text, signed)).toEqual({ approver: 'local', revoked: true });
  });
});
