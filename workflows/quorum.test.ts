// Gates that need several people, on a real Temporal server with real keys: who counts, what closes, what is shown and kept.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readAnswer } from '../activities/gates.ts';
import { decide } from '../cli/commands/gates.ts';
import { readProofs } from '../infra/audit/decisions.ts';
import { readAudit } from '../infra/audit/verify.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import { byPhone, type RealGates, realGates } from '../tests/support/real-gates.ts';
import { type SoftwarePasskey, softwarePasskey } from '../tests/support/software-passkey.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });
withTemporal();

let at: RealGates;
let ada: SoftwarePasskey;
let ben: SoftwarePasskey;
beforeAll(async () => {
  at = await realGates({ quorum: { release: 2 } });
  ada = await at.join('ada', 'approver');
  ben = await at.join('ben', 'approver');
});
afterAll(() => at.close());

const refused = (sent: Promise<unknown>, code: string) => expect(sent).rejects.toMatchObject({ code });

test('two people close it together; the first is told how many are missing, and both are on record', async () => {
  const { context, view, result } = await at.open('two');
  expect(await view()).toMatchObject({ needed: 2, answered: [] });
  const first = byPhone(ada, context, 'release', { reason: 'The gain holds.' });
  expect(await at.send(first)).toEqual({
    ...{ how: 'counted', gate: context.gate, option: 'release', counted: 1, needed: 2, people: ['ada'] },
  });
  expect(await view()).toMatchObject({ state: 'open', answered: [{ people: ['ada'], option: 'release' }] });
  // This machine's own key, by the command.
  const answer = { option: 'release', reason: 'I agree.', unattended: false };
  expect(await decide(at.session(), context.gate, answer)).toMatchObject({ how: 'decided', option: 'release' });
  const closed = await result();
  expect(closed).toMatchObject({
    ...{ how: 'decided', decision: { body: { approver: 'local' } } },
    seconds: [{ decision: first, selfApproved: false }],
  });
  const kept = (await readAnswer(at.store, context.gate))!;
  expect(kept).toEqual(closed);
  if (kept.how !== 'decided') throw new Error('not decided');
  await at.identity.verifyAll(kept, context);
  // Each effect counts once more.
  await refused(at.identity.verifyAll({ ...kept, seconds: [] }, context), 'decision.quorum_missing');
  const twice = { ...kept, seconds: [{ decision: kept.decision, selfApproved: false, acceptedAt: kept.acceptedAt }] };
  await refused(at.identity.verifyAll(twice, context), 'decision.quorum_missing');
  const forged = structuredClone(kept.seconds![0]!);
  forged.decision.body.reason = 'Something else.';
  await refused(at.identity.verifyAll({ ...kept, seconds: [forged] }, context), 'decision.altered');

  expect((await at.noted()).slice(-4)).toEqual(['gate-opened', 'gate-answered', 'gate-answered', 'gate-closed']);
  const { entries } = await readAudit({ store: at.store, verifyBytes: at.identity.verifyBytes, witnesses: [] });
  const { proofs, problems } = await readProofs(entries, { store: at.store, verifyBytes: at.identity.verifyBytes });
  expect([problems, proofs.size]).toEqual([[], 2]);
  const closing = entries.at(-1)!.entry.event;
  expect(closing).toMatchObject({
    decided: { approver: 'local', seconds: [{ approver: 'ada', reason: 'The gain holds.' }] },
  });
});

test('one person counts once, by whichever key of theirs; nothing else is lost by it', async () => {
  const { context, view } = await at.open('once');
  const second = softwarePasskey('ada', 'EdDSA');
  await at.change({ what: 'passkey-added', name: 'ada', keyId: second.entry.keyId, passkey: second.entry.passkey });
  await at.send(byPhone(ada, context, 'release'));
  await refused(at.send(byPhone(ada, context, 'release')), 'decision.same_person');
  await refused(at.send(byPhone(second, context, 'release')), 'decision.same_person');
  await refused(at.send(byPhone(second, context, 'wait')), 'decision.same_person');
  expect(await view()).toMatchObject({ state: 'open', answered: [{ people: ['ada'] }] });
  expect(await at.send(byPhone(ben, context, 'wait'))).toMatchObject({ how: 'counted', counted: 1 });
  // Nothing holds up a refusal, not even having said yes before.
  expect(await at.send(byPhone(ada, context, 'keep'))).toMatchObject({ how: 'decided', option: 'keep' });
});

test('two at the same moment close it once, and both are in it', async () => {
  const { context, result } = await at.open('side-by-side');
  const sent = await Promise.all([ada, ben].map((by) => at.send(byPhone(by, context, 'release'))));
  expect(sent.map((one) => (one as { how: string }).how).sort()).toEqual(['counted', 'decided']);
  const closed = await result();
  expect(closed).toMatchObject({ how: 'decided', seconds: [{}] });
});

test('one of two is not enough when its time is over: the safe option is taken', async () => {
  const { context, result } = await at.open('half', { deadlineMs: 4_000 });
  expect(await at.send(byPhone(ada, context, 'release'))).toMatchObject({ how: 'counted' });
  expect(await result()).toEqual({ how: 'expired', gate: context.gate, option: 'keep' });
});

test('a kind that is not named needs one, and whoever is revoked between two answers counts no more, at the gate and at the effect', async () => {
  const sealed = await at.open('sealed', { kind: 'open-sealed' });
  expect(await at.send(byPhone(ben, sealed.context, 'release'))).toMatchObject({ how: 'decided' });
  const { context, view } = await at.open('left');
  const cy = await at.join('cy', 'approver');
  await at.send(byPhone(cy, context, 'release'));
  await at.change({ what: 'person-revoked', name: 'cy' });
  expect(await at.send(byPhone(ben, context, 'release'))).toMatchObject({ how: 'counted', people: ['ben'] });
  expect(await view()).toMatchObject({ answered: [{ people: ['ben'] }] });
  const closed = await at.send(byPhone(ada, context, 'release'));
  await at.change({ what: 'person-revoked', name: 'ben' });
  await refused(at.identity.verifyAll(closed as never, context), 'decision.unknown_signer');
});
