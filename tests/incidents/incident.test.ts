// An incident from its log to the branch, with everything real: git, the sandbox that remedies and tests run in, Temporal, signed decisions.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createMemory } from '../../activities/memory.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { incidentName } from '../../contracts/incident.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { createIncidents } from '../../infra/temporal/incidents.ts';
import { type IncidentWorld, incidentWorld, viewOf, type WorldOptions } from '../support/incident-world.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { EXACT, FILES, LOG, MEND, WRONG } from './division.ts';

withTemporal();

let world: IncidentWorld;
afterEach(() => world.close());

const WELL = Array.from({ length: 40 }, (_, step) => `step ${step} loss ${(1 - step / 100).toFixed(3)}\n`).join('');

const begin = async (more: Partial<WorldOptions> = {}): Promise<void> => {
  world = await incidentWorld({ files: FILES, skills: [MEND], ...more });
};
const tip = (): string => world.git('rev-parse', 'main');

async function asked(gate: string) {
  await vi.waitFor(async () => expect(await world.gates.open()).toContain(gate), { timeout: 60_000, interval: 200 });
  return world.gates.look(gate);
}
async function decide(gate: string, option: string): Promise<void> {
  const { view } = await asked(gate);
  const answer = { option, reason: 'It was looked at.', unattended: false };
  await answerGate({ gates: world.gates, signer: async () => world.identity }, view.context, answer);
}

describe('a remedy that the tests bear out', () => {
  test('lands by itself where nothing is critical, once, with a tag and a line in the audit log', async () => {
    await begin();
    const before = tip();
    const { ended, input } = await world.open('one', LOG);
    const end = await ended;
    expect(end).toMatchObject({ how: 'merged', cause: 'exception', tag: 'anneal/one', tried: [] });
    if (end.how !== 'merged') return;
    expect(world.git('rev-parse', 'main^')).toBe(before);
    expect(tip()).toBe(end.commit);
    expect(world.git('rev-parse', 'anneal/one^{commit}')).toBe(end.commit);
    expect(world.git('log', '-1', '--format=%B', 'main')).toContain(`Anneal-Change: ${end.change}`);
    expect(world.git('diff', '--name-only', 'main^', 'main').split('\n')).toEqual([
      'app/scale.py',
      'tests/test_zeros.py',
    ]);
    // Opened again it is what it was: nothing is merged twice.
    expect(await (await world.open('one', LOG)).ended).toEqual(end);
    expect(tip()).toBe(end.commit);
    expect(input.logs).toHaveLength(1);
    // It is remembered once, as what no stranger has written.
    const remembered = await createMemory(world.store).list();
    expect(remembered).toMatchObject([
      {
        entry: { kind: 'fix', tainted: false, from: { case: 'one', campaign: null, repository: 'trainer' } },
        uses: [],
      },
    ]);
    expect(remembered[0]!.entry.text).toContain(`merged, by commit ${end.commit.slice(0, 12)}`);
  });

  test('waits for a human where a path is critical: nothing lands before a yes, and all of it after', async () => {
    // The same is written once more, where no remedy was.
    const twin = FILES['app/scale.py'].replace('def scale', 'def shares');
    await begin({
      files: { ...FILES, 'app/shares.py': twin },
      repository: { paths: { critical: ['app/**'], refused: [] } },
      skills: [EXACT],
    });
    const before = tip();
    const { ended } = await world.open('two', LOG);
    const { evidence } = await asked('two.merge-1');
    expect(evidence).toMatchObject({ kind: 'merge', recommended: 'merge', safe: 'leave' });
    expect(evidence.facts).toContainEqual({
      name: 'tests that failed without it and pass with it',
      value: expect.stringContaining('test_all_zero'),
    });
    expect(evidence.facts).toContainEqual({ name: 'the same pattern elsewhere', value: 'app/shares.py:3' });
    expect(await viewOf('two')).toMatchObject({ step: 'decide' });
    expect(tip()).toBe(before);
    await decide('two.merge-1', 'merge');
    expect(await ended).toMatchObject({ how: 'merged' });
    expect(world.git('rev-parse', 'main^')).toBe(before);
  });

  test('of a log that nobody knows who wrote waits for a human: words of it may have led there', async () => {
    await begin();
    const before = tip();
    const { ended } = await world.open('stranger', LOG, { foreign: true });
    const { evidence } = await asked('stranger.merge-1');
    expect(evidence.why).toContain('had read what nobody vouches for');
    expect(tip()).toBe(before);
    await decide('stranger.merge-1', 'leave');
    expect(await ended).toMatchObject({ how: 'denied' });
  });

  test('stays out where a human says no', async () => {
    await begin({ repository: { ask: 'always' } });
    const before = tip();
    const { ended } = await world.open('three', LOG);
    await decide('three.merge-1', 'leave');
    expect(await ended).toMatchObject({ how: 'denied', gate: 'three.merge-1' });
    expect(tip()).toBe(before);
  });

  test('is tried on the branch as it is when it lands', async () => {
    await begin({ repository: { ask: 'always' } });
    const { ended } = await world.open('four', LOG);
    await asked('four.merge-1');
    const moved = world.push({ 'app/other.py': 'X = 1\n' });
    await decide('four.merge-1', 'merge');
    expect(await ended).toMatchObject({ how: 'merged' });
    expect(world.git('rev-parse', 'main^')).toBe(moved);
  });

  test('is not merged where the branch has changed the same lines, or breaks by it', async () => {
    await begin({ repository: { ask: 'always' } });
    const first = await world.open('five', LOG);
    const second = await world.open('six', `${LOG}again\n`);
    await Promise.all([asked('five.merge-1'), asked('six.merge-1')]);
    const moved = world.push({ 'app/scale.py': FILES['app/scale.py'].replace('max(values)', 'max(map(abs, values))') });
    await decide('five.merge-1', 'merge');
    expect(await first.ended).toMatchObject({
      how: 'not-merged',
      merged: { how: 'conflict', paths: ['app/scale.py'] },
    });
    expect(tip()).toBe(moved);
    world.push({
      'app/scale.py': FILES['app/scale.py'],
      'tests/test_more.py':
        'import unittest\nfrom app.scale import scale\n\n\nclass More(unittest.TestCase):\n    def test_zero_is_refused(self):\n        with self.assertRaises(ZeroDivisionError):\n            scale([0])\n',
    });
    const last = tip();
    await decide('six.merge-1', 'merge');
    const end = await second.ended;
    expect(end).toMatchObject({
      how: 'not-merged',
      merged: { how: 'refused', why: expect.stringContaining('it breaks tests/test_more.py') },
    });
    expect(tip()).toBe(last);
  });
});

