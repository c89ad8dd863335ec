// Decisions signed by a passkey: what it showed, for whom, where, and by whose finger.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Decision, DecisionBody, DecisionContext } from '../../contracts/gate.ts';
import { campaignName, decisionId, gateId, sha256 } from '../../contracts/ids.ts';
import { type AssertionChange, type SoftwarePasskey, softwarePasskey } from '../../tests/support/software-passkey.ts';
import { readApprovers, writeApprovers } from './keys.ts';
import { createLocalIdentity, initIdentity, type LocalIdentity } from './local.ts';

const NOW = new Date('2031-05-01T12:00:00.000Z');
const context: DecisionContext = {
  ...{ campaign: campaignName.parse('demo'), runChain: 'run-1', gate: gateId.parse('demo.release-1') },
  ...{ evidenceHash: sha256.parse('e'.repeat(64)), options: ['release', 'keep'], owner: 'somebody' },
};
const bodyBy = (approver: string): DecisionBody => ({
  ...{ schema: 'anneal/decision/v1', id: decisionId.parse('decision-1'), campaign: context.campaign },
  ...{ runChain: 'run-1', gate: context.gate, evidenceHash: context.evidenceHash, option: 'release', approver },
  ...{ reason: 'It holds.', unattended: false, nonce: 'n'.repeat(22) },
  ...{ signedAt: NOW.toISOString(), expiresAt: '2031-05-01T13:00:00.000Z' },
});

let folder: string;
let identity: LocalIdentity;
let ada: SoftwarePasskey;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-passkey-'));
  await initIdentity(folder);
  ada = softwarePasskey('ada', 'ES256');
  writeApprovers(folder, [...readApprovers(folder), ada.entry]);
  identity = createLocalIdentity(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const decide = (by: SoftwarePasskey, body = bodyBy('ada'), change: AssertionChange = {}): Decision => ({
  ...{ body, keyId: by.entry.keyId },
  ...by.assert(canonicalJson(body), change),
});
const refused = (decision: Decision, code: string, why?: string) =>
  expect(identity.verify(decision, context, NOW)).rejects.toEqual(
    expect.objectContaining({ code, ...(why && { message: expect.stringContaining(why) }) }),
  );

it.each(['ES256', 'EdDSA', 'RS256'] as const)('a decision by a passkey counts, with %s', async (algorithm) => {
  const ben = softwarePasskey('ben', algorithm);
  writeApprovers(folder, [...readApprovers(folder), ben.entry]);
  expect(await identity.verify(decide(ben, bodyBy('ben')), context, NOW)).toEqual({ selfApproved: false });
});

describe('is refused', () => {
  it('for another decision than it signed', async () => {
    const decision = decide(ada);
    await refused(
      { ...decision, body: { ...decision.body, reason: 'Because.' } },
      'decision.altered',
      'another decision',
    );
    await refused({ ...decision, body: { ...decision.body, option: 'keep' } }, 'decision.altered', 'another decision');
  });

  it.each<[string, AssertionChange, string]>([
    ['at another origin', { origin: 'https://anneal.example.org.evil.example' }, 'asked at'],
    ['inside another page', { crossOrigin: true }, 'inside another page'],
    ['for another domain', { rpId: 'evil.example' }, 'another domain'],
    ['without its owner', { flags: 0x01 }, 'did not ask its owner'],
    ['without anybody', { flags: 0x04 }, 'did not ask its owner'],
    ['as a registration', { type: 'webauthn.create' }, 'no assertion'],
  ])('%s', (_, change, why) => refused(decide(ada, bodyBy('ada'), change), 'decision.altered', why));

  it('under another name, or by another key', async () => {
    const mallory = softwarePasskey('mallory', 'ES256');
    await refused(decide(mallory), 'decision.unknown_signer');
    const { assertion, signature } = decide(mallory);
    await refused({ ...decide(ada), assertion: assertion!, signature }, 'decision.altered', 'does not fit');
    writeApprovers(folder, [...readApprovers(folder), mallory.entry]);
    await refused(decide(mallory), 'decision.unknown_signer', 'signed as ada');
  });

  it('without its assertion, with half of it, and with bytes spelt otherwise', async () => {
    const { assertion, ...bare } = decide(ada);
    await refused(bare, 'decision.altered', 'there is none');
    const short = Buffer.from(assertion!.authenticatorData, 'base64url').subarray(0, 36).toString('base64url');
    await refused({ ...bare, assertion: { ...assertion!, authenticatorData: short } }, 'decision.altered');
    await refused({ ...bare, assertion: assertion!, signature: `${bare.signature}=` }, 'decision.altered', 'otherwise');
    await refused({ ...bare, assertion: { ...assertion!, clientDataJson: 'bnVsbA' } }, 'decision.altered');
  });

  it('once it is revoked', async () => {
    const decision = decide(ada);
    const revoked = { ...ada.entry, revokedAt: '2031-04-01T00:00:00.000Z' };
    writeApprovers(folder, [...readApprovers(folder).filter(({ name }) => name !== 'ada'), revoked]);
    await refused(decision, 'decision.unknown_signer', 'revoked');
  });

  it('where a list names a key that is not its own', () => {
    const other = softwarePasskey('ada', 'ES256').entry.passkey;
    writeApprovers(folder, [{ ...ada.entry, passkey: other }]);
    expect(() => readApprovers(folder)).toThrow(/does not match its id/);
  });
});

it('an Ed25519 approver is no passkey: an assertion beside the signature changes nothing', async () => {
  const own = await identity.makeDecision(context, {
    option: 'keep',
    reason: 'No.',
    unattended: false,
    ttl: '1h',
    now: NOW,
  });
  expect(await identity.verify({ ...own, assertion: decide(ada).assertion! }, context, NOW)).toEqual({
    selfApproved: false,
  });
});

describe('where critical.yaml refuses it', () => {
  const strict = { self: 'refused', unattended: 'refused' } as const;
  it('nobody answers a gate of a campaign of their own, by whichever key', async () => {
    const own = createLocalIdentity(folder, strict);
    const theirs = { ...context, owner: 'ada' };
    await expect(own.verify(decide(ada), theirs, NOW)).rejects.toEqual(
      expect.objectContaining({ code: 'decision.self_approved' }),
    );
    expect(await own.verify(decide(ada), context, NOW)).toEqual({ selfApproved: false });
    expect(await identity.verify(decide(ada), theirs, NOW)).toEqual({ selfApproved: true });
    const answer = { option: 'keep', reason: 'No.', unattended: false, ttl: '1h', now: NOW } as const;
    await expect(
      own.verify(await own.makeDecision(context, answer), { ...context, owner: 'local' }, NOW),
    ).rejects.toEqual(expect.objectContaining({ code: 'decision.self_approved' }));
  });

  it('and no run answers by itself', async () => {
    const own = createLocalIdentity(folder, strict);
    const answer = { option: 'keep', reason: '--yes', unattended: true, ttl: '1h', now: NOW } as const;
    const decision = await own.makeDecision(context, answer);
    await expect(own.verify(decision, context, NOW)).rejects.toEqual(
      expect.objectContaining({ code: 'decision.unattended' }),
    );
    expect(await identity.verify(decision, context, NOW)).toEqual({ selfApproved: false });
  });
});
