// Releases: what users get, moved only by a signed decision, one compare-and-swap at a time.
//
//   released/<base>            the pointer, with its history
//   release-decisions/<hash>   which manifest a decision was spent on; made before the pointer moves, so that a repeated
//                              call goes on with that manifest and a decision can never be spent on another
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import type { AuditLog } from '../../contracts/audit.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import { FACTS, type Identity } from '../../contracts/gate.ts';
import { type Sha256, sha256 } from '../../contracts/ids.ts';
import type { Releases } from '../../contracts/ports.ts';
import { type ReleaseBody, type ReleasedPointer, releasedPointer } from '../../contracts/release.ts';
import { hashOf as hashOfBytes } from '../audit/names.ts';
import type { ByteSignature, Signer } from '../identity/local.ts';
import { checkAgainstEvidence } from './evidence.ts';
import { readManifest, writeManifest } from './manifest.ts';
import { rollbackTarget } from './rollback.ts';
import { openSealed } from './sealed.ts';

/** An identity that can sign manifests too. */
export interface ReleaseIdentity extends Identity {
  signBytes(bytes: Uint8Array | string): ByteSignature;
  verifyBytes(bytes: Uint8Array | string, signed: ByteSignature): Signer;
}

type PublishInput = Parameters<Releases['publish']>[0];

/**
 * The registry of releases in a store. Every effect verifies its signed decision again, whatever a workflow believes.
 *
 * `publish` throws `decision.*` or `gate.expired` for a decision that does not cover exactly this release, `store.not_found`
 * when one of its files is missing, and `release.conflict` when another release came between.
 */
