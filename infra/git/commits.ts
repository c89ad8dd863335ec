// Commits as git stores them.
import { type CommitId, commitId } from '../../contracts/change.ts';
import { unfit } from './failures.ts';
import type { Git } from './plumbing.ts';

export interface StoredCommit {
  readonly parents: readonly string[];
  readonly message: string;
}

export function parseStored(text: string): StoredCommit {
  const gap = text.indexOf('\n\n');
  const headers = text.slice(0, gap).split('\n');
  const parents = headers.filter((line) => line.startsWith('parent ')).map((line) => line.slice('parent '.length));
  return { parents, message: text.slice(gap + 2) };
}

/** @throws AnnealError `merge.unfit` where there is no such commit */
export async function storedCommit(git: Git, commit: CommitId): Promise<StoredCommit> {
  const { code, out } = await git.ask(['cat-file', 'commit', commitId.parse(commit)]);
  if (code !== 0) throw unfit(`there is no commit ${commit}`);
  return parseStored(out.toString('utf8'));
}

/** @returns null of a commit that nothing is before @throws AnnealError `merge.unfit` of a merge */
export async function parentOf(git: Git, commit: CommitId): Promise<CommitId | null> {
  const { parents } = await storedCommit(git, commit);
  if (parents.length > 1) throw unfit(`${commit} is a merge`);
  return parents[0] === undefined ? null : commitId.parse(parents[0]);
}

export const idOf = (out: Buffer): string => out.toString('latin1').trim();
export const treeOf = async (git: Git, commit: CommitId): Promise<string> =>
  idOf(await git.read(['rev-parse', '--verify', '--end-of-options', `${commit}^{tree}`]));
