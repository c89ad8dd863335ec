// Rollouts of several steps before a gateway, with a folder of their own anew for each test of the file that asks for them: played, judged, and
// read back as they are kept.
import { beforeEach, vi } from 'vitest';
import type { Documents } from '../../activities/read.ts';
import { createTrainingActivities } from '../../activities/training.ts';
import type { ArtifactRef } from '../../contracts/artifact.ts';
import {
  type EpisodeRecord,
  type EpisodeTranscript,
  episodeRecord,
  episodeTranscript,
} from '../../contracts/episode.ts';
import { batchSample, type JobRunner } from '../../contracts/job.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import { type EpisodeOptions, openEpisode } from './episode.ts';
import { temporaryFolder } from './gateway.ts';
import { inActivity } from './in-activity.ts';
import { scriptedSpec } from './scripted-activities.ts';
import type { UsedGateway } from './use-gateway.ts';

export type OpenedEpisode = Awaited<ReturnType<typeof openEpisode>>;

export interface JudgedEpisode {
  readonly trajectory: Trajectory;
  readonly episode: EpisodeRecord;
  readonly transcript: EpisodeTranscript;
}

export interface UsedEpisodes {
  /** Holds the store. */
  readonly folder: string;
  open(of: Pick<EpisodeOptions, 'harness'> & Partial<EpisodeOptions>): Promise<OpenedEpisode>;
  generate(made: OpenedEpisode, index?: number, signal?: AbortSignal): Promise<unknown>;
  grade(made: OpenedEpisode, index?: number): Promise<unknown>;
  /** The first of them, judged. */
  judged(made: OpenedEpisode): Promise<JudgedEpisode>;
  /** The first of them, played and judged. */
  played(made: OpenedEpisode): Promise<JudgedEpisode>;
  /** What a round trains on: all of them were played and judged. */
  batch(made: OpenedEpisode, from?: number): ReturnType<typeof assemble>;
}

/** Sandboxes start slowly where the machine is busy. */
const PATIENCE_MS = 120_000;

export function useEpisodes(used: UsedGateway): UsedEpisodes {
  vi.setConfig({ testTimeout: PATIENCE_MS });
  let folder: string;

  beforeEach(async () => {
    const made = await temporaryFolder();
    used.defer(async () => made[Symbol.asyncDispose]());
    folder = made.path;
  });

  const episodes: UsedEpisodes = {
    get folder() {
      return folder;
    },
    open: (of) => openEpisode({ gatewayUrl: used.gateway.url, gateway: used.client, folder, ...of }),
    generate: ({ activities, at }, index = 0, signal?) =>
      inActivity(() => activities.generate({ ...at, index }), signal),
    grade: ({ activities, at }, index = 0) => inActivity(() => activities.grade({ ...at, index })),
    async judged(made) {
      await episodes.grade(made);
      const [trajectory] = await used.client.trajectories(made.planned[0]!.id);
      const read = async (ref: ArtifactRef): Promise<unknown> =>
        JSON.parse(Buffer.from(await made.store.get(ref)).toString());
      const episode = episodeRecord.parse(await read(trajectory!.episode!));
      return {
        ...{ trajectory: trajectory!, episode },
        transcript: episodeTranscript.parse(await read(episode.transcript)),
      };
    },
    async played(made) {
      await episodes.generate(made);
      return episodes.judged(made);
    },
    batch: (made, from = made.plan.policy.number) => assemble(made, used, from),
  };
  return episodes;
}

/** @param from the number of the version that is trained */
async function assemble(made: OpenedEpisode, used: UsedGateway, from: number) {
  const written: unknown[] = [];
  const documents = {
    plan: async () => made.plan,
    spec: async () => ({ ...scriptedSpec('demo'), harness: made.plan.harness }),
    profile: async () => undefined,
    write: async (value: unknown) => {
      written.push(value);
      return made.at.plan;
    },
  } as unknown as Documents;
  const training = createTrainingActivities({
    ...{ store: made.store, documents, gateway: used.client, jobs: {} as JobRunner },
  });
  const policy = { ...made.plan.policy, number: from };
  const { document, ledger } = await training.assembleBatch({
    ...{ spec: made.at.plan, plan: made.at.plan, round: 1, from: policy, to: from + 1 },
  });
  const text = Buffer.from(await made.store.get(document!.inputs.batch)).toString();
  return {
    lines: text
      .trim()
      .split('\n')
      .map((line) => batchSample.parse(JSON.parse(line))),
    ledger,
    /** Documents, in the order of writing: the account of the rollouts comes first. */
    written,
  };
}

/** As a model writes it that knows calls as text alone. */
export const toolCall = (name: string, args: object): string =>
  `\`\`\`tool\n${JSON.stringify({ name, arguments: args })}\n\`\`\`\n`;
