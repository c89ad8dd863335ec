// Answers in somebody else's name, and without the others: on a real Temporal server with real keys, and who is told of them.
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { decide } from '../cli/commands/gates.ts';
import type { CountedAnswer } from '../contracts/gate.ts';
import { onCallSpec } from '../contracts/on-call.ts';
import { readProofs } from '../infra/audit/decisions.ts';
import { readAudit } from '../infra/audit/verify.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import { byPhone, type RealGates, realGates } from '../tests/support/real-gates.ts';
import type { SoftwarePasskey } from '../tests/support/software-passkey.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });
withTemporal();

const hook = (who: string) => ({ kind: 'slack', url: `https://hooks.example.org/${who}` });
const onCall = onCallSpec.parse({
  ...{ apiVersion: 'anneal/v1', kind: 'OnCall' },
  people: { ada: [hook('ada'), hook('ada-home')], ben: [hook('ben')], cy: [hook('cy')] },
  rotation: { people: ['ada', 'ben'], from: '2026-03-02' },
  // Always quiet: nothing but what is urgent is told.
  quiet: { from: '00:00', to: '23:59', urgent: ['integrity'], lead: '1m' },
  escalation: [
    { after: '0s', tell: ['ada'] },
    { after: '1h', tell: ['ben', 'cy'] },
  ],
});

let at: RealGates;
let ada: SoftwarePasskey;
let ben: SoftwarePasskey;
let cy: SoftwarePasskey;
beforeAll(async () => {
  at = await realGates({ self: 'refused', breakGlass: 'allowed', quorum: { release: 2 } }, { onCall });
  ada = await at.join('ada', 'approver');
  ben = await at.join('ben', 'submitter');
  cy = await at.join('cy', 'approver');
});
afterAll(() => at.close());

const refused = (sent: Promise<unknown>, code: string, why = '') =>
  expect(sent).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
const hour = (from: number) => new Date(Date.now() + from * 3_600_000).toISOString();
const lend = (id: string, from: string, to: string, [since, until]: [number, number]) =>
  at.change({ what: 'delegated', id, from, to, kinds: ['release'], since: hour(since), until: hour(until) });

test('whom somebody has lent their say answers in their name, for that kind and that time, and both count', async () => {
  const { context, view } = await at.open('lent');
  const forAda = () => byPhone(ben, context, 'release', { inNameOf: 'ada' });
  await refused(at.send(byPhone(ben, context, 'release')), 'decision.not_permitted', 'ben is a submitter');
  await refused(at.send(forAda()), 'decision.not_permitted', 'ada has not lent ben');
  await lend('too-early-1', 'ada', 'ben', [1, 2]);
  await refused(at.send(forAda()), 'decision.not_permitted');
  await lend('of-ada-to-ben', 'ada', 'ben', [-1, 1]);
  // Only in the name, and only of whoever lent it.
  await refused(at.send(byPhone(ben, context, 'release')), 'decision.not_permitted');
  await refused(at.send(byPhone(ben, context, 'release', { inNameOf: 'cy' })), 'decision.not_permitted');
  const { context: sealed } = await at.open('lent', { kind: 'open-sealed' });
  await refused(at.send(byPhone(ben, sealed, 'release', { inNameOf: 'ada' })), 'decision.not_permitted', 'open-sealed');

  expect((await at.send(forAda())) as CountedAnswer).toMatchObject({ how: 'counted', people: ['ben', 'ada'] });
  await refused(at.send(byPhone(ada, context, 'release')), 'decision.same_person');
  expect(await at.send(byPhone(cy, context, 'release'))).toMatchObject({ how: 'decided' });
  expect((await view()).answered).toEqual([{ people: ['ben', 'ada'], option: 'release', at: expect.any(String) }]);
});

test('nobody answers for whoever owns the campaign, nor the owner for somebody else', async () => {
  for (const owner of ['ada', 'ben']) {
    const { context } = await at.open(`of-${owner}`, { owner });
    await refused(at.send(byPhone(ben, context, 'keep', { inNameOf: 'ada' })), 'decision.self_approved', owner);
  }
});

test('what was lent is taken back at once, and ends with whoever lent it', async () => {
  const { context } = await at.open('back');
  const forAda = () => byPhone(ben, context, 'keep', { inNameOf: 'ada' });
  await at.change({ what: 'delegation-ended', id: 'of-ada-to-ben' });
  await refused(at.send(forAda()), 'decision.not_permitted');
  await lend('of-ada-again', 'ada', 'ben', [-1, 1]);
  await at.change({ what: 'role-set', name: 'ada', role: 'viewer' });
  await refused(at.send(forAda()), 'decision.not_permitted');
  await at.change({ what: 'role-set', name: 'ada', role: 'approver' });
  expect(await at.send(forAda())).toMatchObject({ how: 'decided', decision: { body: { inNameOf: 'ada' } } });
});

test('an admin answers without the others: noted before and after, and everybody is told, in the quiet too', async () => {
  const { context, result } = await at.open('glass', { owner: 'local' });
  const answer = { option: 'release', reason: 'Users are locked out.', unattended: false };
  const own = at.session();
  await refused(decide(own, context.gate, answer), 'decision.self_approved');
  await refused(at.send(byPhone(ada, context, 'release', { breakGlass: true })), 'decision.not_permitted', 'no admin');
  await refused(decide(own, context.gate, { ...answer, unattended: true, breakGlass: true }), 'decision.not_permitted');
  expect(at.told).toEqual([]);
  expect(await decide(own, context.gate, { ...answer, breakGlass: true })).toMatchObject({
    ...{ how: 'decided', selfApproved: true, decision: { body: { breakGlass: true } } },
  });
  const closed = await result();
  expect(at.told.map(({ channel }) => 'url' in channel && channel.url.split('/').at(-1))).toEqual([
    ...['ada', 'ada-home', 'ben', 'cy'],
  ]);
  expect(at.told[0]).toMatchObject({ news: expect.stringContaining('local broke the glass') });
  await at.identity.verifyAll(closed as never, context);
  expect((await at.noted()).slice(-2)).toEqual(['glass-broken', 'gate-closed']);
  const { entries } = await readAudit({ store: at.store, verifyBytes: at.identity.verifyBytes, witnesses: [] });
  expect(entries.at(-1)!.entry.event).toMatchObject({ decided: { breakGlass: true, approver: 'local' } });
  expect((await readProofs(entries, { store: at.store, verifyBytes: at.identity.verifyBytes })).problems).toEqual([]);
});
