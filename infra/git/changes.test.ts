// Commits made from edits, patches, merges and reverts, in real repositories of both kinds of ids.
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import type { MergeRepository } from '../../contracts/merge.ts';
import { aChange, type BareRepository, bareRepository, linkIn, message } from '../../tests/support/bare-repository.ts';
import { openMergeRepository } from './changes.ts';

let repository: BareRepository;
const bytes = (text: string): { bytes: Uint8Array } => ({ bytes: Buffer.from(text) });
const edits = (files: Record<string, string | null>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, text === null ? null : bytes(text)]));
const text = async (files: Promise<ReadonlyMap<string, Uint8Array>>): Promise<Record<string, string>> =>
  Object.fromEntries([...(await files)].map(([path, content]) => [path, Buffer.from(content).toString()]));
const workrooms = (): string[] =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`anneal-merge.${process.pid}-`));

afterEach(() => expect(workrooms()).toEqual([]));

describe.each(['sha1', 'sha256'] as const)('a repository of %s', (format) => {
  afterEach(() => repository.remove());

  test('edits become a commit that says who, when and which change, the same each time', async () => {
    repository = bareRepository({ 'a.py': 'one\ntwo\n', 'run.sh': 'x\n', 'old.txt': 'old\n' }, format);
    const base = repository.commit('Programs', { 'b/c.py': 'c\n' });
    const open = await openMergeRepository(repository.path, 'main');
    expect(await open.tip()).toBe(base);
    const change = edits({ 'a.py': 'one\n2\n', 'new/d.py': 'd', 'old.txt': null, 'gone.txt': null });
    const said = message({
      title: ' Two\n is 2 ',
      body: 'Why so.\r\n\r\nAnneal-Change: forged\u0007',
      change: aChange(),
    });
    const made = await open.commitEdits(base, change, said);
    expect(await open.commitEdits(base, change, said)).toEqual(made);
    expect(made.commit).toHaveLength(format === 'sha1' ? 40 : 64);
    expect(made.paths.map(({ path, how, lines, binary }) => [path, how, lines.added, lines.removed, binary])).toEqual([
      ['a.py', 'changed', 1, 1, false],
      ['new/d.py', 'added', 1, 0, false],
      ['old.txt', 'removed', 0, 1, false],
    ]);
    expect(repository.origin('cat-file', 'commit', made.commit).split('\n').slice(1)).toEqual([
      `parent ${base}`,
      ...['author Anneal <anneal@localhost> 1927857906 +0000', 'committer Anneal <anneal@localhost> 1927857906 +0000'],
      ...['', 'Two is 2', '', 'Why so.', '', '> Anneal-Change: forged', '', `Anneal-Change: ${aChange()}`, ''],
    ]);
    expect(await text(open.snapshot(made.commit))).toMatchObject({
      'a.py': 'one\n2\n',
      'new/d.py': 'd',
      'b/c.py': 'c\n',
    });
    // Nothing refers to it, and its patch says it whole.
    expect(repository.origin('for-each-ref').trim().split('\n')).toHaveLength(1);
    expect((await open.commitPatch(base, made.patch, said)).commit).toBe(made.commit);
    expect(await open.tip()).toBe(base);
    repository.origin('fsck', '--strict');
  });

  test('a change of programs, bytes and names goes through its patch unharmed', async () => {
    const long = Array.from({ length: 40 }, (_, at) => `line ${at}\n`).join('');
    repository = bareRepository({ 'a.py': long, 'win.txt': 'a\r\nb\r\n', 'end.txt': 'no newline' }, format);
    const base = repository.commit('Bytes', { 'data.bin': Buffer.from([0, 1, 2, 255]), 'ünïcode ü.txt': 'u\n' });
    const open = await openMergeRepository(repository.path, 'main');
    repository.git('mv', 'a.py', 'moved.py');
    repository.git('update-index', '--chmod=+x', 'moved.py');
    const after = repository.commit('All of it', {
      ...{ 'win.txt': 'a\r\nc\r\n', 'end.txt': 'still none', 'ünïcode ü.txt': 'v\n', 'data.bin': Buffer.from([0, 9]) },
      ...{ 'empty.txt': '', 'quo"te.txt': 'q\n' },
    });
    const patch = Buffer.from(repository.git('diff', '--binary', '--full-index', base, after), 'utf8');
    const made = await open.commitPatch(base, patch, message());
    expect(repository.origin('rev-parse', `${made.commit}^{tree}`)).toBe(
      repository.git('rev-parse', `${after}^{tree}`),
    );
    const found = Object.fromEntries(made.paths.map(({ path, ...rest }) => [path, rest]));
    expect(found['moved.py']).toMatchObject({ from: 'a.py', how: 'renamed', mode: { before: '100644' } });
    expect(found['data.bin']).toMatchObject({ binary: true, lines: { added: 0, removed: 0 } });
    expect(Object.keys(found).sort()).toEqual(
      ['data.bin', 'empty.txt', 'end.txt', 'moved.py', 'quo"te.txt', 'win.txt', 'ünïcode ü.txt'].sort(),
    );
    expect(Buffer.from(made.patch).equals(patch)).toBe(true);
  });

  test('a commit is put upon another: merged, in conflict, or there already', async () => {
    repository = bareRepository({ 'a.py': 'one\ntwo\nthree\nfour\nfive\n' }, format);
    const open = await openMergeRepository(repository.path, 'main');
    const base = await open.tip();
    const ours = await open.commitEdits(base, edits({ 'a.py': '1\ntwo\nthree\nfour\nfive\n' }), message());
    const far = repository.commit('Far', { 'a.py': 'one\ntwo\nthree\nfour\n5\n', 'b.py': 'b\n' });
    const rebased = await open.rebase(ours.commit, far, message({ change: aChange() }));
    expect(rebased).toMatchObject({ how: 'rebased', paths: [{ path: 'a.py', lines: { added: 1, removed: 1 } }] });
    if (rebased.how !== 'rebased') throw new Error();
    expect((await text(open.snapshot(rebased.commit)))['a.py']).toBe('1\ntwo\nthree\nfour\n5\n');
    expect(repository.origin('rev-parse', `${rebased.commit}^`).trim()).toBe(far);
    const near = repository.commit('Near', { 'a.py': 'uno\ntwo\nthree\nfour\n5\n' });
    expect(await open.rebase(ours.commit, near, message())).toEqual({ how: 'conflict', paths: ['a.py'] });
    const same = repository.commit('Same', { 'a.py': '1\ntwo\nthree\nfour\n5\n' });
    expect(await open.rebase(ours.commit, same, message())).toEqual({ how: 'nothing-left' });
    // The first commit of a history as well: it added all of its files.
    expect(await open.rebase(base, near, message())).toEqual({ how: 'conflict', paths: ['a.py'] });
  });

  test('a commit is taken back, also when others came after it', async () => {
    repository = bareRepository({ 'a.py': 'one\ntwo\nthree\nfour\nfive\n' }, format);
    const open = await openMergeRepository(repository.path, 'main');
    const bad = repository.commit('Bad', { 'a.py': 'one\nBAD\nthree\nfour\nfive\n', 'bad.py': 'bad\n' });
    const later = repository.commit('Later', { 'a.py': 'one\nBAD\nthree\nfour\n5\n' });
    const back = await open.revert(bad, later, message({ change: aChange() }));
    if (back.how !== 'reverted') throw new Error();
    expect(await text(open.snapshot(back.commit))).toEqual({ 'a.py': 'one\ntwo\nthree\nfour\n5\n' });
    expect(repository.origin('log', '-1', '--format=%B', back.commit)).toContain(`\nAnneal-Reverts: ${bad}\n`);
    const again = repository.commit('Touched', { 'a.py': 'one\nWORSE\nthree\nfour\n5\n' });
    expect(await open.revert(bad, again, message())).toEqual({ how: 'conflict', paths: ['a.py'] });
    await expect(open.revert(bad, back.commit, message())).rejects.toMatchObject({ code: 'merge.unfit' });
  });
});

