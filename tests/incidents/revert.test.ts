// What landed and did harm in the next step: taken back by its inverse, through the queue, once; by real git, a real Temporal server, the real sandbox.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type IncidentEnd, type RevertEnd, type RevertInput, revertInput } from '../../contracts/incident.ts';
import { ownLogName, QUEUES, revertWorkflowId } from '../../contracts/names.ts';
import { answerGate } from '../../infra/identity/answer.ts';
import { createIncidents } from '../../infra/temporal/incidents.ts';
import { type IncidentWorld, incidentWorld, REPOSITORY, type WorldOptions } from '../support/incident-world.ts';
import { temporal, withTemporal } from '../support/play-campaign.ts';
import { FILES, LOG, MEND } from './division.ts';

vi.setConfig({ testTimeout: 240_000 });
withTemporal();

let world: IncidentWorld;
afterEach(() => world.close());

/** Of the training after: it fails in the file that the change touches, in another way than before. */
const WORSE = `step 1 loss 0.5
Traceback (most recent call last):
  File "/srv/job/train.py", line 12, in <module>
    rewards = scale(rewards)
  File "/srv/job/app/scale.py", line 4, in scale
    return list(values)
TypeError: 'NoneType' object is not iterable
`;
const ELSEWHERE = WORSE.replaceAll('app/scale.py', 'app/other.py');
const tip = (): string => world.git('rev-parse', 'main');
const trailers = (name: string): string[] =>
  world.git('log', `--format=%(trailers:key=${name},valueonly)`, 'main').split('\n').filter(Boolean);

type Merged = Extract<IncidentEnd, { how: 'merged' }>;
async function landed(name: string, options: Partial<WorldOptions> = {}): Promise<Merged> {
  world = await incidentWorld({ files: FILES, skills: [MEND], ...options });
  const { ended } = await world.open(name, LOG);
  if (options.repository?.ask === 'always') await decide(`${name}.merge-1`, 'merge');
  const end = await ended;
  if (end.how !== 'merged') throw new Error(JSON.stringify(end));
  return end;
}
async function next(
  end: Merged,
  log: string | { regressed: boolean },
  foreign = false,
): Promise<() => Promise<RevertEnd>> {
  const step = async (): Promise<RevertInput['next']> => {
    if (typeof log !== 'string') return { what: 'evaluation', ...log, why: 'v2 passes 10 points less than v1' };
    const object = await world.store.put(log);
    if (!foreign) await world.store.createNamed(ownLogName(object.sha256), 'a-job');
    return { what: 'training', logs: [{ name: 'train.log', object }] };
  };
  const input = revertInput.parse({
    ...{
      schema: 'anneal/revert/v1',
      incident: end.incident,
      campaign: null,
      repository: REPOSITORY,
      owner: 'somebody',
    },
    ...{ change: end.change, commit: end.commit, next: await step(), reportTo: null },
  });
  const options = { workflowId: revertWorkflowId(input.incident), taskQueue: QUEUES.control, args: [input] };
  const handle = await temporal().workflow.start('revert', options);
  return () => handle.result() as Promise<RevertEnd>;
}
async function decide(gate: string, option: string): Promise<void> {
  await vi.waitFor(async () => expect(await world.gates.open()).toContain(gate), { timeout: 90_000, interval: 200 });
  const { view } = await world.gates.look(gate);
  const answer = { option, reason: 'It was looked at.', unattended: false };
  await answerGate({ gates: world.gates, signer: async () => world.identity }, view.context, answer);
}

describe('a change that landed', () => {
  test('is taken back where the next training fails in it, once, and what takes it back stays', async () => {
    const end = await landed('one');
    const before = world.git('rev-parse', 'main^');
    const ended = await next(end, WORSE);
    const back = await ended();
    expect(back).toMatchObject({
      how: 'reverted',
      why: expect.stringContaining('app/scale.py'),
      tag: 'anneal/one-reverted',
    });
    if (back.how !== 'reverted') return;
    expect(tip()).toBe(back.commit);
    expect(world.git('rev-parse', 'main^{tree}')).toBe(world.git('rev-parse', `${before}^{tree}`));
    expect([trailers('Anneal-Change').length, trailers('Anneal-Reverts')]).toEqual([2, [end.commit]]);
    expect((await createIncidents(temporal(), world.store).look('one')).reverted).toEqual(back);
    // Asked again, and after another failure, it is what it was.
    expect(await (await next(end, WORSE))()).toMatchObject({ how: 'reverted', commit: back.commit });
    expect(await (await next(end, { regressed: true }))()).toMatchObject({ commit: back.commit });
    const known = trailers('Anneal-Change')[0] as Merged['change'];
    const other = await next({ ...end, change: known, commit: tip() as Merged['commit'] }, WORSE);
    expect(await other()).toMatchObject({ how: 'kept' });
    expect(world.git('rev-list', '--count', 'main')).toBe('3');
    // The change itself does not land again.
    expect(await (await world.open('one', LOG)).ended).toMatchObject({ how: 'merged', commit: end.commit });
    expect(tip()).toBe(back.commit);
  });

  test('stays where the failure is elsewhere, as before, or told by strangers; and where the evaluation is well', async () => {
    const end = await landed('two');
    const at = tip();
    // What was ruled on stands: each of these is a question of its own only by another change.
    expect(await (await next(end, { regressed: false }))()).toMatchObject({ how: 'kept' });
    expect(await (await next(end, WORSE, true))()).toMatchObject({
      how: 'kept',
      why: expect.stringContaining('not all written by jobs'),
    });
    expect(tip()).toBe(at);
    expect((await createIncidents(temporal(), world.store).look('two')).reverted).toBeUndefined();
  });

  test('stays where the log names another file', async () => {
    const end = await landed('three');
    const at = tip();
    expect(await (await next(end, ELSEWHERE))()).toMatchObject({ how: 'kept' });
    expect(tip()).toBe(at);
  });

  test('is taken back where the next evaluation regresses, by a human where every change is asked about', async () => {
    const end = await landed('four', { repository: { ask: 'always' } });
    const at = tip();
    const ended = await next(end, { regressed: true });
    await vi.waitFor(async () => expect(await world.gates.open()).toContain('four.merge-2'), {
      timeout: 90_000,
      interval: 200,
    });
    expect(tip()).toBe(at);
    await decide('four.merge-2', 'merge');
    expect(await ended()).toMatchObject({ how: 'reverted' });
    expect(world.git('rev-parse', 'main^')).toBe(at);
  });

  test('is left to people where others have built upon it', async () => {
    const end = await landed('five');
    world.push({
      'tests/test_more.py':
        'import unittest\nfrom app.scale import scale\n\n\nclass More(unittest.TestCase):\n    def test_no_rewards(self):\n        self.assertEqual(scale([0]), [0])\n',
    });
    const at = tip();
    expect(await (await next(end, WORSE))()).toMatchObject({
      how: 'left',
      because: expect.stringContaining('taking it back breaks tests/test_more.py'),
    });
    expect(tip()).toBe(at);
    expect((await createIncidents(temporal(), world.store).look('five')).reverted).toMatchObject({ how: 'left' });
  });
});
