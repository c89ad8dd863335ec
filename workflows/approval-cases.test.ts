// Every way in which an answer may be none, through the command, an update and a signal, against a real Temporal server with real keys: each is
// refused, and noted, or applied exactly once.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readAnswer } from '../activities/gates.ts';
import { decide } from '../cli/commands/gates.ts';
import type { Decision } from '../contracts/gate.ts';
import { createLocalIdentity, initIdentity } from '../infra/identity/local.ts';
import { approvalCases } from '../tests/support/approval-cases.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import { byPhone, type OpenedGate, type RealGates, realGates } from '../tests/support/real-gates.ts';
import type { SoftwarePasskey } from '../tests/support/software-passkey.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 120_000 });
withTemporal();

let at: RealGates;
let ada: SoftwarePasskey;
let ben: SoftwarePasskey;
let gone: SoftwarePasskey;
let earlier: { opened: OpenedGate; used: Decision };
beforeAll(async () => {
  at = await realGates({ self: 'refused', unattended: 'refused' });
  ada = await at.join('ada', 'approver');
  ben = await at.join('ben', 'approver');
  gone = await at.join('gone', 'approver');
  await at.change({ what: 'person-revoked', name: 'gone' });
  const opened = await at.open('earlier');
  const used = byPhone(ada, opened.context, 'release');
  await at.send(used);
  earlier = { opened, used };
});
afterAll(() => at.close());

const refused = (sent: Promise<unknown>, code: string) => expect(sent).rejects.toMatchObject({ code });
const noted = async (gate: string) => (await at.store.listNamed(`gates/${gate}/refusals/`)).length;

const CASES = approvalCases({ ada: () => ada, ben: () => ben, gone: () => gone, used: () => earlier.used });

describe.each(CASES)('%s', (_, { code, make, owner }) => {
  const name = `case-${CASES.findIndex(([, { make: other }]) => other === make)}`;

  test(`is refused by ${code} as an update and as a signal, and the gate stays open for who may`, async () => {
    const gate = await at.open(name, owner === undefined ? {} : { owner });
    const first = await make(gate);
    await refused(gate.update(first), code);
    const again = await make(gate);
    await gate.signal(again);
    await expect
      .poll(() => noted(gate.context.gate), { timeout: 20_000 })
      .toBe(again.body.id === first.body.id ? 1 : 2);
    expect((await gate.view()).state).toBe('open');
    expect(await readAnswer(at.store, gate.context.gate)).toBeUndefined();
    expect(await at.send(byPhone(ben, gate.context, 'keep'))).toMatchObject({ how: 'decided', option: 'keep' });
  });
});

test('a signal that is no decision, and one that nobody signed, decide nothing', async () => {
  const gate = await at.open('unsigned');
  const { signature: _, ...bare } = byPhone(ada, gate.context, 'release');
  for (const nothing of [null, 'release', {}, bare, { option: 'release' }]) await gate.signal(nothing);
  expect(await at.send(byPhone(ben, gate.context, 'keep'))).toMatchObject({ how: 'decided', option: 'keep' });
  expect(await gate.result()).toMatchObject({ option: 'keep' });
});

test('by the command: a missing reason, an unknown option, a stranger’s key and one’s own campaign are refused', async () => {
  const gate = await at.open('typed', { owner: 'local' });
  const answer = { option: 'release', reason: 'It holds.', unattended: false };
  const { gate: id } = gate.context;
  await refused(decide(at.session(), id, { ...answer, reason: ' ' }), 'decision.reason_missing');
  await refused(decide(at.session(), id, { ...answer, option: 'ship' }), 'decision.unknown_option');
  await refused(decide(at.session(), 'typed.release-9', answer), 'gate.not_found');
  await initIdentity(`${at.root}/stranger`, 'ada');
  const stranger = createLocalIdentity(`${at.root}/stranger`);
  await refused(decide(at.session(stranger), id, answer), 'decision.unknown_signer');
  await refused(decide(at.session(), id, answer), 'decision.self_approved');
  // A second identity of the owner: another name for this machine's person is none.
  const own = await at.join('local', 'admin');
  await refused(at.send(byPhone(own, gate.context, 'release')), 'decision.self_approved');
});

test('a duplicate click, by update and by signal, is applied once', async () => {
  const gate = await at.open('twice');
  const decision = byPhone(ada, gate.context, 'release');
  // A click that is sent again has the same id: it is the same update, and gets its answer.
  const [first, second] = await Promise.all([at.send(decision), at.send(decision)]);
  expect(first).toMatchObject({ how: 'decided', decision });
  expect(second).toEqual(first);
  await gate.signal(decision).catch(() => undefined);
  expect(await gate.result()).toMatchObject({ how: 'decided', option: 'release', decision });
  const events = (await at.noted()).filter((what) => what === 'gate-closed').length;
  await refused(at.send({ ...decision, body: { ...decision.body, id: 'another-one' as never } }), 'gate.closed');
  expect((await at.noted()).filter((what) => what === 'gate-closed')).toHaveLength(events);
});

test('of a yes and a no at the same moment one stands, and the other is told so', async () => {
  for (let round = 0; round < 5; round += 1) {
    const gate = await at.open(`race-${round}`);
    const sent = await Promise.allSettled([
      at.send(byPhone(ada, gate.context, 'release')),
      at.send(byPhone(ben, gate.context, 'keep')),
    ]);
    const [won] = sent.filter((one) => one.status === 'fulfilled');
    const [lost] = sent.filter((one) => one.status === 'rejected');
    expect(lost).toMatchObject({ reason: { code: 'gate.closed' } });
    expect(await gate.result()).toEqual((won as PromiseFulfilledResult<unknown>).value);
    expect(await readAnswer(at.store, gate.context.gate)).toEqual((won as PromiseFulfilledResult<unknown>).value);
  }
});

test('a gate that was terminated while it waited takes nothing, and says so', async () => {
  const gate = await at.open('ended');
  await gate.terminate();
  await refused(at.send(byPhone(ada, gate.context, 'release')), 'gate.closed');
  expect(await readAnswer(at.store, gate.context.gate)).toBeUndefined();
  // The campaign asks again: the same gate, and an answer that was made for it before counts in it, once.
  const again = await at.open('ended');
  expect(await at.send(byPhone(ada, again.context, 'release'))).toMatchObject({ how: 'decided' });
});

test('an effect verifies it again: revoked since, it is nothing any more', async () => {
  const { context } = await at.open('later');
  const dee = await at.join('dee', 'approver');
  const closed = await at.send(byPhone(dee, context, 'release'));
  await at.identity.verifyAll(closed as never, context);
  await at.change({ what: 'key-revoked', keyId: dee.entry.keyId });
  await refused(at.identity.verifyAll(closed as never, context), 'decision.unknown_signer');
});
