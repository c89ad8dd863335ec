// The merge path. It alone moves branches, and believes nobody: not the workflow, not the request, not an earlier activity's answer. What lands is
// made anew from the proposed change and the branch, and must be the very commit that was tried.
import { z } from 'zod';
import { type ArtifactRef, artifactRef } from '../contracts/artifact.ts';
import type { AuditLog } from '../contracts/audit.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import {
  type ChangedPath,
  type CheckedChange,
  type CommitId,
  changeId,
  commitId,
  type ProposedChange,
  proposedChange,
} from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import { campaignName, sha256 } from '../contracts/ids.ts';
import { type MergeRequest, mergeRequest } from '../contracts/incident.ts';
import type { MadeCommit, MergeRepository } from '../contracts/merge.ts';
import { incidentKey, landingName, triedCommitName } from '../contracts/names.ts';
import { againstChange } from '../policies/incident.ts';
import { againstRevert } from '../policies/revert.ts';
import type { MergeActivities, Rebased } from './incident-interface.ts';
import type { IncidentPorts, OpenRepository } from './incidents.ts';
import { type DecisionPorts, decisionFor } from './merge-decision.ts';
import { changeIdOf, isOnRecord, messageOf, revertIdOf } from './proposals.ts';

export interface MergePorts extends Pick<IncidentPorts, 'open' | 'check'>, DecisionPorts {
  readonly audit: AuditLog;
  /** The operator's smoke run, in the files of the merged state; undefined: it went well. */
  readonly smoke: (spec: OpenRepository['spec'], files: ReadonlyMap<string, Uint8Array>) => Promise<string | undefined>;
}

export interface Asked extends OpenRepository {
  readonly ref: ArtifactRef;
  readonly request: MergeRequest;
  readonly change: ProposedChange;
  readonly patch: Uint8Array;
}
type Made =
  | Exclude<Rebased, { readonly how: 'rebased' }>
  | ({ readonly how: 'rebased'; readonly tip: CommitId } & MadeCommit);

const tried = z.strictObject({
  ...{ commit: commitId, tip: commitId, change: changeId },
  ok: z.boolean(),
  why: z.string().optional(),
});
type Tried = z.infer<typeof tried>;

/** What a commit lands for, written before the branch moves: whoever finds it there afterwards can say so. */
const landing = z.strictObject({
  ...{ campaign: campaignName, request: artifactRef, decision: sha256.nullable() },
  tag: z.string(),
});
type Landing = z.infer<typeof landing>;

