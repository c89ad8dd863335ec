// What rollouts of a round left, from the pool and the store. The sealed split's are never shown: a look at it is a human's decision.
import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { ArtifactRef, ArtifactStore, Held } from '../../contracts/artifact.ts';
import {
  type EpisodeRecord,
  type EpisodeTranscript,
  episodeRecord,
  episodeTranscript,
} from '../../contracts/episode.ts';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { type CampaignName, rolloutId } from '../../contracts/ids.ts';
import { type Judgement, judgement } from '../../contracts/judgement.ts';
import type { CompletionRecord, Trajectory } from '../../contracts/trajectory.ts';
import type { ConsolePorts } from '../ports.ts';

export interface Episode {
  readonly record: EpisodeRecord;
  readonly transcript: EpisodeTranscript | undefined;
}

/** Something that lies in the store: itself, or why it cannot be read. */
export type Readable<T> = { readonly value: T } | { readonly value?: undefined; readonly why: AnnealError };

export interface LookedAtRollout {
  readonly trajectory: Trajectory;
  readonly completions: readonly CompletionRecord[];
  readonly artifact: Readable<Uint8Array> | undefined;
  readonly episode: Readable<Episode> | undefined;
  /** What the reward rests on: a judgement, or another verifier's own record. */
  readonly evidence: Readable<Judgement | string> | undefined;
}

/** `g2` before `g10`. */
const IN_ORDER = new Intl.Collator('en', { numeric: true });

/** Those of every purpose but the sealed one, by id. */
export async function rolloutsOf(
  { pool }: Pick<ConsolePorts, 'pool'>,
  campaign: CampaignName,
  round: number,
): Promise<readonly Trajectory[]> {
  const all = await (await pool()).trajectories(`${campaign}/r${round}/`);
  return all
    .filter(({ purpose, split }) => purpose !== 'sealed' && split !== 'sealed')
    .toSorted((a, b) => IN_ORDER.compare(a.rollout, b.rollout));
}

/** @throws AnnealError `console.no_page` where there is none, or none that may be shown */
export async function lookAtRollout(
  { pool, store }: Pick<ConsolePorts, 'pool' | 'store'>,
  campaign: CampaignName,
  round: number,
  rest: string,
): Promise<LookedAtRollout> {
  const id = rolloutId.safeParse(`${campaign}/r${round}/${rest}`);
  const none = new AnnealError('console.no_page', `no rollout is called ${campaign}/r${round}/${rest}`);
  if (!id.success || rest.startsWith('sealed.')) throw none;
  const gateway = await pool();
  const [found, asked] = await Promise.all([gateway.trajectories(id.data), gateway.completions(id.data)]);
  // Prefixes: s1 finds s10 too.
  const trajectory = found.find(({ rollout }) => rollout === id.data);
  if (trajectory === undefined || trajectory.split === 'sealed') throw none;
  const completions = asked.filter(({ rollout }) => rollout === id.data).toSorted((a, b) => a.index - b.index);
  const { artifact, episode, reward } = trajectory;
  return {
    trajectory,
    completions,
    artifact: artifact && (await readable(() => bytesOf(store, artifact))),
    episode: episode && (await readable(() => episodeOf(store, episode))),
    evidence: reward && (await readable(async () => evidenceOf(await bytesOf(store, reward.evidence)))),
  };
}

async function readable<T>(read: () => Promise<T>): Promise<Readable<T>> {
  try {
    return { value: await read() };
  } catch (failure) {
    return { why: asAnnealError(failure) };
  }
}

async function bytesOf(store: Pick<ArtifactStore, 'get'>, held: Held): Promise<Uint8Array> {
  if (!('text' in held)) return store.get(held);
  const digest = createHash('sha256').update(held.text).digest('hex');
  if (digest !== held.sha256) throw new AnnealError('store.corrupt_object', 'the text is not what its hash says');
  return new TextEncoder().encode(held.text);
}

async function episodeOf(store: Pick<ArtifactStore, 'get'>, ref: ArtifactRef): Promise<Episode> {
  const record = await document(store, episodeRecord, ref);
  const transcript = await document(store, episodeTranscript, record.transcript).catch(() => undefined);
  return { record, transcript };
}

async function document<S extends z.ZodType>(
  store: Pick<ArtifactStore, 'get'>,
  schema: S,
  ref: ArtifactRef,
): Promise<z.infer<S>> {
  return schema.parse(JSON.parse(new TextDecoder().decode(await store.get(ref))));
}

function evidenceOf(bytes: Uint8Array): Judgement | string {
  const text = new TextDecoder().decode(bytes);
  try {
    const content: unknown = JSON.parse(text);
    const known = judgement.safeParse(content);
    return known.success ? known.data : JSON.stringify(content, undefined, 2);
  } catch {
    return text;
  }
}
