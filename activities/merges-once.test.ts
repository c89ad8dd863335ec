// A landing that is asked for again and again, by several at a time, and after a death: it happens once. The branch is looked at with git.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CommitId } from '../contracts/change.ts';
import { incidentName } from '../contracts/incident.ts';
import type { MergeRepository } from '../contracts/merge.ts';
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

const landedOnce = async (of: Requested, tag = 'anneal/one'): Promise<void> => {
  const { tip, landed, tags } = stage.branch();
  expect(landed).toEqual([of.change]);
  expect(tags).toContain(`${tag} ${tip}`);
  expect(await stage.noted()).toMatchObject([{ change: of.change, commit: tip, request: of.request, decision: null }]);
};

test('one after the other, and six at a time', async () => {
  const one = await stage.request('one', FREE);
  const commit = await stage.tried(one);
  const all = await Promise.all(Array.from({ length: 6 }, () => land(one, null, commit)));
  expect(all.filter(({ how }) => how === 'landed')).toHaveLength(1);
  for (const { how } of [...all, await land(one, null, commit)]) expect(['landed', 'already']).toContain(how);
  await landedOnce(one);
});

test('by two incidents at a time that found the same change', async () => {
  const one = await stage.request('one', FREE);
  stage.script.now = '2031-02-03T05:00:00.000Z';
  const two = await stage.request('two', FREE);
  expect(two.change).toBe(one.change);
  const commits = [await stage.tried(one), await stage.tried(two)];
  expect(commits[0]).not.toBe(commits[1]);
  const both = await Promise.all([land(one, null, commits[0]), land(two, null, commits[1])]);
  expect(both.map(({ how }) => how).sort()).toEqual(['already', 'landed']);
  const first = both[0]!.how === 'landed' ? one : two;
  await landedOnce(first, `anneal/${first.shown.incident}`);
  expect(stage.branch().tags).toHaveLength(1);
});

test('two changes of the same state: the second waits for another try', async () => {
  const one = await stage.request('one', FREE);
  const two = await stage.request('two', { 'app/more.py': 'x\n' });
  const commits = [await stage.tried(one), await stage.tried(two)];
  const both = await Promise.all([land(one, null, commits[0]), land(two, null, commits[1])]);
  expect(both.map(({ how }) => how).sort()).toEqual(['landed', 'moved']);
  expect(stage.branch().landed).toHaveLength(1);
  await Promise.all([one, two].map(async (of) => land(of, null, await stage.tried(of).catch(() => before))));
  expect(stage.branch().landed.sort()).toEqual([one.change, two.change].sort());
});

const dying = (method: 'land' | 'tag', when: 'before' | 'after') => {
  let died = false;
  return (git: MergeRepository): MergeRepository => {
    const around = async (work: () => Promise<never>): Promise<never> => {
      const result = died || when === 'before' ? undefined : await work();
      if (died) return work();
      died = true;
      throw new Error(`died ${when} ${method}${result === undefined ? '' : ' had its answer'}`);
    };
    return {
      ...git,
      [method]: (...input: never[]) => around(() => (git[method] as (...all: never[]) => Promise<never>)(...input)),
    };
  };
};
test.each([
  ['land', 'before', false],
  ['land', 'after', true],
  ['tag', 'before', true],
  ['tag', 'after', true],
] as const)('who dies as it comes to %s, %s it', async (method, when, isThere) => {
  await stage.close();
  await begin({ git: dying(method, when) });
  const one = await stage.request('one', FREE);
  const commit = await stage.tried(one);
  await expect(land(one, null, commit)).rejects.toThrow('died');
  expect(stage.branch().landed).toEqual(isThere ? [one.change] : []);
  expect(await land(one, null, commit)).toMatchObject({ how: isThere ? 'already' : 'landed', tag: 'anneal/one' });
  await landedOnce(one);
});

test('who comes by after a death cannot say what it landed for', async () => {
  await stage.close();
  await begin({ git: dying('land', 'after') });
  const one = await stage.request('one', CRITICAL);
  const asked = await stage.decide(one.evidence);
  const two = await stage.request('two', CRITICAL);
  const commit = await stage.tried(one);
  await expect(land(one, asked, commit)).rejects.toThrow('died');
  expect(two.change).toBe(one.change);
  expect(await land(two, await stage.decide(two.evidence), commit)).toMatchObject({
    how: 'already',
    tag: 'anneal/one',
  });
  expect(stage.branch().tags).toEqual([`anneal/one ${commit}`]);
  expect(await stage.noted()).toMatchObject([{ campaign: 'one', request: one.request, decision: expect.any(String) }]);
});

test('a name that is taken hides nothing: it has landed, and has another', async () => {
  const one = await stage.request('one', FREE);
  stage.repository.origin('tag', 'anneal/one', before);
  const landed = await land(one);
  const { tip } = stage.branch();
  expect(landed).toMatchObject({ how: 'landed', tag: `anneal/one-${tip.slice(0, 12)}` });
  await landedOnce(one, `anneal/one-${tip.slice(0, 12)}`);
});

test('what people brought to the branch themselves is there, and nobody is said to have landed it', async () => {
  const one = await stage.request('one', FREE);
  stage.repository.commit(`By hand\n\nAnneal-Change: ${one.change}`, FREE);
  const { tip } = stage.branch();
  expect(await land(one, null, tip)).toEqual({ how: 'already', commit: tip, tag: 'anneal/one' });
  expect(await stage.noted()).toEqual([]);
});

test('edits that leave all as it was are told as that, and nothing is proposed', async () => {
  const one = await stage.request('one', FREE);
  await land(one);
  const { diagnosis, repository } = one.shown;
  const base = stage.branch().tip;
  const of = { incident: incidentName.parse('two'), repository, base, diagnosis: diagnosis!, tried: [] };
  expect(await stage.activities.propose({ ...of, by: 'remedies' })).toEqual({
    ...{ how: 'unfit', with: 'scripted', why: 'it leaves all as it was' },
  });
});

test('names of commits and changes that are none', async () => {
  const one = await stage.request('one', FREE);
  for (const wrong of ['main', 'HEAD', `${before}^`, '--all', '../../x', ''])
    await expect(land(one, null, wrong as CommitId)).rejects.toThrow();
  expect(stage.branch()).toEqual({ tip: before, landed: [], tags: [] });
});
