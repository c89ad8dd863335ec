// What a rollout of several steps left behind, read back from the store.
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type EpisodeRecord, episodeName, episodeRecord, episodeTranscript } from '../../contracts/episode.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import type { RolloutPlan } from '../../contracts/plan.ts';
import { filesOf } from '../single-turn/judge.ts';
import type { RecordedSession } from '../verifiers/judge-task.ts';

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

/** What its judges look at. @throws AnnealError `store.*` */
export async function sessionOf(
  store: Pick<ArtifactStore, 'get'>,
  { rollout, files, transcript, seconds }: EpisodeRecord,
): Promise<RecordedSession> {
  const [handedIn, said] = await Promise.all([filesOf(files, (ref) => store.get(ref)), store.get(transcript)]);
  return { rollout, handedIn, seconds, transcript: episodeTranscript.parse(parsed(said)) };
}

const parsed = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
