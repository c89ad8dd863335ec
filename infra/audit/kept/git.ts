// A branch of a repository with a commit for each head. It is only ever added to: a push that would lose somebody else's commit is refused by
// git, and made anew upon theirs.
import { randomUUID } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HeadPlace, HeadPlaceSpec } from '../../../contracts/audit-heads.ts';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { firstLine, type Git, gitIn } from '../../git/plumbing.ts';
import { headsIn, unkept } from './lines.ts';

/** Others push at the same time. */
const TRIES = 5;

const ENVIRONMENT = {
  // What plumbing forbids, since it works on repositories that nobody vouches for: this one is named by whoever runs the worker.
  GIT_ALLOW_PROTOCOL: 'file:https:ssh',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  ...{ GIT_AUTHOR_NAME: 'Anneal', GIT_AUTHOR_EMAIL: 'audit@anneal.invalid' },
  ...{ GIT_COMMITTER_NAME: 'Anneal', GIT_COMMITTER_EMAIL: 'audit@anneal.invalid' },
};

/** @param folder of the home: what was fetched lies there, so that the next look fetches what is new */
export function branchOfHeads(
  { repository, branch }: Omit<Extract<HeadPlaceSpec, { kind: 'git' }>, 'kind'>,
  folder: string,
): HeadPlace {
  const where = /^[a-z]+:\/\//.test(repository) ? new URL(repository).host : repository;
  const name = `the branch ${branch} of ${where}`;
  const failed = (why: string, cause?: unknown) => unkept(name, why.replaceAll(repository, where), cause);
  const git = gitIn(folder, failed, { ...ENVIRONMENT, HOME: homedir() });

  async function ready(): Promise<void> {
    if (await access(join(folder, 'HEAD')).then(isThere, () => false)) return;
    await mkdir(folder, { recursive: true });
    await git.read(['init', '--quiet', '--bare', folder]);
  }

  /** Fetches the branch under a name of this call's own. */
  async function fetched<T>(use: (git: Git, tip: string | undefined) => Promise<T>): Promise<T> {
    await ready();
    const own = `refs/kept/${randomUUID()}`;
    const listed = (await git.read(['ls-remote', '--heads', repository, `refs/heads/${branch}`])).toString().trim();
    if (listed === '') return use(git, undefined);
    const quiet = ['-c', 'gc.auto=0', '-c', 'maintenance.auto=false'];
    await git.read([
      ...quiet,
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-write-fetch-head',
      repository,
      `refs/heads/${branch}:${own}`,
    ]);
    try {
      return await use(git, (await git.read(['rev-parse', own])).toString().trim());
    } finally {
      await git.ask(['update-ref', '-d', own]);
    }
  }

  return {
    name,
    async keep(head) {
      const text = canonicalJson(head);
      for (let tries = 1; ; tries += 1) {
        const said = await fetched(async (at, tip) => {
          const blob = idOf(await at.read(['hash-object', '-w', '--stdin'], `${text}\n`));
          const tree = idOf(await at.read(['mktree'], `100644 blob ${blob}\thead.json\n`));
          const parent = tip === undefined ? [] : ['-p', tip];
          const message = `Head ${head.body.number} of the audit log\n\n${text}\n`;
          const commit = idOf(await at.read(['commit-tree', tree, ...parent, '-F', '-'], message));
          const pushed = await at.ask(['push', '--quiet', '--porcelain', repository, `${commit}:refs/heads/${branch}`]);
          return pushed.code === 0 ? undefined : pushed.said || pushed.out.toString();
        });
        if (said === undefined) return;
        if (tries === TRIES) throw failed(`it took no commit: ${firstLine(said)}`);
      }
    },
    heads: () =>
      fetched(async (at, tip) =>
        tip === undefined
          ? { heads: [], strange: 0 }
          : headsIn((await at.read(['log', '--first-parent', '--reverse', '--format=%b', tip])).toString('utf8')),
      ),
  };
}

const isThere = (): boolean => true;
const idOf = (out: Buffer): string => out.toString('latin1').trim();
