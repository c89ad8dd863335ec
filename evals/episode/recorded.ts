// What a rollout of several steps left behind, read back from the store.
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type EpisodeRecord, episodeName, episodeRecord, episodeTranscript } from '../../contracts/episode.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import { filesOf } from '../single-turn/judge.ts';
import type { RecordedSession } from '../verifiers/judge-task.ts';
import { trailOfAgent } from './trail.ts';

/** @throws AnnealError `store.*` */
export async function episodeOf(
  store: Pick<ArtifactStore, 'get' | 'readNamed'>,
  { campaign }: Pick<RolloutPlan, 'campaign'>,
  rollout: RolloutId,
): Promise<{ readonly record: EpisodeRecord; readonly ref: ArtifactRef } | undefined> {
  const named = await store.readNamed(episodeName(campaign, rollout));
  if (named === undefined) return undefined;
  const ref = artifactRef.parse(parsed(named.bytes));
  return { record: await episodeBy(store, ref), ref };
}

/** @throws AnnealError `store.*` */
export const episodeBy = async (store: Pick<ArtifactStore, 'get'>, ref: ArtifactRef): Promise<EpisodeRecord> =>
  episodeRecord.parse(parsed(await store.get(ref)));

/**
 * What its judges look at. What somebody else's agent did stands in its requests; the loop's own transcript holds all.
 * @param asked completions of its rollout
 * @throws AnnealError `store.*`
 */
export async function sessionOf(
  store: Pick<ArtifactStore, 'get'>,
  { rollout, files, transcript, seconds, harness, completions }: EpisodeRecord,
  asked: readonly CompletionRecord[],
): Promise<RecordedSession> {
  const [handedIn, said] = await Promise.all([filesOf(files, (ref) => store.get(ref)), store.get(transcript)]);
  const session = { rollout, handedIn, seconds, transcript: episodeTranscript.parse(parsed(said)) };
  if (harness !== 'process') return session;
  const own = new Set<string>(completions);
  return {
    ...session,
    trail: trailOfAgent(
      session.transcript,
      asked.filter(({ id }) => own.has(id)),
    ),
  };
}

const parsed = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
