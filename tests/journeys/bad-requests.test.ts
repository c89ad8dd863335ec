// What a user can get wrong with a campaign that is there: names, decisions, the end. The campaign itself stays sound.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Decision } from '../../contracts/gate.ts';
import { campaignName } from '../../contracts/ids.ts';
import { campaignWorkflowId, GATE as GATE_MESSAGES, gateWorkflowId } from '../../contracts/names.ts';
import { createLocalIdentity } from '../../infra/identity/local.ts';
import { createGates } from '../../infra/temporal/gates.ts';
import { type Journey, openJourney, until } from '../support/journey.ts';
import { EMPTY, expectRefusal, openFiles } from '../support/refusals.ts';

const FAILS = campaignName.parse('fails');
const GATE = 'fails.job-failed-1';

let journey: Journey;
const files = openFiles();
beforeAll(async () => {
  journey = await openJourney();
  const up = await journey.run(['up', '--json'], { timeoutMs: 240_000 });
  expect(up.code, up.stderr).toBe(0);
  expect((await journey.run(['submit', files.write('fails', EMPTY)])).code).toBe(0);
  await until('the failed stage asks at a gate', async () => (await journey.status(FAILS))?.openGate, 60_000, 200);
}, 320_000);

afterAll(async () => {
  await journey.end();
  files.remove();
}, 60_000);

test('zero tasks left: a gate with the reason, and a second `up` is harmless', async () => {
  const shown = await journey.run(['gates', GATE, '--json']);
  const { evidence } = JSON.parse(shown.stdout) as {
    evidence: { facts: { value: string }[]; options: { name: string }[]; logTail: string[] };
  };
  expect(evidence.facts.map((fact) => fact.value)).toContain('tasks.none_left');
  expect(evidence.options.map((option) => option.name)).toEqual(['retry', 'abort']);
  expect((await journey.run(['up'])).code).toBe(0);
});

test('the lists name the campaign and its open gate', async () => {
  const campaigns = await journey.run(['ls', '--json']);
  expect(campaigns.code, campaigns.stderr).toBe(0);
  expect(JSON.parse(campaigns.stdout)).toMatchObject({ campaigns: [{ name: 'fails', status: 'running' }] });
  const gates = await journey.run(['gates', '--json']);
  expect(gates.code, gates.stderr).toBe(0);
  expect(gates.stdout).toContain(GATE);
});

test('names that nobody knows', async () => {
  expectRefusal(await journey.run(['status', 'nobody', '--json']), 'campaign.not_found');
  expectRefusal(await journey.run(['cancel', 'nobody', '--json']), 'campaign.not_found');
  expectRefusal(await journey.run(['resume', 'nobody', '--json']), 'campaign.not_found');
  expectRefusal(await journey.run(['report', 'nobody', '--json']), 'campaign.not_found');
  expectRefusal(
    await journey.run(['decide', 'nobody.release-1', 'release', '--reason', 'x', '--json']),
    'gate.not_found',
  );
  expectRefusal(await journey.run(['rollback', '--json']), 'release.nothing_to_roll_back');
});

test('a duplicate name: the same file is the same campaign, another file is refused', async () => {
  const same = await journey.run(['submit', files.write('fails', EMPTY), '--json']);
  expect(JSON.parse(same.stdout)).toMatchObject({ how: 'attached' });
  const other = files.write('other', { ...EMPTY, name: 'fails', seed: 99 });
  expectRefusal(await journey.run(['submit', other, '--json']), 'campaign.duplicate_name');
});

test('a decision without a reason, or for an option that is not there', async () => {
  expectRefusal(await journey.run(['decide', GATE, 'abort', '--json']), 'decision.reason_missing');
  expectRefusal(await journey.run(['decide', GATE, 'release', '--reason', 'x', '--json']), 'decision.unknown_option');
});

test('altered, misdirected and replayed decisions', async () => {
  const gates = createGates(await journey.temporal(), journey.store);
  const { view } = await gates.look(GATE);
  const identity = createLocalIdentity(journey.config.paths.keys);
  const sign = (context: Partial<typeof view.context> = {}): Promise<Decision> =>
    identity.makeDecision(
      { ...view.context, ...context },
      { option: 'retry', reason: 'test', unattended: false, ttl: '1h' },
    );
  const altered = await sign();
  const otherOption = { ...altered, body: { ...altered.body, option: 'abort' } };
  await expect(gates.decide(otherOption)).rejects.toMatchObject({ code: 'decision.altered', exitCode: 3 });
  await expect(gates.decide(await sign({ runChain: 'another-run' }))).rejects.toMatchObject({
    code: 'decision.other_run',
    exitCode: 3,
  });
  // The same decision in another envelope: Temporal itself would answer a repeated update id from memory.
  const replay = (await journey.temporal()).workflow
    .getHandle(gateWorkflowId(view.context.gate))
    .executeUpdate(GATE_MESSAGES.decide, { args: [altered], updateId: 'another-envelope' });
  await expect(replay).rejects.toMatchObject({ cause: { type: 'decision.replayed' } });
  expect((await journey.status(FAILS))?.openGate?.gate).toBe(GATE);
});

