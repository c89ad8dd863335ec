// A repository that would have whoever opens it run something, look elsewhere, or see another history. Each planted program leaves a mark.
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it, test } from 'vitest';
import type { CommitId } from '../../contracts/change.ts';
import type { MadeCommit } from '../../contracts/merge.ts';
import {
  aChange,
  type BareRepository,
  bareRepository,
  gitAt,
  message,
  spy,
} from '../../tests/support/bare-repository.ts';
import { openMergeRepository } from './changes.ts';

let repository: BareRepository;
let base: CommitId;
let program: string;
let mark: string;
const LINES = 'one\ntwo\nthree\nfour\nfive\n';

function made(): BareRepository {
  const files = { 'a.py': LINES, '.gitattributes': '*.py merge=spy diff=spy filter=spy text eol=crlf\n' };
  const one = bareRepository(files);
  base = one.commit('More', { 'b.py': 'b\n' });
  return one;
}
beforeEach(() => {
  repository = made();
  ({ program, mark } = spy(repository.root));
});
afterEach(() => repository.remove());

const config = (name: string, value: string): string => repository.origin('config', name, value);
const edit = (text: string) => new Map([['a.py', { bytes: Buffer.from(text) }]]);

/** Everything that a merge repository does, once. */
async function everything(): Promise<{ landed: MadeCommit; reverted: MadeCommit }> {
  const open = await openMergeRepository(repository.path, 'main');
  const first = await open.tip();
  const made = await open.commitEdits(first, edit(LINES.replace('one', '1')), message({ change: aChange(1) }));
  const patched = await open.commitPatch(first, made.patch, message({ change: aChange(1) }));
  expect(patched).toEqual(made);
  await open.snapshot(made.commit);
  expect(await open.land(made.commit, aChange(1))).toMatchObject({ how: 'landed' });
  const far = await open.commitEdits(first, edit(LINES.replace('five', '5')), message({ change: aChange(2) }));
  const landed = await open.rebase(far.commit, made.commit, message({ change: aChange(2) }));
  if (landed.how !== 'rebased') throw new Error(landed.how);
  const clash = await open.commitEdits(first, edit(LINES.replace('one', 'I')), message());
  expect(await open.rebase(clash.commit, made.commit, message())).toEqual({ how: 'conflict', paths: ['a.py'] });
  expect(await open.land(landed.commit, aChange(2))).toMatchObject({ how: 'landed' });
  const reverted = await open.revert(made.commit, landed.commit, message({ change: aChange(3) }));
  if (reverted.how !== 'reverted') throw new Error(reverted.how);
  expect(await open.land(reverted.commit, aChange(3))).toMatchObject({ how: 'landed' });
  expect(await open.landed(aChange(1))).toBe(made.commit);
  await open.tag('smoke-1', reverted.commit);
  return { landed, reverted };
}

