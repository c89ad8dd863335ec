// Changes to somebody's repository, as commits made from trees: no work tree, no hook, no filter, no program but git's own plumbing.
import { type CommitId, commitId } from '../../contracts/change.ts';
import type { CommitMessage, MadeCommit, MergeRepository } from '../../contracts/merge.ts';
import { tameMessage } from '../../policies/forge-text.ts';
import { type Branch, openBranch } from './branch.ts';
import { idOf, parentOf, storedCommit, treeOf } from './commits.ts';
import { patchBetween, pathsBetween } from './compare.ts';
import { unfit, unlandable } from './failures.ts';
import { mergeTrees } from './merging.ts';
import { messageText, secondsOf } from './message.ts';
import { onForge } from './on-forge.ts';
import { emptyTree, folderOf, gitIn } from './plumbing.ts';
import type { Remote } from './remote.ts';
import { snapshotOf } from './snapshot.ts';
import { treeOfEdits, treeOfPatch } from './trees.ts';
import { clearWorkrooms, inWorkroom, placeOf, WHO, type Workroom } from './workroom.ts';

/**
 * @param path a bare repository; or one with work trees, where none has the branch checked out
 * @param remote whose branch is the one that counts: this one follows it, and what lands is pushed there first
 * @throws AnnealError `merge.repository` where there is no such repository or branch, or nothing can be landed on it
 */
export async function openMergeRepository(path: string, branch: string, remote?: Remote): Promise<MergeRepository> {
  const folder = await folderOf(path, unlandable);
  const real = gitIn(folder, unlandable, WHO);
  const place = await placeOf(folder, real);
  const own = await openBranch(real, folder, branch);
  const onBranch = remote === undefined ? alone(own) : onForge({ own, place, real, remote, branch });
  await clearWorkrooms();
  const room = <Result>(use: (git: Workroom) => Promise<Result>): Promise<Result> => inWorkroom(place, use);

  /** What a forge would act on in a message does nothing there. */
  const worded = (message: CommitMessage): CommitMessage =>
    remote === undefined ? message : { ...message, title: tameMessage(message.title), body: tameMessage(message.body) };
  const made = (
    base: CommitId,
    message: CommitMessage,
    treeIn: (git: Workroom) => Promise<string>,
  ): Promise<MadeCommit> =>
    room(async (git) => {
      await storedCommit(git, base);
      return commit(git, base, await treeIn(git), worded(message));
    });

  return {
    ...onBranch,
    snapshot: (of) => room((git) => snapshotOf(git, of)),
    commitEdits: (base, edits, message) => made(base, message, (git) => treeOfEdits(git, base, edits)),
    commitPatch: (base, patch, message) => made(base, message, (git) => treeOfPatch(git, base, patch)),
    rebase: (of, onto, message) =>
      room(async (git) => {
        const parent = await parentOf(git, of);
        const [from, ours] = [await treeBefore(git, of, parent), await treeOf(git, onto)];
        const merged = await mergeTrees(git, from, ours, await treeOf(git, of));
        if ('conflict' in merged) return { how: 'conflict', paths: merged.conflict };
        if (merged.tree === ours) return { how: 'nothing-left' };
        return { how: 'rebased', ...(await commit(git, onto, merged.tree, worded(message))) };
      }),
    revert: (of, onto, message) =>
      room(async (git) => {
        const back = await treeBefore(git, of, await parentOf(git, of));
        const merged = await mergeTrees(git, await treeOf(git, of), await treeOf(git, onto), back);
        if ('conflict' in merged) return { how: 'conflict', paths: merged.conflict };
        return { how: 'reverted', ...(await commit(git, onto, merged.tree, worded(message), of)) };
      }),
  };
}

/** Nobody else has it. */
const alone = (own: Branch) => ({ ...own, offer: async () => {}, withdraw: async () => {} });

const treeBefore = async (git: Workroom, commit: CommitId, parent: CommitId | null): Promise<string> =>
  parent === null ? emptyTree(commit) : treeOf(git, parent);

/** @throws AnnealError `merge.unfit` where the tree is the parent's */
async function commit(
  git: Workroom,
  parent: CommitId,
  tree: string,
  message: CommitMessage,
  reverts?: CommitId,
): Promise<MadeCommit> {
  const before = await treeOf(git, parent);
  if (tree === before) throw unfit('it leaves all as it was');
  const paths = await pathsBetween(git, before, tree);
  const text = messageText(message, reverts);
  const id = idOf(await git.at(secondsOf(message)).read(['commit-tree', tree, '-p', parent, '-F', '-'], text));
  return { commit: commitId.parse(id), paths, patch: await patchBetween(git, before, tree) };
}
