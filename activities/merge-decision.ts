// Whether a change may land: what it touches is looked at again, and where a human's yes is needed, this is it. Nothing is taken from whoever
// asks but the name of what was shown: gate, campaign and run stand in that, and the answer is the one on record.
import { createHash } from 'node:crypto';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../contracts/artifact.ts';
import { canonicalJson } from '../contracts/canonical.ts';
import type { ProposedChange } from '../contracts/change.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type Evidence, evidence as evidenceSchema, FACTS, type Identity } from '../contracts/gate.ts';
import { type Sha256, sha256 } from '../contracts/ids.ts';
import { type MergeRequest, reviewed as reviewedSchema } from '../contracts/incident.ts';
import type { MadeCommit } from '../contracts/merge.ts';
import { reviewName, specName } from '../contracts/names.ts';
import type { RepositorySpec } from '../contracts/repositories.ts';
import { asksOf, sameChange } from '../policies/incident.ts';
import { judgePaths } from '../policies/path-policy.ts';
import { readAnswer } from './gates.ts';
import type { QueuedMerge } from './incident-interface.ts';
import type { Documents } from './read.ts';

export interface DecisionPorts {
  readonly store: ArtifactStore;
  readonly documents: Documents;
  readonly identity: Identity;
}

export interface ToDecide {
  /** The request's own object: a decision is about exactly that. */
  readonly ref: ArtifactRef;
  readonly request: MergeRequest;
  readonly change: ProposedChange;
  readonly patch: Uint8Array;
  readonly spec: RepositorySpec;
  readonly made: MadeCommit;
}

/**
 * @returns the decision's hash, null where none is needed
 * @throws AnnealError `merge.unfit`; `decision.*` and `gate.expired` where a human's yes is needed and this is none
 */
export async function decisionFor(
  ports: DecisionPorts,
  of: ToDecide,
  asked: QueuedMerge['asked'],
): Promise<Sha256 | null> {
  const { change, patch, spec, made } = of;
  const paths = judgePaths(made.paths, spec.paths);
  const refused = paths.filter(({ standing }) => standing === 'refused');
  if (refused.length > 0) throw new AnnealError('merge.unfit', `${refused[0]!.path}: ${refused[0]!.why}`);
  if (!sameChange(bytesAsText(patch), bytesAsText(made.patch)))
    throw new AnnealError('merge.unfit', 'on the branch as it is now the change is another one');
  const reviewed = await reviewOf(ports.store, of.request);
  const [why] = asksOf({ change, paths, reviewed, ask: spec.ask });
  return why === undefined ? null : verified(ports, of, why, asked);
}

async function verified(
  { store, documents, identity }: DecisionPorts,
  { ref, request, change }: ToDecide,
  why: string,
  asked: QueuedMerge['asked'],
): Promise<Sha256> {
  if (asked === null) throw none(`nobody has decided on it, and it needs a decision: ${why}`);
  const shown = await documents.read(evidenceSchema, asked.evidence);
  const { gate, campaign, runChain, options } = shown;
  if (!isAbout(shown, ref, request, change)) throw none(`${gate} was not about this change`);
  const answer = await readAnswer(store, gate);
  if (answer === undefined) throw none(`${gate} is not answered`);
  if (answer.how !== 'decided') throw none(`${gate} is ${answer.how}: nobody has decided on it`);
  // By what was signed: the words around a signature are anybody's.
  const said = answer.decision.body.option;
  if (said !== 'merge') throw none(`the decision on ${gate} is ${said}, not merge`);
  for (const owner of await ownersOf(store, documents, request))
    await identity.verifyAll(answer, {
      ...{ campaign, runChain, gate, evidenceHash: sha256.parse(asked.evidence.sha256), owner },
      options: options.map(({ name }) => name),
    });
  return sha256.parse(createHash('sha256').update(canonicalJson(answer.decision)).digest('hex'));
}

/** Shown was this request, with the patch that would land, under the name that the incident's gates have. */
function isAbout(shown: Evidence, ref: ArtifactRef, request: MergeRequest, change: ProposedChange): boolean {
  const attached = (name: string): string[] =>
    shown.attachments.filter((one) => one.name === name).map(({ object }) => object.sha256);
  const isOnly = (all: readonly string[], one: string): boolean => all.length === 1 && all[0] === one;
  return (
    shown.kind === 'merge' &&
    shown.campaign === (request.campaign ?? request.incident) &&
    shown.gate.startsWith(`${request.incident}.merge-`) &&
    isOnly(
      shown.facts.filter(({ name }) => name === FACTS.change).map(({ value }) => value),
      change.id,
    ) &&
    isOnly(attached('merge request'), ref.sha256) &&
    isOnly(attached('change.patch'), change.patch.sha256)
  );
}

/** Whose own answers may not count: whom the request names, and who owns the campaign by its own specification. */
async function ownersOf(store: ArtifactStore, documents: Documents, request: MergeRequest): Promise<Set<string>> {
  const owners = new Set([request.owner]);
  const named = request.campaign === null ? undefined : await store.readNamed(specName(request.campaign));
  if (named !== undefined) owners.add((await documents.spec(artifactRef.parse(JSON.parse(utf8(named.bytes))))).owner);
  return owners;
}

/** What was said is on record; what a request says of it is not asked. */
async function reviewOf(store: ArtifactStore, { proposal }: MergeRequest): Promise<MergeRequest['reviewed']> {
  const found = await store.readNamed(reviewName(proposal.sha256));
  if (found === undefined) throw new AnnealError('merge.unfit', 'nobody was asked to review it');
  return reviewedSchema.parse(JSON.parse(utf8(found.bytes)));
}

const none = (why: string): AnnealError => new AnnealError('decision.not_verified', why);
const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
/** One letter for each byte: what is no UTF-8 is compared as well. */
const bytesAsText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