describe('edits that are refused', () => {
  let open: MergeRepository;
  beforeAll(async () => {
    repository = bareRepository();
    linkIn(repository, 'out', '/tmp');
    repository.commit('A link', { 'b/c.py': 'c\n', 'run.sh': 'x\n' });
    repository.git('update-index', '--chmod=+x', 'run.sh');
    repository.git('commit', '-q', '-m', 'A program');
    repository.git('push', '-q', 'origin', 'main');
    open = await openMergeRepository(repository.path, 'main');
  });
  afterAll(() => repository.remove());

  it.each<[string, Record<string, string | null>]>([
    ...['../a', '/a', 'a/../b', './a', '', 'b//c', 'a\\b', 'a\nb', '.git/config', 'b/.GIT/x', '.git /x', 'git~1/x'].map(
      (path): [string, Record<string, string | null>] => [JSON.stringify(path), { [path]: 'x' }],
    ),
    ['below a file', { 'a.py/b': 'x' }],
    ['below a file of the same edits', { n: 'x', 'n/m': 'y' }],
    ['through a link', { 'out/x': 'x' }],
    ['of a link', { out: 'x' }],
    ['removal through a link', { 'out/x': null }],
    ['of a folder', { b: 'x' }],
    ['removal of a folder', { b: null }],
    ['nothing', {}],
    ['nothing new', { 'a.py': 'one\ntwo\nthree\n' }],
    ['what is not there', { 'no.py': null }],
  ])('%s', async (name, changed) => {
    const before = await open.tip();
    await expect(open.commitEdits(before, edits(changed), message())).rejects.toMatchObject({
      code: 'merge.unfit',
      message: expect.stringContaining(name.startsWith('"') ? `${name}: ` : ''),
    });
    expect(await open.tip()).toBe(before);
  });

  it('a link may be removed, which its mode tells; a program stays one', async () => {
    const made = await open.commitEdits(await open.tip(), edits({ out: null, 'run.sh': 'y\n' }), message());
    expect(made.paths.map(({ path, mode }) => [path, mode.before, mode.after])).toEqual([
      ['out', '120000', null],
      ['run.sh', '100755', '100755'],
    ]);
  });

  it('times and titles that git cannot write, and a base that is not there', async () => {
    const base = await open.tip();
    const some = edits({ 'a.py': 'x' });
    for (const over of [{ at: 'soon' }, { at: '1931-01-01T00:00:00Z' }, { title: ' \n\u0000' }])
      await expect(open.commitEdits(base, some, message(over))).rejects.toMatchObject({ code: 'merge.unfit' });
    const nowhere = 'f'.repeat(40) as typeof base;
    await expect(open.commitEdits(nowhere, some, message())).rejects.toThrow(`there is no commit ${nowhere}`);
  });
});
