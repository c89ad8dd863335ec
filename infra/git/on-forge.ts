// A branch whose other copy, at a forge, is the one that counts. Before anything is asked of it this one follows; what lands is pushed there first,
// by lease, and moves here only after: whoever dies between leaves it landed there, where the next who looks finds it.
import type { ChangeId, CommitId } from '../../contracts/change.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { changeBranch } from '../../contracts/forge.ts';
import type { MergeRepository } from '../../contracts/merge.ts';
import type { Branch } from './branch.ts';
import { parseStored } from './commits.ts';
import { trailersIn } from './message.ts';
import type { Git } from './plumbing.ts';
import { openRemote, type Remote } from './remote.ts';
import type { Place } from './workroom.ts';

type OnForge = Pick<MergeRepository, 'tip' | 'landed' | 'land' | 'tag' | 'offer' | 'withdraw'>;

export function onForge(of: {
  readonly own: Branch;
  readonly place: Place;
  readonly real: Git;
  readonly remote: Remote;
  readonly branch: string;
}): OnForge {
  const { own, real } = of;
  const there = openRemote(of.place, of.remote);
  const ref = `refs/heads/${of.branch}`;

  async function follow(): Promise<CommitId> {
    const known = await own.tip();
    const tip = await there.fetch(ref, known);
    if (tip === null) throw new AnnealError('forge.not_found', `the forge has no branch ${of.branch}`);
    await own.follow(tip);
    return tip;
  }

  /** Of a branch of ours at the forge; somebody may have pushed to it. */
  async function isOurs(commit: CommitId, change: ChangeId): Promise<boolean> {
    const { code, out } = await real.ask(['cat-file', 'commit', commit]);
    return code === 0 && trailersIn(parseStored(out.toString('utf8')).message).change === change;
  }

  async function offer(commit: CommitId, change: ChangeId): Promise<void> {
    const name = `refs/heads/${changeBranch(change)}`;
    const now = await there.fetch(name, await own.tip());
    if (now === commit) return;
    if (now !== null && !(await isOurs(now, change)))
      throw new AnnealError('forge.rejected', `somebody else pushed to ${changeBranch(change)}: it is left as it is`);
    if (!(await there.push({ ref: name, to: commit, expect: now })) && (await there.at(name)) !== commit)
      throw new AnnealError('forge.unavailable', `${changeBranch(change)} moved while it was pushed to`);
  }

  return {
    tip: follow,
    async landed(change, reverts) {
      await follow();
      return own.landed(change, reverts);
    },
    async land(commit, change) {
      await follow();
      const landed = await own.land(commit, change, async (from) => {
        // A forge takes a request for merged when what its branch names is on the branch that it is for.
        await offer(commit, change).catch((failure: unknown) => {
          if (!(failure instanceof AnnealError) || failure.code !== 'forge.rejected') throw failure;
        });
        return (await pushed(commit, from)) === commit;
      });
      return landed.how === 'moved' ? { how: 'moved', tip: await follow() } : landed;
    },
    async tag(name, commit) {
      await own.tag(name, commit);
      const full = `refs/tags/${name}`;
      if (await there.push({ ref: full, to: commit, expect: null }).catch((failure: unknown) => lost(failure))) return;
      const at = await there.at(full);
      if (at === null) throw new AnnealError('forge.unavailable', `the tag ${name} did not come to the forge`);
      if (at !== commit) throw new AnnealError('merge.tag_taken', `${name} stands at ${at} at the forge`);
    },
    offer,
    async withdraw(change) {
      const name = `refs/heads/${changeBranch(change)}`;
      const now = await there.fetch(name, await own.tip());
      if (now !== null && (await isOurs(now, change))) await there.push({ ref: name, to: null, expect: now });
    },
  };

  /** @returns where the branch is then; another commit where that came first */
  async function pushed(commit: CommitId, from: CommitId): Promise<CommitId | null> {
    try {
      if (await there.push({ ref, to: commit, expect: from })) return commit;
    } catch (failure) {
      lost(failure);
    }
    // Its answer may be what was lost.
    return there.at(ref).then((at) => {
      if (at === from) throw new AnnealError('forge.unavailable', `${of.branch} did not move, and nobody says why`);
      return at;
    });
  }

  /** What may have been done all the same is looked at again; anything else is told. */
  function lost(failure: unknown): false {
    if (failure instanceof AnnealError && failure.code === 'forge.unavailable') return false;
    throw failure;
  }
}
