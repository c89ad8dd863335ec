// Where trees and commits are made: a folder that git takes for a repository, with a configuration of ours and an index of its own, over
// the objects of the real one. Whatever the real one's configuration names (merge drivers cannot be overruled one by one) is not even read.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { forgetDeadTemporary, makeTemporaryFolder } from '../process/work-folder.ts';
import { unlandable } from './failures.ts';
import { type Failed, type Git, gitIn } from './plumbing.ts';

export interface Place {
  /** The real repository's. */
  readonly folder: string;
  readonly format: string;
  /** Who may write its objects: git's `core.sharedRepository`, where it is set. */
  readonly shared: string | undefined;
}

const NAME = 'merge';
/** One allocation of git's: what unpacks to more was made to. */
const MOST_MEMORY = '256m';

/** @param git with the real repository's configuration */
export async function placeOf(folder: string, git: Git): Promise<Place> {
  const said = (await git.read(['rev-parse', '--show-object-format', '--is-shallow-repository', '--git-common-dir']))
    .toString()
    .split('\n');
  const [format = '', shallow, common = ''] = said;
  if (!/^sha(1|256)$/.test(format)) throw unlandable(`its objects are named by ${format}`);
  if (shallow !== 'false') throw unlandable('it is shallow, and what has landed cannot be seen: git fetch --unshallow');
  if (common !== folder) throw unlandable(`${folder} belongs to the repository ${common}; name that one`);
  const { code, out } = await git.ask(['config', '--get', 'core.sharedRepository']);
  const shared = out.toString().trim();
  const isKnown = code === 0 && /^(group|all|world|everybody|true|umask|false|[0-7]{1,4})$/.test(shared);
  return { folder, format, shared: isKnown ? shared : undefined };
}

/** What earlier ones were killed in. */
export const clearWorkrooms = (): Promise<void> => forgetDeadTemporary(NAME);

/** Git in a workroom, with an empty index; nothing of it but objects outlives the call. */
export async function inWorkroom<Result>(place: Place, use: (git: Workroom) => Promise<Result>): Promise<Result> {
  const folder = await makeTemporaryFolder(NAME);
  try {
    await Promise.all(['refs', 'objects'].map((name) => mkdir(join(folder, name))));
    const core = [
      'repositoryformatversion = 1',
      'bare = true',
      ...(place.shared ? [`sharedRepository = ${place.shared}`] : []),
    ];
    const config = [
      '[core]',
      ...core.map((line) => `\t${line}`),
      '[extensions]',
      `\tobjectformat = ${place.format}`,
      '',
    ];
    await writeFile(join(folder, 'config'), config.join('\n'));
    await writeFile(join(folder, 'HEAD'), 'ref: refs/heads/none\n');
    const environment = {
      GIT_OBJECT_DIRECTORY: join(place.folder, 'objects'),
      GIT_INDEX_FILE: join(folder, 'index'),
      GIT_ALLOC_LIMIT: MOST_MEMORY,
    };
    const made = (more: Readonly<Record<string, string>> = {}): Git =>
      gitIn(folder, unlandable, { ...environment, ...more });
    return await use({
      ...made(),
      at: (seconds) => made(signedAt(seconds)),
      abroad: (failed, more, wallMs) => gitIn(folder, failed, { ...environment, ...more }, wallMs),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export interface Workroom extends Git {
  /** For commits: who makes them, and when (Unix time), so that the same input gives the same commit. */
  at(seconds: number): Git;
  /** For what goes to another machine, with an environment of its own. */
  abroad(failed: Failed, more: Readonly<Record<string, string>>, wallMs: number): Git;
}

/** Of those whom commits and the branch's log name. */
export const WHO: Readonly<Record<string, string>> = {
  GIT_AUTHOR_NAME: 'Anneal',
  GIT_AUTHOR_EMAIL: 'anneal@localhost',
  GIT_COMMITTER_NAME: 'Anneal',
  GIT_COMMITTER_EMAIL: 'anneal@localhost',
};

const signedAt = (seconds: number): Readonly<Record<string, string>> => ({
  ...WHO,
  GIT_AUTHOR_DATE: `@${seconds} +0000`,
  GIT_COMMITTER_DATE: `@${seconds} +0000`,
});