test('an aborted campaign ends cleanly, its gate is closed, and it can be resumed and cancelled', async () => {
  const decided = await journey.run(['decide', GATE, 'abort', '--reason', 'no tasks', '--json']);
  expect(decided.code, decided.stderr).toBe(0);
  await until(
    'the campaign has ended',
    async () => ((await journey.status(FAILS))?.stage === 'ended' ? true : undefined),
    60_000,
    200,
  );
  expectRefusal(await journey.run(['decide', GATE, 'retry', '--reason', 'late', '--json']), 'gate.closed');
  expectRefusal(await journey.run(['cancel', 'fails', '--json']), 'campaign.not_running');
  // Who decided what stays to be seen, as does how the campaign ended.
  const [closed, shown, listed, status] = await Promise.all(
    [
      ['gates', GATE, '--json'],
      ['gates', GATE],
      ['ls', '--json'],
      ['status', 'fails'],
    ].map((argv) => journey.run(argv)),
  );
  const outcome = { how: 'decided', option: 'abort', reason: 'no tasks', unattended: false, selfApproved: true };
  expect(JSON.parse(closed!.stdout)).toMatchObject({ state: 'decided', outcome });
  expect(shown!.stdout).toMatch(/decided +abort[\s\S]* reason +no tasks/);
  const row = { name: 'fails', status: 'completed', ending: 'aborted' };
  expect(JSON.parse(listed!.stdout)).toMatchObject({ campaigns: [row] });
  expect(status!.stdout).toMatch(/^fails .*aborted\n/);
  expect((await journey.run(['report', 'fails', '--json'])).code).toBe(0);

  expect((await journey.run(['resume', 'fails'])).code).toBe(0);
  const again = await until('it asks again', async () => (await journey.status(FAILS))?.openGate?.gate, 60_000, 200);
  expect(again).not.toBe(GATE);
  expectRefusal(await journey.run(['resume', 'fails', '--json']), 'campaign.already_running');
  // The page of the earlier end is no longer its result.
  expectRefusal(await journey.run(['report', 'fails', '--json']), 'campaign.no_report');
  expect((await journey.run(['cancel', 'fails'])).code).toBe(0);
  const ended = await until(
    'it is cancelled',
    async () => {
      const status = await journey.status(FAILS);
      return status?.stage === 'ended' ? status : undefined;
    },
    60_000,
    200,
  );
  expect(ended.state.ending).toBe('cancelled');
  expect((await journey.run(['report', 'fails', '--json'])).code).toBe(0);
}, 240_000);

test('an expired gate takes its safe option and can be asked again', async () => {
  const name = campaignName.parse('expires');
  const path = files.write('expires', { ...EMPTY, gates: { deadline: '2s', remindAfter: '1s' } });
  expect((await journey.run(['submit', path])).code).toBe(0);
  const ended = await until(
    'silence has aborted it',
    async () => {
      const status = await journey.status(name);
      return status?.stage === 'ended' ? status : undefined;
    },
    60_000,
    200,
  );
  expect(ended.state.ending).toBe('aborted');
  expect(ended.state.gates[0]?.result).toMatchObject({ how: 'expired', option: 'abort' });
  expectRefusal(
    await journey.run(['decide', 'expires.job-failed-1', 'retry', '--reason', 'late', '--json']),
    'gate.expired',
  );
}, 120_000);

test('a campaign that somebody terminated does not hold its watchers for ever', async () => {
  const name = campaignName.parse('cut');
  const path = files.write('cut', EMPTY);
  expect((await journey.run(['submit', path])).code).toBe(0);
  await until('it asks at a gate', async () => (await journey.status(name))?.openGate, 60_000, 200);
  const watching = journey.start(['quickstart', '--json', '--file', path], { timeoutMs: 60_000 });
  await sleep(5_000);
  await (await journey.temporal()).workflow.getHandle(campaignWorkflowId(name)).terminate('by hand');
  const finished = await watching.finished;
  expectRefusal(finished, 'campaign.broken_off');
  expect(finished.stderr).toContain('./anneal resume cut');
  const status = await journey.run(['status', 'cut', '--json']);
  expect(JSON.parse(status.stdout)).toMatchObject({ brokenOff: expect.stringContaining('was terminated: by hand') });
  expectRefusal(await journey.run(['report', 'cut', '--json']), 'campaign.broken_off');
  expect((await journey.run(['resume', 'cut'])).code).toBe(0);
}, 120_000);