export function createMergeActivities(ports: MergePorts): MergeActivities {
  const { store, audit } = ports;
  const asked = (ref: ArtifactRef): Promise<Asked> => askedFor(ports, ref);

  return {
    async rebaseChange({ request }) {
      const made = await onto(await asked(request));
      return made.how === 'rebased' ? { how: made.how, commit: made.commit, tip: made.tip } : made;
    },

    async tryCommit({ request: ref, commit, tip }) {
      const of = await asked(ref);
      const { spec, git, change } = of;
      // On record by the commit: it must be the change's own, upon what it is compared with.
      const made = await rebased(of, tip);
      if (made.how !== 'rebased' || made.commit !== commit) throw unfit(`${commit} is not what the change makes`);
      const known = await triedBefore(spec.name, commit);
      if (known === undefined) {
        const [before, after] = await Promise.all([git.snapshot(tip), git.snapshot(commit)]);
        const found = await ports.check(before, after);
        const against = found.how === 'none' ? found.why : await againstIt(of, found.checked, made.paths);
        const why = against ?? (await ports.smoke(spec, after));
        const outcome: Tried = {
          ...{ commit, tip, change: change.id },
          ...(why === undefined ? { ok: true } : { ok: false, why }),
        };
        await store.createNamed(triedCommitName(spec.name, commit), canonicalJson(outcome));
      }
      // Of two tries at a time the first is what counts, and what is told.
      const { ok, why = '' } = known ?? (await triedBefore(spec.name, commit))!;
      return ok ? { ok } : { ok, why };
    },

    async landCommit({ request: ref, asked: answer, commit }) {
      const of = await asked(ref);
      const { git, spec, request, change } = of;
      const made = await onto(of);
      if (made.how === 'landed') return { how: 'already', commit: made.commit, tag: await settle(of, made.commit) };
      if (made.how !== 'rebased') return { how: 'moved', tip: await git.tip() };
      const decision = await decisionFor(ports, { ...of, made }, answer);
      const before = await triedBefore(spec.name, commit);
      if (before?.ok !== true || before.change !== change.id)
        throw unfit(`${commit} has no record of tests that it passed`);
      if (made.commit !== commit) {
        if (before.tip === made.tip) throw unfit(`${commit} is not what the change makes`);
        return { how: 'moved', tip: made.tip };
      }
      const { incident, campaign } = request;
      const lands: Landing = { campaign: campaign ?? incident, request: ref, decision, tag: tagOf(of) };
      await store.createNamed(landingName(spec.name, commit), canonicalJson(lands));
      const landed = await git.land(commit, change.id);
      return landed.how === 'moved' ? landed : { ...landed, tag: await settle(of, landed.commit) };
    },
  };

  async function onto(of: Asked): Promise<Made> {
    const { means } = of.change.by;
    const commit = await of.git.landed(of.change.id, means.kind === 'revert' ? means.commit : undefined);
    return commit === null ? rebased(of, await of.git.tip()) : { how: 'landed', commit };
  }

  /** The same change upon the same commit makes the same commit, whoever asks. */
  async function rebased({ git, change, patch, request }: Asked, tip: CommitId): Promise<Made> {
    const message = messageOf(change, request.at);
    const { means } = change.by;
    if (means.kind === 'revert') {
      // What takes a change back is made of the trees alone; of something that never landed, or is a revert itself, nothing is.
      if ((await git.landed(means.of)) !== means.commit) throw unfit(`${means.commit} is not where ${means.of} landed`);
      const made = await reverted(git, means.commit, tip, message);
      if (made.how === 'conflict') return { how: 'conflict', paths: [...made.paths] };
      return made.how === 'reverted' ? { ...made, how: 'rebased', tip } : { how: 'nothing-left', tip };
    }
    const own = await git.commitPatch(change.base, patch, message);
    const made = await git.rebase(own.commit, tip, message);
    if (made.how === 'rebased') return { ...made, tip };
    return made.how === 'conflict' ? { how: 'conflict', paths: [...made.paths] } : { how: 'nothing-left', tip };
  }

  /** Of a change by its tests alone; of what takes one back by what others lose by it. */
  async function againstIt(
    { change, request }: Asked,
    checked: CheckedChange,
    paths: readonly ChangedPath[],
  ): Promise<string | undefined> {
    const { means } = change.by;
    if (means.kind !== 'revert') return againstChange(checked, []);
    const known = await store.readNamed(incidentKey(request.incident, `requests/${means.of}`));
    const first = known && (await ports.documents.read(mergeRequest, artifactRef.parse(jsonOf(known.bytes))));
    return againstRevert(checked, paths.flatMap(touched), first?.checked.failToPass ?? []);
  }

  /**
   * What follows a landing, as often as it takes: by what was written before it, whoever asks now.
   * @returns the tag
   */
  async function settle({ git, spec, change, request }: Asked, commit: CommitId): Promise<string> {
    const found = await store.readNamed(landingName(spec.name, commit));
    const lands = found === undefined ? undefined : landing.parse(jsonOf(found.bytes));
    if (lands !== undefined) {
      const { campaign, request, decision } = lands;
      const event = { what: 'change-landed', campaign, repository: spec.name, change: change.id, commit } as const;
      await audit.note(`landed:${change.id}`, { ...event, request, decision });
    }
    // What people have brought to the branch themselves is theirs to answer for; it gets a name all the same.
    const tag = lands?.tag ?? tagOf({ change, request });
    try {
      await git.tag(tag, commit);
      return tag;
    } catch (failure) {
      if (!(failure instanceof AnnealError) || failure.code !== 'merge.tag_taken') throw failure;
      // It has landed, and whoever has taken the name must not hide that.
      const other = `${tag}-${commit.slice(0, 12)}`;
      await git.tag(other, commit);
      return other;
    }
  }

  async function triedBefore(repository: OpenRepository['spec']['name'], commit: CommitId): Promise<Tried | undefined> {
    const found = await store.readNamed(triedCommitName(repository, commitId.parse(commit)));
    return found === undefined ? undefined : tried.parse(jsonOf(found.bytes));
  }
}

const tagOf = ({ change, request }: Pick<Asked, 'change' | 'request'>): string =>
  `anneal/${request.incident}${change.by.means.kind === 'revert' ? '-reverted' : ''}`;

export const touched = ({ path, from }: ChangedPath): string[] => (from === null ? [path] : [path, from]);

type Reverted = Awaited<ReturnType<MergeRepository['revert']>> | { readonly how: 'nothing-left' };

async function reverted(
  git: MergeRepository,
  commit: CommitId,
  tip: CommitId,
  message: ReturnType<typeof messageOf>,
): Promise<Reverted> {
  try {
    return await git.revert(commit, tip, message);
  } catch (failure) {
    // Somebody has taken it back already.
    if (failure instanceof AnnealError && failure.message.includes('leaves all as it was'))
      return { how: 'nothing-left' };
    throw failure;
  }
}

/** A request with all that it names, as far as it holds together. @throws AnnealError `merge.unfit` */
export async function askedFor(
  { store, documents, open }: Pick<MergePorts, 'store' | 'documents' | 'open'>,
  ref: ArtifactRef,
): Promise<Asked> {
  const request = await documents.read(mergeRequest, ref);
  const change = await documents.read(proposedChange, request.proposal);
  const { repository, base, patch } = change;
  if (change.id !== request.change || repository !== request.repository)
    throw unfit(`the request names ${request.change}, its proposal is ${change.id}`);
  const { means } = change.by;
  const id =
    means.kind === 'revert'
      ? revertIdOf({ repository, reverts: means.commit })
      : changeIdOf({ repository, base, patch: patch.sha256 });
  if (id !== change.id) throw unfit(`what is proposed as ${change.id} is another change`);
  if (!(await isOnRecord(store, request.incident, request.proposal)))
    throw unfit(`${request.incident} has proposed no such change`);
  return { ref, request, change, patch: await store.get(patch), ...(await open(repository)) };
}

const unfit = (why: string): AnnealError => new AnnealError('merge.unfit', why);
const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
