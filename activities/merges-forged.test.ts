// Requests that say what is not so, and commits that nobody has tried: the branch is looked at with git.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { CommitId } from '../contracts/change.ts';
import { incidentName, type Reviewed } from '../contracts/incident.ts';
import { type MergeStage, mergeStage, type Requested } from '../tests/support/merge-stage.ts';

const FREE = { 'app/scale.py': 'one\n2\nthree\nfour\nfive\n' };
const CRITICAL = { 'guarded/key.py': 'one\n2\nthree\nfour\nfive\n' };

let stage: MergeStage;
let before: CommitId;
const begin = async (...given: Parameters<typeof mergeStage>): Promise<void> => {
  stage = await mergeStage(...given);
  before = stage.branch().tip;
};
beforeEach(() => begin());
afterEach(async () => {
  expect(stage.left()).toEqual({ locks: [], folders: [] });
  await stage.close();
});

type Asked = Parameters<MergeStage['activities']['landCommit']>[0]['asked'];
const land = async (of: Requested, asked: Asked = null, commit?: CommitId) =>
  stage.activities.landCommit({ ...of, asked, commit: commit ?? (await stage.tried(of)) });

async function refused(landing: Promise<unknown>, code: string, why: string, tip = before): Promise<void> {
  await expect(landing).rejects.toMatchObject({ code, message: expect.stringContaining(why) });
  expect(stage.branch()).toEqual({ tip, landed: [], tags: [] });
  expect(await stage.noted()).toEqual([]);
}
const ACCEPTED: Reviewed = { how: 'reviewed', by: { model: 'm', scripted: true }, verdict: 'accept', findings: [] };

describe('a request is believed nothing', () => {
  const not = 'decision.not_verified';
  test('that nobody need be asked, although the paths are critical', async () => {
    const change = (of: Requested['shown']) => ({ ...of, asks: [], paths: [] });
    await refused(land(await stage.request('one', CRITICAL, { change })), not, 'guarded/key.py');
  });

  test('nor that who made it had read nothing', async () => {
    stage.script.tainted = true;
    const one = await stage.request('one', FREE, { change: (of) => ({ ...of, asks: [] }) });
    await refused(land(one), not, 'had read what nobody vouches for');
    // The same change under the same name, untainted: nobody but the incident itself proposes.
    const proposal = await stage.documents.write({ ...one.proposed, tainted: false });
    const forged = { ...one, request: await stage.documents.write({ ...one.shown, proposal, asks: [] }) };
    await refused(land(forged, null, before), 'merge.unfit', 'one has proposed no such change');
  });

  test('nor that it was reviewed well, or reviewed at all', async () => {
    stage.script.review = { ...ACCEPTED, verdict: 'refuse' };
    const one = await stage.request('one', FREE, { change: (of) => ({ ...of, asks: [], reviewed: ACCEPTED }) });
    await refused(land(one), not, 'its review says refuse');
    // Asked again, a model that has changed its mind is not heard.
    stage.script.review = ACCEPTED;
    expect(
      await stage.activities.reviewChange({ incident: one.shown.incident, proposal: one.shown.proposal }),
    ).toMatchObject({ verdict: 'refuse' });
  });
  test('nor a review of another change', async () => {
    const one = await stage.request('one', FREE);
    const propose = { ...{ incident: incidentName.parse('two'), repository: one.shown.repository, tried: [] } };
    const { diagnosis } = one.shown;
    stage.script.edits = { 'app/scale.py': 'one\ntwo\nthree\nfour\n5\n' };
    const made = await stage.activities.propose({ ...propose, base: before, diagnosis: diagnosis!, by: 'remedies' });
    if (made.how !== 'proposed') throw new Error();
    const { proposal, change } = made;
    const shown = { ...one.shown, incident: propose.incident, proposal, change };
    const unread = { ...one, change, shown, request: await stage.documents.write(shown) };
    await refused(land(unread), 'merge.unfit', 'nobody was asked to review it');
  });

  test('another change’s proposal, and a proposal under another name', async () => {
    const [one, two] = [await stage.request('one', FREE), await stage.request('two', CRITICAL)];
    const swapped = { ...one.shown, proposal: two.shown.proposal };
    const mixed = { ...one, request: await stage.documents.write(swapped) };
    await refused(land(mixed, null, before), 'merge.unfit', 'its proposal is');
    // What is known as free by its name, with what is not by its content.
    const proposal = await stage.documents.write({ ...two.proposed, id: one.change });
    const named = { ...one, request: await stage.documents.write({ ...one.shown, proposal }) };
    await refused(land(named, null, before), 'merge.unfit', 'is another change');
  });

  test('a proposal of another incident', async () => {
    const one = await stage.request('one', FREE);
    const shown = { ...one.shown, incident: incidentName.parse('two') };
    const foreign = { ...one, shown, request: await stage.documents.write(shown) };
    await refused(land(foreign, null, before), 'merge.unfit', 'two has proposed no such change');
  });

  test('paths that agents never touch, whoever approves', async () => {
    await stage.close();
    await begin({ spec: { paths: { critical: [], refused: ['guarded/**'] } } });
    const one = await stage.request('one', CRITICAL);
    await refused(land(one, await stage.decide(one.evidence)), 'merge.unfit', 'it is kept from agents here');
  });

  test('a change of which the branch has a part already, so that another one would land', async () => {
    const one = await stage.request('one', { ...FREE, 'app/new.py': 'x\n' });
    const moved = stage.repository.commit('A part of it', { 'app/new.py': 'x\n' });
    await refused(land(one), 'merge.unfit', 'the change is another one', moved);
  });
});

