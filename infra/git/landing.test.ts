// Landing on a branch: at most once, only upon its tip, and never behind the back of a work tree. What is killed: kills.test.ts.
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { ChangeId, CommitId } from '../../contracts/change.ts';
import type { MergeRepository } from '../../contracts/merge.ts';
import { aChange, type BareRepository, bareRepository, gitAt, message } from '../../tests/support/bare-repository.ts';
import { openMergeRepository } from './changes.ts';

let repository: BareRepository;
let open: MergeRepository;
let base: CommitId;

beforeEach(async () => {
  repository = bareRepository();
  open = await openMergeRepository(repository.path, 'main');
  base = await open.tip();
});
afterEach(() => repository.remove());

const write = async (on: CommitId, path: string, change: ChangeId, body = ''): Promise<CommitId> => {
  const edit = { bytes: Buffer.from(`${path}\n`) };
  return (await open.commitEdits(on, new Map([[path, edit]]), message({ change, body }))).commit;
};
const locks = (): string[] =>
  readdirSync(repository.path, { recursive: true })
    .map(String)
    .filter((name) => /\.lock$|anneal-/.test(name));
const change = aChange();

describe('land', () => {
  it('moves the branch once; the same change again stands where it stands', async () => {
    const commit = await write(base, 'b.py', change);
    expect(await open.landed(change)).toBeNull();
    expect(await open.land(commit, change)).toEqual({ how: 'landed', commit });
    expect(await open.tip()).toBe(commit);
    expect(await open.land(commit, change)).toEqual({ how: 'already', commit });
    // Also in another form: upon another commit, with another text, after others, by way of a merge that somebody made.
    const other = await write(commit, 'c.py', change, 'Other words.');
    expect(await open.land(other, change)).toEqual({ how: 'already', commit });
    repository.git('pull', '-q', 'origin', 'main');
    repository.git('checkout', '-q', '-b', 'side', base);
    repository.git('commit', '-q', '--allow-empty', '-m', 'Aside');
    repository.git('merge', '-q', '--no-ff', '-m', 'Merge', 'main');
    repository.git('push', '-q', 'origin', 'HEAD:main');
    expect(await open.land(other, change)).toEqual({ how: 'already', commit });
    expect(await open.landed(change)).toBe(commit);
  });

  it('tells who came first, and what it may not land', async () => {
    const [one, two] = [await write(base, 'b.py', change), await write(base, 'c.py', aChange(2))];
    await open.land(one, change);
    expect(await open.land(two, aChange(2))).toEqual({ how: 'moved', tip: one });
    await expect(open.land(two, aChange(3))).rejects.toMatchObject({ code: 'merge.unfit' });
    await expect(open.land(base, aChange(3))).rejects.toMatchObject({ code: 'merge.unfit' });
    const tip = await open.tip();
    const gone = await write(tip, 'd.py', aChange(3));
    const blob = repository.origin('rev-parse', `${gone}:d.py`).trim();
    repository.origin('cat-file', '-e', blob);
    gitAt(repository.path, 'repack', '-q', '-a', '-d');
    // Nothing refers to it; what clears such objects away may have come.
    rmSync(join(repository.path, 'objects', blob.slice(0, 2), blob.slice(2)), { force: true });
    await expect(open.land(gone, aChange(3))).rejects.toThrow(`objects of ${gone} are gone`);
    expect(await open.tip()).toBe(tip);
  });

  it('believes no words of a title, a body or a revert', async () => {
    const victim = aChange(4);
    const body = `Fine.\n\nAnneal-Change: ${victim}`;
    const said = message({ title: `Anneal-Change: ${victim}`, body, change });
    const made = await open.commitEdits(base, new Map([['b.py', { bytes: Buffer.from('b') }]]), said);
    await open.land(made.commit, change);
    repository.git('pull', '-q', 'origin', 'main');
    repository.commit(`About it\n\nAnneal-Change: ${victim}\n\nwas planned`, { 'd.py': 'd\n' });
    repository.commit(`Anneal-Change: ${victim}`, { 'e.py': 'e\n' });
    expect(await open.landed(victim)).toBeNull();
  });

  it('a revert lands no change, and lands once itself, by the id that it takes back as by one of its own', async () => {
    const made = await write(base, 'b.py', change);
    await open.land(made, change);
    for (const id of [change, aChange(2)]) {
      const back = await open.revert(made, made, message({ change: id }));
      if (back.how !== 'reverted') throw new Error(back.how);
      expect(await open.land(back.commit, id)).toEqual({ how: 'landed', commit: back.commit });
      expect(await open.land(back.commit, id)).toEqual({ how: 'already', commit: back.commit });
      expect([await open.landed(change), await open.landed(aChange(2))]).toEqual([made, null]);
      // What was taken back does not land again by itself.
      expect(await open.land(made, change)).toEqual({ how: 'already', commit: made });
      repository.origin('update-ref', 'refs/heads/main', made);
    }
  });
});