test('an incident that a fault of the machine broke off is opened anew: what was decided holds, and nobody is asked again', async () => {
  let isBroken = true;
  const smoke = async () => {
    if (isBroken) throw new AnnealError('store.no_space', 'scripted');
    return undefined;
  };
  await begin({ repository: { ask: 'always' }, ports: { smoke } });
  const before = tip();
  const { ended } = await world.open('anew', LOG);
  await decide('anew.merge-1', 'merge');
  expect(await ended).toEqual({ how: 'failed', incident: 'anew', code: 'store.no_space', why: 'scripted' });
  expect(tip()).toBe(before);
  const incidents = createIncidents(temporal(), world.store);
  expect((await incidents.look('anew')).end).toMatchObject({ how: 'failed' });
  isBroken = false;
  const { input } = await world.open('elsewhere', WELL);
  await incidents.open({ ...input, incident: incidentName.parse('anew') });
  expect(await incidents.ended(incidentName.parse('anew'))).toMatchObject({ how: 'merged', tag: 'anneal/anew' });
  expect(world.git('rev-parse', 'main^')).toBe(before);
  expect((await incidents.look('anew')).end).toMatchObject({ how: 'merged' });
  // What is merged is not begun again.
  await incidents.open({ ...input, incident: incidentName.parse('anew') });
  expect(world.git('rev-list', '--count', 'main')).toBe('2');
});

describe('what is not borne out', () => {
  test('is put aside, and the next remedy has its turn', async () => {
    await begin({ skills: [WRONG, MEND] });
    const { ended } = await world.open('seven', LOG);
    expect(await ended).toMatchObject({
      how: 'merged',
      tried: [{ by: 'remedies', with: 'aaa-swallow', why: expect.stringContaining('it breaks tests/test_scale.py') }],
    });
  });

  test('is left to people, with what was tried', async () => {
    await begin({ skills: [WRONG] });
    const before = tip();
    const end = await (await world.open('eight', LOG)).ended;
    expect(end).toMatchObject({
      how: 'parked',
      cause: 'exception',
      tried: [{ with: 'aaa-swallow' }, { by: 'remedies' }],
    });
    expect(tip()).toBe(before);
  });

  test('a repository without tests has nothing to bear a change out', async () => {
    await begin({ files: { 'app/scale.py': FILES['app/scale.py'] } });
    expect(await (await world.open('nine', LOG)).ended).toMatchObject({
      how: 'parked',
      why: expect.stringContaining('no tests that can be run'),
    });
  });

  test('a remedy that touches what no agent changes', async () => {
    await begin({ repository: { paths: { critical: [], refused: ['app/**'] } } });
    const before = tip();
    expect(await (await world.open('ten', LOG)).ended).toMatchObject({
      how: 'parked',
      tried: [{ why: expect.stringContaining('it touches what no agent changes') }, {}],
    });
    expect(tip()).toBe(before);
  });
});

test('logs that show no fault end it', async () => {
  await begin();
  expect(await (await world.open('eleven', WELL)).ended).toEqual({ how: 'nothing-wrong', incident: 'eleven' });
});

test('a smoke run that fails keeps the branch where it is', async () => {
  await begin({ repository: { smoke: { command: ['python3', '-c', 'raise SystemExit(7)'], within: '1m' } } });
  const before = tip();
  expect(await (await world.open('twelve', LOG)).ended).toMatchObject({
    how: 'not-merged',
    merged: { how: 'refused', why: expect.stringContaining('the smoke run ended with 7') },
  });
  expect(tip()).toBe(before);
});

test('a repository that the worker does not know is said to be unknown', async () => {
  await begin();
  const { ended } = await world.open('thirteen', LOG, { repository: 'elsewhere' as never });
  expect(await ended).toMatchObject({ how: 'failed', code: 'repository.unknown' });
});
