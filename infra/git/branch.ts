// The one branch that changes land on, in the real repository: nothing is written here but names of commits.
import { type ChangeId, type CommitId, commitId } from '../../contracts/change.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { MergeRepository } from '../../contracts/merge.ts';
import { parseStored, storedCommit } from './commits.ts';
import { unfit, unlandable } from './failures.ts';
import { clearDeadLocks, lockIn, mendLock } from './locks.ts';
import { changeLine, type Trailers, trailersIn } from './message.ts';
import { firstLine, type Git } from './plumbing.ts';
import { readObjects } from './snapshot.ts';

export interface Branch extends Pick<MergeRepository, 'tip' | 'landed' | 'tag'> {
  /** @param publish makes it known elsewhere before the branch moves here; false: another commit came first there */
  land(
    commit: CommitId,
    change: ChangeId,
    publish?: (from: CommitId) => Promise<boolean>,
  ): ReturnType<MergeRepository['land']>;
  /** Moves the branch forwards to a commit that is there. @throws AnnealError `forge.diverged` where that is no later state of it */
  follow(to: CommitId): Promise<void>;
}

/** As often another commit may come first before this is told; each time is looked at anew. */
const TRIES = 10;
/** How long git itself waits for a lock. */
const PATIENT = ['-c', 'core.filesRefLockTimeout=2000'];

/** @throws AnnealError `merge.repository` where there is no such branch, or it may not be moved */
export async function openBranch(git: Git, folder: string, name: string): Promise<Branch> {
  const ref = `refs/heads/${name}`;
  if ((await git.ask(['check-ref-format', ref])).code !== 0) throw unlandable(`${JSON.stringify(name)} is no branch`);
  const { code, out } = await git.ask(['symbolic-ref', '-q', ref]);
  if (code === 0) throw unlandable(`the branch ${name} is another name of ${out.toString().trim()}`);

  const at = async (of: string): Promise<CommitId | null> => {
    const found = await git.ask(['show-ref', '--verify', '--hash', of]);
    return found.code === 0 ? commitId.parse(found.out.toString().trim()) : null;
  };
  const tip = async (): Promise<CommitId> => {
    const commit = await at(ref);
    if (commit === null) throw unlandable(`it has no branch ${name}`);
    return commit;
  };
  /** Where a commit with these trailers stands: the first, should people have copied it. */
  async function standing(wanted: Trailers & { readonly change: ChangeId }, from: CommitId): Promise<CommitId | null> {
    const words = ['--encoding=UTF-8', '--fixed-strings', `--grep=${changeLine(wanted.change)}`];
    const ids = (await git.read(['rev-list', ...words, from])).toString().split('\n').filter(Boolean);
    if (ids.length === 0) return null;
    const read = await readObjects(git, ids);
    const isIt = (id: string): boolean => {
      const { change, reverts } = trailersIn(parseStored(read.get(id)!.toString('utf8')).message);
      return change === wanted.change && reverts === wanted.reverts;
    };
    const id = ids.reverse().find(isIt);
    return id === undefined ? null : commitId.parse(id);
  }

  /** @returns whether it was moved */
  async function move(of: string, to: CommitId, from: string): Promise<boolean> {
    const moved = await git.ask([...PATIENT, 'update-ref', '--no-deref', '-m', 'anneal: land', of, to, from]);
    if (moved.code === 0) return true;
    if ((await at(of)) !== (/^0+$/.test(from) ? null : from)) return false;
    const lock = lockIn(moved.said, folder);
    if (lock === undefined) throw unlandable(`git update-ref: ${firstLine(moved.said)}`);
    await mendLock(lock, folder);
    return false;
  }

  const { refuseCheckedOut, refuseMissing } = checks(git, name, ref);
  await tip();
  await refuseCheckedOut();
  await clearDeadLocks(folder, ref);
  return {
    tip,
    landed: async (change, reverts) => standing({ change, ...(reverts && { reverts }) }, await tip()),
    async land(commit, change, publish) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const from = await tip();
        const { parents, message } = await storedCommit(git, commit);
        const trailers = trailersIn(message);
        if (trailers.change !== change) throw unfit(`${commit} does not say that it is the change ${change}`);
        const there = await standing({ ...trailers, change }, from);
        if (there !== null) {
          await clearDeadLocks(folder, ref);
          return { how: 'already', commit: there };
        }
        if (parents.length !== 1) throw unfit(`${commit} has ${parents.length} parents`);
        if (parents[0] !== from) return { how: 'moved', tip: from };
        await refuseCheckedOut();
        await refuseMissing(commit, from);
        if (publish !== undefined && !(await publish(from))) return { how: 'moved', tip: from };
        if (await move(ref, commit, from)) return { how: 'landed', commit };
      }
      throw new AnnealError('merge.locked', `${name} was locked at every one of ${TRIES} tries`);
    },
    async follow(to) {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const from = await tip();
        if (from === to) return;
        if ((await git.ask(['merge-base', '--is-ancestor', from, to])).code !== 0)
          throw new AnnealError(
            'forge.diverged',
            `${name} is at ${from.slice(0, 12)} and the forge at ${to.slice(0, 12)}, which is no later state of it`,
          );
        await refuseCheckedOut();
        if (await move(ref, to, from)) return;
      }
      throw new AnnealError('merge.locked', `${name} was locked at every one of ${TRIES} tries`);
    },
    async tag(tagName, commit) {
      const full = `refs/tags/${tagName}`;
      const isName = !tagName.startsWith('-') && (await git.ask(['check-ref-format', full])).code === 0;
      if (!isName) throw unfit(`${JSON.stringify(tagName)} is no name of a tag`);
      await storedCommit(git, commit);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const there = await at(full);
        if (there !== null) {
          // In this order: one that came into being between two looks is no tag at nothing.
          const { out } = await git.ask(['rev-parse', '--verify', '--quiet', '--end-of-options', `${there}^{commit}`]);
          const id = out.toString().trim();
          if (id === commit) return;
          throw new AnnealError('merge.tag_taken', `${tagName} stands at ${id || 'no commit'}`);
        }
        if (await move(full, commit, '0'.repeat(commit.length))) return;
      }
      throw new AnnealError('merge.locked', `the tag ${tagName} was locked at every one of ${TRIES} tries`);
    },
  };
}

function checks(git: Git, name: string, ref: string) {
  return {
    /** Its files would stay what they were, and whoever works there would take back what has landed. */
    async refuseCheckedOut(): Promise<void> {
      const records = (await git.read(['worktree', 'list', '--porcelain', '-z'])).toString('utf8').split('\0\0');
      const one = records.find((record) => record.split('\0').includes(`branch ${ref}`));
      if (one === undefined) return;
      const where = /(?:^|\0)worktree ([^\0]*)/.exec(one)?.[1];
      throw unlandable(
        `the branch ${name} is checked out in ${where}: landing would leave that work tree behind it; name a bare repository, or run git switch --detach there`,
      );
    },
    /** A commit that lay for weeks may have been cleared away in part, since nothing referred to it. */
    async refuseMissing(commit: CommitId, from: CommitId): Promise<void> {
      const { code, said } = await git.ask(['rev-list', '--objects', '--quiet', commit, `^${from}`]);
      if (code !== 0) throw unfit(`objects of ${commit} are gone: ${firstLine(said)}`);
    },
  };
}