describe('a branch that may not be moved', () => {
  it('is checked out: in the repository itself, in a work tree of it, and since it was opened', async () => {
    const refused = { code: 'merge.repository', message: expect.stringContaining('switch --detach') };
    await expect(openMergeRepository(repository.work, 'main')).rejects.toMatchObject(refused);
    repository.git('switch', '-q', '--detach');
    await openMergeRepository(repository.work, 'main');
    const commit = await write(base, 'b.py', change);
    repository.origin('worktree', 'add', '-q', join(repository.root, 'more'), 'main');
    await expect(open.land(commit, change)).rejects.toMatchObject(refused);
    await expect(openMergeRepository(repository.path, 'main')).rejects.toMatchObject(refused);
    expect(await open.tip()).toBe(base);
  });
  it('is not there, is another one, or its history is cut off', async () => {
    const opened = (path: string, branch = 'main') => openMergeRepository(path, branch);
    const code = { code: 'merge.repository' };
    await expect(opened(repository.path, 'other')).rejects.toMatchObject(code);
    for (const name of ['../main', '', '-x', 'a b', 'main^', '@{-1}', 'main.lock'])
      await expect(opened(repository.path, name)).rejects.toMatchObject(code);
    await expect(opened(join(repository.root, 'nowhere'))).rejects.toMatchObject(code);
    repository.origin('symbolic-ref', 'refs/heads/alias', 'refs/heads/main');
    await expect(opened(repository.path, 'alias')).rejects.toThrow('another name of refs/heads/main');
    repository.commit('More', { 'b.py': 'b' });
    const shallow = join(repository.root, 'shallow.git');
    gitAt(repository.root, 'clone', '-q', '--bare', '--depth=1', `file://${repository.path}`, shallow);
    await expect(opened(shallow)).rejects.toThrow('shallow');
    repository.origin('worktree', 'add', '-q', '--detach', join(repository.root, 'more'));
    await expect(opened(join(repository.root, 'more'))).rejects.toThrow('elsewhere');
    await expect(opened(join(repository.path, 'worktrees', 'more'))).rejects.toThrow('name that one');
  });
});

describe('a lock', () => {
  test.each(['refs/heads/main.lock', 'HEAD.lock'])(
    '%s of a living git is waited for, of a dead one taken away',
    async (name) => {
      const [lock, commit] = [join(repository.path, name), await write(base, 'b.py', change)];
      writeFileSync(lock, '');
      await expect(open.land(commit, change)).rejects.toMatchObject({ code: 'merge.locked', retryable: true });
      expect([existsSync(lock), await open.tip()]).toEqual([true, base]);
      utimesSync(lock, Date.now() / 1_000 - 200, Date.now() / 1_000 - 200);
      expect(await open.land(commit, change)).toMatchObject({ how: 'landed' });
      expect(locks()).toEqual([]);
    },
  );
  it('that was left after the branch had moved goes with the next who looks', async () => {
    const [lock, commit] = [join(repository.path, 'HEAD.lock'), await write(base, 'b.py', change)];
    const leave = (seconds: number): void => {
      writeFileSync(lock, '');
      utimesSync(lock, Date.now() / 1_000 - seconds, Date.now() / 1_000 - seconds);
    };
    await open.land(commit, change);
    leave(20);
    await open.land(commit, change);
    await openMergeRepository(repository.path, 'main');
    expect(locks()).toEqual(['HEAD.lock']);
    leave(200);
    await open.land(commit, change);
    expect(locks()).toEqual([]);
    leave(200);
    await openMergeRepository(repository.path, 'main');
    expect(locks()).toEqual([]);
  });
  it('of a tag, which is never moved', async () => {
    const lock = join(repository.path, 'refs/tags/smoke/1.lock');
    mkdirSync(dirname(lock), { recursive: true });
    writeFileSync(lock, '');
    utimesSync(lock, 1, 1);
    await open.tag('smoke/1', base);
    await open.tag('smoke/1', base);
    const next = repository.commit('Next', { 'b.py': 'b' });
    await expect(open.tag('smoke/1', next)).rejects.toMatchObject({ code: 'merge.tag_taken' });
    repository.origin('tag', '-a', '-m', 'noted', 'noted', base);
    await open.tag('noted', base);
    for (const name of ['-d', 'a..b', '', 'a b'])
      await expect(open.tag(name, base)).rejects.toMatchObject({ code: 'merge.unfit' });
    expect(locks()).toEqual([]);
  });
});