export function createReleases(store: ArtifactStore, identity: ReleaseIdentity, audit: AuditLog): Releases {
  async function publish(input: PublishInput): Promise<ArtifactRef> {
    const manifest = await published(input);
    const { campaign, policy, decision } = input.body;
    const of = {
      campaign,
      base: policy.base,
      policy: policy.name,
      manifest: manifest.sha256,
      decision: hashOf(decision),
    };
    await audit.note(`released:${manifest.sha256}`, { what: 'released', ...of });
    return manifest;
  }

  async function published({ body, context, acceptedAt, evidence }: PublishInput): Promise<ArtifactRef> {
    const spentOn = await readSpent(body);
    if (spentOn !== undefined && (await pointerOf(body.policy.base)).pointer?.history.some(isEntry(spentOn))) {
      return spentOn;
    }
    const { decision, seconds } = body;
    await identity.verifyAll({ decision, acceptedAt: acceptedAt.toISOString(), seconds }, context);
    const { name, adapter, weights, base } = body.policy;
    await checkAgainstEvidence(store, {
      kind: 'release',
      option: 'release',
      // The bytes as well as the name.
      facts: [
        { name: FACTS.policy, value: name },
        ...(adapter === null ? [] : [{ name: FACTS.adapter, value: adapter.sha256 }]),
        ...(weights === undefined ? [] : [{ name: FACTS.weights, value: weights.manifest.sha256 }]),
      ],
      decision: body.decision,
      context,
      evidence,
    });
    if (body.campaign !== context.campaign)
      throw new AnnealError('decision.other_run', `the release is of ${body.campaign}, not ${context.campaign}`);
    for (const { object } of body.exports) {
      if (!(await store.has(object))) throw new AnnealError('store.not_found', `${object.uri} is not in the store`);
    }
    const { pointer, tag } = await pointerOf(base);
    const manifest = spentOn ?? (await spend({ ...body, previous: pointer?.manifest?.sha256 ?? null }));
    return move(manifest, tag, pointer);
  }

  /** The manifest that this decision was spent on earlier. @throws AnnealError `decision.replayed` when that was another release */
  async function readSpent(body: PublishInput['body']): Promise<ArtifactRef | undefined> {
    const spent = await store.readNamed(spentName(body));
    if (spent === undefined) return undefined;
    const ref = artifactRef.parse(JSON.parse(text(spent.bytes)));
    const earlier = await readManifest(store, identity, ref);
    const same =
      canonicalJson(earlier.body.decision) === canonicalJson(body.decision) &&
      canonicalJson(earlier.body.policy) === canonicalJson(body.policy);
    if (!same) throw new AnnealError('decision.replayed', `the decision released ${earlier.body.policy.name} already`);
    return ref;
  }

  async function spend(body: ReleaseBody): Promise<ArtifactRef> {
    const ref = await writeManifest(store, identity, body);
    if (await store.createNamed(spentName(body), canonicalJson(ref))) return ref;
    // Another try of the same decision was quicker: its manifest is the one.
    const quicker = await readSpent(body);
    if (quicker === undefined) throw new AnnealError('internal.bug', `${spentName(body)} vanished`);
    return quicker;
  }

  async function move(
    ref: ArtifactRef,
    tag: string | null,
    pointer: ReleasedPointer | undefined,
  ): Promise<ArtifactRef> {
    if (pointer?.history.some(isEntry(ref))) return ref;
    const { body } = await readManifest(store, identity, ref);
    const { name, base } = body.policy;
    const conflict = new AnnealError(
      'release.conflict',
      `${name} was to replace another release than ${pointer?.policy ?? 'none'}, which is current`,
    );
    if ((pointer?.manifest?.sha256 ?? null) !== body.previous) throw conflict;
    const next: ReleasedPointer = {
      schema: 'anneal/released/v1',
      base,
      policy: name,
      manifest: ref,
      history: [
        ...(pointer?.history ?? []),
        { policy: name, manifest: ref, at: new Date().toISOString(), how: 'release' },
      ],
    };
    if (await store.swapNamed(pointerName(base), tag, canonicalJson(next))) return ref;
    // Lost the race; fine if the winner was another try of this same release.
    if ((await pointerOf(base)).pointer?.history.some(isEntry(ref))) return ref;
    throw conflict;
  }

  async function rollback(base: string, to?: string): Promise<{ pointer: ReleasedPointer; moved: boolean }> {
    const { pointer, tag } = await pointerOf(base);
    if (pointer === undefined) throw new AnnealError('release.nothing_to_roll_back', `nothing of ${base} is released`);
    const target = rollbackTarget(pointer, to);
    if (target === undefined) return { pointer, moved: false };
    if (target.manifest !== null) await readManifest(store, identity, target.manifest);
    const entry = { ...target, at: new Date().toISOString(), how: 'rollback' as const };
    const asked = { base, from: pointer.policy, to: target.policy, by: identity.approver };
    // Before the pointer moves: whoever is killed in between has asked, and the same command asks no second time.
    await audit.note(`rollback:${base}:${pointer.history.length}:${target.policy}`, {
      what: 'rollback-asked',
      ...asked,
    });
    const next = { ...pointer, policy: entry.policy, manifest: entry.manifest, history: [...pointer.history, entry] };
    if (await store.swapNamed(pointerName(base), tag, canonicalJson(next))) return { pointer: next, moved: true };
    // Lost the race; fine if the winner was another try of this same rollback.
    const now = (await pointerOf(base)).pointer;
    const last = now?.history.at(-1);
    if (now !== undefined && last?.how === 'rollback' && last.policy === target.policy)
      return { pointer: now, moved: false };
    throw new AnnealError('release.conflict', `the release of ${base} changed meanwhile`);
  }

  async function pointerOf(base: string): Promise<{ pointer: ReleasedPointer | undefined; tag: string | null }> {
    const found = await store.readNamed(pointerName(base));
    if (found === undefined) return { pointer: undefined, tag: null };
    const parsed = releasedPointer.safeParse(JSON.parse(text(found.bytes)));
    if (!parsed.success || parsed.data.base !== base) {
      throw new AnnealError('store.corrupt_object', `${pointerName(base)} is not a release pointer`);
    }
    return { pointer: parsed.data, tag: found.tag };
  }

  return {
    publish,
    rollback,

    async current(base) {
      const { pointer } = await pointerOf(base);
      if (pointer === undefined) return undefined;
      if (pointer.manifest === null) return pointer;
      const { body } = await readManifest(store, identity, pointer.manifest);
      if (body.policy.name !== pointer.policy) {
        throw new AnnealError('store.corrupt_object', `${pointerName(base)} and its manifest name different versions`);
      }
      return pointer;
    },

    async openSealed(request) {
      const { root, number } = await openSealed(store, identity, request);
      const { taskSet, decision, context } = request;
      const by = { taskSet: taskSet.sha256, split: sha256.parse(root), number };
      const of = { campaign: context.campaign, ...by, decision: hashOf(decision) };
      await audit.note(`sealed:${root}:${number}`, { what: 'sealed-opened', ...of });
    },
  };
}

const hashOf = (value: unknown): Sha256 => hashOfBytes(canonicalJson(value));

const pointerName = (base: string): string => `released/${base}`;

/** By hash: a decision's id may hold characters that a name may not. */
function spentName(body: PublishInput['body']): string {
  return `release-decisions/${hashOfBytes(body.decision.body.id)}`;
}

const isEntry =
  (ref: ArtifactRef) =>
  (entry: ReleasedPointer['history'][number]): boolean =>
    entry.how === 'release' && entry.manifest?.sha256 === ref.sha256;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