describe('a commit lands that was made from the change, and tried', () => {
  test('none that was not tried, or whose try said no', async () => {
    const one = await stage.request('one', FREE);
    const { request, change } = one;
    const made = await stage.activities.rebaseChange({ request, change, asked: null });
    if (made.how !== 'rebased') throw new Error();
    await refused(land(one, null, made.commit), 'merge.unfit', 'has no record of tests');
    stage.script.broken = ['t'];
    await refused(land(one), 'merge.unfit', 'has no record of tests');
    // What was found once is what is said again, and nothing is run for it.
    stage.script.broken = [];
    const again = await stage.activities.tryCommit({ request, commit: made.commit, tip: made.tip });
    expect(again).toEqual({ ok: false, why: 'it breaks t' });
    expect(stage.script.checks).toBe(2);
    await refused(land(one, null, made.commit), 'merge.unfit', 'has no record of tests');
  });

  test('nobody has another commit tried in its place, or tried against another state', async () => {
    const [one, two] = [await stage.request('one', FREE), await stage.request('two', CRITICAL)];
    const commit = await stage.tried(two);
    const { request } = one;
    const tip = stage.repository.commit('Far', { 'app/more.py': 'x\n' });
    for (const wrong of [
      { request, commit, tip: before },
      { request, commit: tip, tip: before },
      { request: two.request, commit, tip },
    ])
      await expect(stage.activities.tryCommit(wrong)).rejects.toMatchObject({ code: 'merge.unfit' });
    await refused(land(one, null, commit), 'merge.unfit', 'has no record of tests', tip);
    await refused(land(one, null, tip), 'merge.unfit', 'has no record of tests', tip);
  });

  test('nor the same change with other words, although it was tried', async () => {
    const one = await stage.request('one', FREE);
    const later = { ...one.shown, at: '2031-02-03T05:00:00.000Z' };
    const other = { ...one, shown: later, request: await stage.documents.write(later) };
    await refused(land(one, null, await stage.tried(other)), 'merge.unfit', 'is not what the change makes');
    expect(await land(one)).toMatchObject({ how: 'landed' });
  });

  test('a commit from before the branch moved is not landed, and one upon what it is now is', async () => {
    const one = await stage.request('one', FREE);
    const commit = await stage.tried(one);
    const tip = stage.repository.commit('Far', { 'app/more.py': 'x\n' });
    expect(await land(one, null, commit)).toEqual({ how: 'moved', tip });
    expect(stage.branch()).toMatchObject({ tip, landed: [] });
    expect(await land(one)).toMatchObject({ how: 'landed' });
    expect(stage.branch().landed).toEqual([one.change]);
  });
});
