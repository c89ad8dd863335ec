// The report's data from real records: what was cancelled, aborted or lost must read as that, and as nothing else.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quickstartDocument } from '../cli/quickstart-document.ts';
import { createLocalIdentity, initIdentity } from '../infra/identity/local.ts';
import { exampleRelease } from '../infra/releases/release.fixture.ts';
import { createReleases } from '../infra/releases/releases.ts';
import { auditIn } from '../tests/support/audit.ts';
import { type RecordedCampaign, recordCampaign } from '../tests/support/recorded-campaign.ts';

let root: string;
let campaign: RecordedCampaign;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-report-'));
  campaign = await recordCampaign(root);
  await campaign.start();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const row = (round: number, trained: number, cancelled = 0) => {
  return { round, requested: 4, trained, masked: {}, cancelled };
};

describe('a campaign that went through', () => {
  it('balances', async () => {
    await campaign.finish();
    await campaign.finish();
    const { conservation } = await campaign.report('refused');
    expect(conservation).toEqual({
      ...{ prompts: 8, trained: 8, masked: {}, cancelled: 0, balanced: true, problems: [] },
      rounds: [row(1, 4), row(2, 4)],
      others: [{ purpose: 'gate', requested: 12, recorded: 12, cancelled: 0, balanced: true }],
    });
  });

  it('does not balance when the trainer leaves out a sample, or takes one that the pool masks', async () => {
    await campaign.finish(({ trained }) => ({ trained: trained.slice(1) }));
    const lost = await campaign.report('refused');
    expect(lost.conservation.problems).toEqual([expect.stringContaining('1 requested but neither')]);

    const last = campaign.pool.trajectories.findLast((one) => one.purpose === 'train');
    Object.assign(last!, { outcome: 'verifier_failure' });
    const masked = await campaign.report('refused');
    expect(masked.conservation.problems).toContainEqual(expect.stringContaining('sent to the trainer although'));
  });

  it('does not balance when an evaluation lost a rollout', async () => {
    await campaign.finish();
    campaign.pool.trajectories.splice(0, 1);
    const { conservation } = await campaign.report('refused');
    expect(conservation.problems).toEqual([expect.stringContaining('1 gate rollouts requested but not in the pool')]);
  });

  it('reads a result whose job folder is gone or damaged from its imported copy', async () => {
    await campaign.finish();
    await writeFile(join(root, 'jobs/quickstart-r1-train/job.json'), '{}');
    expect((await campaign.report('refused')).conservation).toMatchObject({ trained: 4, balanced: true });
    await rm(join(root, 'jobs'), { recursive: true });
    expect((await campaign.report('refused')).conservation).toMatchObject({ trained: 4, balanced: true });
  });

  it('holds the archived rounds, in the report and in the document of the quickstart', async () => {
    const first = await campaign.finish();
    await campaign.finish();
    const archivedRounds = await campaign.documents.write([first]);
    campaign.state.rounds.shift();
    Object.assign(campaign.state, { archivedRounds });
    const data = await campaign.report('refused');
    expect(data.conservation).toMatchObject({ trained: 8, balanced: true });
    expect(quickstartDocument(data, 'report.html').rounds.map((one) => one.round)).toEqual([1, 2]);
  });

  it('names the version of the release manifest', async () => {
    await campaign.finish();
    await initIdentity(join(root, 'keys'));
    const identity = createLocalIdentity(join(root, 'keys'));
    const release = await exampleRelease(campaign.store, identity, { version: 3 });
    campaign.state.release = await createReleases(
      campaign.store,
      identity,
      auditIn(root, campaign.store, identity),
    ).publish(release);
    expect((await campaign.report('released')).released).toBe('quickstart.v3');
    delete campaign.state.release;
    expect((await campaign.report('refused')).released).toBeNull();
  });
});

describe.each(['cancelled', 'aborted'] as const)('a campaign that was %s', (ending) => {
  it('amid the rollouts of a round: the round is cancelled, with what it had finished', async () => {
    await campaign.finish();
    await campaign.roll(3);
    const { conservation } = await campaign.report(ending);
    expect(conservation).toMatchObject({ prompts: 8, trained: 4, masked: {}, cancelled: 4, balanced: true });
    expect(conservation.rounds).toEqual([row(1, 4), row(2, 0, 4)]);
    expect(conservation.problems).toEqual([]);
  });

  it('before its job was done: nothing of the round is trained', async () => {
    await campaign.roll();
    const { conservation } = await campaign.report(ending);
    expect(conservation).toMatchObject({ trained: 0, cancelled: 4, balanced: true });
  });

  it('with a job that cannot be read: the report says so', async () => {
    await campaign.train(await campaign.roll());
    await writeFile(join(root, 'jobs/quickstart-r1-train/job.json'), '{}');
    const { conservation } = await campaign.report(ending);
    expect(conservation.balanced).toBe(false);
    expect(conservation.problems).toEqual([expect.stringContaining('what round 1 trained cannot be read')]);
  });

  it('in the evaluation after the training: trained is what the job says, the evaluation is cancelled', async () => {
    await campaign.train(await campaign.roll());
    await campaign.evaluate(1, campaign.state.policies[0]!, 1);
    const { conservation } = await campaign.report(ending);
    expect(conservation).toMatchObject({ prompts: 4, trained: 4, cancelled: 0, balanced: true });
    expect(conservation.others).toEqual([{ purpose: 'gate', requested: 8, recorded: 5, cancelled: 3, balanced: true }]);
  });

  it('while version 0 was measured', async () => {
    const other = await recordCampaign(join(root, 'other'));
    await other.evaluate(0, other.state.policies[0]!, 1);
    const { conservation } = await other.report(ending);
    expect(conservation.others).toEqual([{ purpose: 'gate', requested: 4, recorded: 1, cancelled: 3, balanced: true }]);
    expect(conservation.balanced).toBe(true);
  });

  it('after an evaluation was done: what that lost is still a problem', async () => {
    await campaign.finish();
    campaign.pool.trajectories.splice(0, 1);
    await campaign.roll(1);
    expect((await campaign.report(ending)).conservation.problems).toEqual([
      expect.stringContaining('1 gate rollouts requested but not in the pool'),
    ]);
  });

  it('because its lock contradicts itself: the report is written all the same', async () => {
    campaign.state.taskSet = await campaign.documents.write({ ...campaign.lock, kept: 7 });
    const data = await campaign.report(ending);
    expect(data.taskSet).toMatchObject({ kept: 7 });
  });
});

it('says what the plans note: too few tasks, drawn twice', async () => {
  const many = await recordCampaign(join(root, 'many'), {
    rollouts: { ...campaign.spec.rollouts, groupsPerRound: 3 },
  });
  await many.start();
  await many.finish();
  expect((await many.report('refused')).notes).toEqual([
    { round: 1, note: expect.stringContaining('Only 2 tasks are eligible for 3 groups') },
  ]);
  await campaign.finish();
  expect((await campaign.report('refused')).notes).toEqual([]);
});