describe('has no effect', () => {
  /** What an honest repository of the same files gives. */
  let honest: { landed: MadeCommit; reverted: MadeCommit };
  beforeAll(async () => {
    repository = made();
    honest = await everything();
    repository.remove();
  });
  const outside = (): string[] =>
    readdirSync(repository.root, { recursive: true })
      .map(String)
      .filter((name) => !name.startsWith('origin.git'))
      .sort();

  test.each<[string, () => void]>([
    [
      'hooks',
      () => {
        const every =
          'pre-commit commit-msg post-commit pre-merge-commit reference-transaction post-update update pre-receive post-receive post-index-change pre-applypatch applypatch-msg post-checkout post-merge pre-push post-rewrite fsmonitor-watchman sendemail-validate proc-receive push-to-checkout pre-auto-gc';
        for (const name of every.split(' ')) {
          writeFileSync(join(repository.path, 'hooks', name), `#!/bin/sh\n${program}\nexit 1\n`);
          chmodSync(join(repository.path, 'hooks', name), 0o755);
        }
      },
    ],
    [
      'hooks elsewhere',
      () => {
        mkdirSync(join(repository.root, 'hooks'));
        writeFileSync(join(repository.root, 'hooks', 'reference-transaction'), `#!/bin/sh\n${program}\nexit 1\n`);
        chmodSync(join(repository.root, 'hooks', 'reference-transaction'), 0o755);
        config('core.hooksPath', join(repository.root, 'hooks'));
      },
    ],
    [
      'drivers of filters, differences and merges',
      () => {
        for (const name of 'filter.spy.clean filter.spy.smudge filter.spy.process diff.spy.command diff.spy.textconv diff.external merge.spy.driver merge.default'.split(
          ' ',
        ))
          config(name, name === 'merge.default' ? 'spy' : program);
        config('filter.spy.required', 'true');
        writeFileSync(join(repository.path, 'info', 'attributes'), '* merge=spy diff=spy filter=spy\n');
        writeFileSync(join(repository.root, 'attributes'), '* merge=spy diff=spy filter=spy\n');
        config('core.attributesFile', join(repository.root, 'attributes'));
      },
    ],
    [
      'programs for everything else',
      () => {
        for (const name of 'core.fsmonitor core.sshCommand core.pager core.editor core.askPass core.gitProxy core.alternateRefsCommand gpg.program gpg.ssh.program credential.helper sequence.editor uploadpack.packObjectsHook remote.origin.uploadpack trace2.eventTarget'.split(
          ' ',
        ))
          config(name, program);
        config('commit.gpgSign', 'true');
        config('tag.gpgSign', 'true');
        config('log.showSignature', 'true');
        for (const name of 'update-ref commit-tree merge-tree rev-list apply cat-file worktree'.split(' '))
          config(`alias.${name}`, `!${program}`);
      },
    ],
    [
      'configuration that is included',
      () => {
        writeFileSync(
          join(repository.root, 'more'),
          `[core]\n\tfsmonitor = ${program}\n\thooksPath = ${repository.root}\n[merge "spy"]\n\tdriver = ${program}\n[filter "spy"]\n\tclean = ${program}\n`,
        );
        config('include.path', join(repository.root, 'more'));
        config('includeIf.gitdir:/**.path', join(repository.root, 'more'));
      },
    ],
    [
      'settings that change what git says',
      () => {
        const all =
          'core.quotePath=false core.autocrlf=true core.eol=crlf core.ignoreCase=true core.precomposeUnicode=true core.symlinks=false core.fileMode=false core.whitespace=tab-in-indent core.abbrev=4 core.protectNTFS=false core.protectHFS=false diff.renames=copies diff.noprefix=true diff.mnemonicPrefix=true diff.algorithm=patience diff.context=0 diff.orderFile=/dev/null color.ui=always apply.whitespace=fix apply.ignoreWhitespace=change merge.renames=false merge.renormalize=true merge.conflictStyle=diff3 i18n.commitEncoding=UTF-16 i18n.logOutputEncoding=UTF-16 user.name=Somebody user.email=else@example.org grep.patternType=perl user.useConfigOnly=true log.mailmap=true core.logAllRefUpdates=always push.default=nothing core.bigFileThreshold=1 core.splitIndex=true index.sparse=true core.sparseCheckout=true feature.experimental=true';
        for (const one of all.split(' ')) config(one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1));
      },
    ],
    [
      'a work tree elsewhere',
      () => {
        appendFileSync(
          join(repository.path, 'config'),
          `[core]\n\tbare = false\n\tworktree = ${join(repository.root, 'victim')}\n`,
        );
        mkdirSync(join(repository.root, 'victim'));
        writeFileSync(join(repository.root, 'victim', 'a.py'), 'mine\n');
        repository.origin('symbolic-ref', 'HEAD', 'refs/heads/other');
      },
    ],
    [
      'replaced and grafted commits',
      () => {
        const other = repository
          .git(
            'commit-tree',
            '-m',
            'Other',
            repository.git('mktree').trim() || '4b825dc642cb6eb9a060e54bf8d69288fbee4904',
          )
          .trim();
        repository.git('push', '-q', 'origin', `${other}:refs/heads/else`);
        repository.origin('replace', base, other);
        writeFileSync(join(repository.path, 'info', 'grafts'), `${base}\n`);
      },
    ],
    [
      'objects of another repository',
      () => {
        const other = join(repository.root, 'other.git');
        gitAt(repository.root, 'clone', '-q', '--bare', repository.path, other);
        writeFileSync(join(repository.path, 'objects', 'info', 'alternates'), `${join(other, 'objects')}\n/nowhere\n`);
      },
    ],
    [
      'a promise of objects that lie elsewhere',
      () => {
        config('extensions.partialClone', 'origin');
        config('remote.origin.url', `ext::${program}`);
        config('remote.origin.promisor', 'true');
        config('protocol.ext.allow', 'always');
      },
    ],
  ])('%s', async (_, plant) => {
    plant();
    rmSync(mark, { force: true });
    const before = outside();
    expect(await everything()).toEqual(honest);
    expect(existsSync(mark)).toBe(false);
    expect(outside()).toEqual(before);
  });
});

describe('is told, and changes nothing', () => {
  it.each<[string, () => void, RegExp]>([
    [
      'objects that are gone',
      () => rmSync(join(repository.path, 'objects'), { recursive: true }),
      /not a git repository/,
    ],
    ['a configuration that is none', () => writeFileSync(join(repository.path, 'config'), '[core\n'), /bad config/],
    ['a format of tomorrow', () => config('core.repositoryFormatVersion', '9'), /repo version/],
    [
      'an extension that nobody knows',
      () => config('core.repositoryFormatVersion', '1') + config('extensions.spy', program),
      /unknown.*extension/,
    ],
    [
      'a branch that names no commit',
      () => writeFileSync(join(repository.path, 'refs/heads/main'), `${'1'.repeat(40)}\n`),
      /no branch main|missing|bad/,
    ],
  ])('%s', async (_, plant, said) => {
    plant();
    rmSync(mark, { force: true });
    const opened = openMergeRepository(repository.path, 'main').then((open) =>
      open.tip().then((tip) => open.snapshot(tip)),
    );
    await expect(opened).rejects.toMatchObject({ message: expect.stringMatching(said) });
    expect(existsSync(mark)).toBe(false);
  });
});
