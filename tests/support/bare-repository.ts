// Repositories to land changes in: real ones, made by the real git, as people make them.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ChangeId, type CommitId, changeId, commitId } from '../../contracts/change.ts';
import type { CommitMessage } from '../../contracts/merge.ts';

export interface BareRepository {
  /** Holds the others: `origin.git`, and `work`, its clone, where people commit. */
  readonly root: string;
  readonly path: string;
  readonly work: string;
  readonly format: 'sha1' | 'sha256';
  /** Of the work tree; what it wrote. */
  git(...args: string[]): string;
  /** Of the bare one. */
  origin(...args: string[]): string;
  /** Writes files (null: removes one), commits them, pushes `main`, and names the commit. */
  commit(message: string, files: Readonly<Record<string, string | Uint8Array | null>>): CommitId;
  remove(): void;
}

const ENVIRONMENT = {
  ...{ PATH: '/usr/local/bin:/usr/bin:/bin', HOME: '/nonexistent', GIT_CONFIG_GLOBAL: '/dev/null', LC_ALL: 'C' },
  ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org' },
  ...{ GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org' },
  // The same commits have the same ids each time.
  ...{ GIT_AUTHOR_DATE: '@1900000000 +0000', GIT_COMMITTER_DATE: '@1900000000 +0000' },
};

export const gitAt = (folder: string, ...args: string[]): string =>
  execFileSync('git', ['-C', folder, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: ENVIRONMENT,
  });

export function bareRepository(
  files: Readonly<Record<string, string>> = { 'a.py': 'one\ntwo\nthree\n' },
  format: 'sha1' | 'sha256' = 'sha1',
): BareRepository {
  const root = mkdtempSync(join(tmpdir(), 'anneal-bare-'));
  const [path, work] = [join(root, 'origin.git'), join(root, 'work')];
  gitAt(root, 'init', '-q', '--bare', '-b', 'main', `--object-format=${format}`, path);
  gitAt(root, 'init', '-q', '-b', 'main', `--object-format=${format}`, work);
  const git = (...args: string[]): string => gitAt(work, ...args);
  git('remote', 'add', 'origin', path);
  const repository: BareRepository = {
    ...{ root, path, work, format, git },
    origin: (...args) => gitAt(path, ...args),
    commit(message, changed) {
      for (const [name, content] of Object.entries(changed)) {
        mkdirSync(dirname(join(work, name)), { recursive: true });
        rmSync(join(work, name), { recursive: true, force: true });
        if (content !== null) writeFileSync(join(work, name), content);
      }
      git('add', '-A');
      git('commit', '-q', '-m', message);
      git('push', '-q', 'origin', 'main');
      return commitId.parse(git('rev-parse', 'HEAD').trim());
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
  repository.commit('First', files);
  return repository;
}

/** A link in the work tree, for the next commit. */
export const linkIn = ({ work }: BareRepository, path: string, to: string): void => symlinkSync(to, join(work, path));

/** A program that leaves a mark; whoever runs it is found out. */
export function spy(root: string): { readonly program: string; readonly mark: string } {
  const [program, mark] = [join(root, 'spy'), join(root, 'mark')];
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> ${mark}\ncat\n`);
  chmodSync(program, 0o755);
  return { program, mark };
}

export const aChange = (number = 1): ChangeId => changeId.parse(number.toString(16).padStart(64, '0'));
export const message = (over: Partial<CommitMessage> = {}): CommitMessage => ({
  ...{ title: 'A change', body: 'Why.', at: '2031-02-03T04:05:06.789Z' },
  ...over,
});
