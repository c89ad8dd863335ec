// The log of a campaign's trainings, attempt by attempt: what their pods say, and of pods that are gone what they left in the store.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtifactStore } from '../../contracts/artifact.ts';
import { type AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { CampaignName } from '../../contracts/ids.ts';
import type { Pod } from '../cluster/objects.ts';
import type { Cluster } from '../cluster/request.ts';
import { ATTEMPT, JOB } from '../labels.ts';
import { followPods, type PodsSource, podsOf, readPod } from './pods-log.ts';
import { restOfLog } from './rest-of-log.ts';

export interface LogOf {
  readonly cluster: Cluster;
  readonly store: ArtifactStore;
  readonly namespace: string;
  readonly campaign: CampaignName;
  /** What cannot be read any more, in words. */
  readonly onGap: (what: string) => void;
  /** What went wrong and is done without, or tried again. */
  readonly onTrouble: (trouble: AnnealError) => void;
}
/** Attempts are told one after the other; `source` is the attempt, with its rank where there are several. */
export interface TrainingLine {
  readonly source: string;
  readonly text: string;
}

interface Attempt {
  readonly job: string;
  readonly round: number;
  readonly number: number;
}

const CONTAINER = 'trainer';
const INDEX = 'batch.kubernetes.io/job-completion-index';
const LOOK_MS = 3_000;
const WIDELY_MS = 30_000;
/** What was told of an attempt last, to find the place in what its pod left; more than what is compared, since a pod's words may cross. */
const REMEMBERED = 1_000;

/** What has been said so far. Where the cluster cannot be asked, what is in the store. */
export async function* readTrainingLog(of: LogOf): AsyncGenerator<TrainingLine> {
  let isAway = false;
  for (const attempt of await attemptsOf(of)) {
    const asked = isAway ? Promise.resolve([]) : fromPods(of, attempt);
    const told = await asked.catch((failure: unknown) => {
      // Not asked again for each attempt: each time it would be waited for.
      isAway = true;
      of.onTrouble(asAnnealError(failure));
      return [];
    });
    yield* told;
    if (told.length > 0) continue;
    for (const text of await keptOf(of, attempt)) yield { source: nameOf(attempt), text };
  }
}

async function fromPods(of: LogOf, attempt: Attempt): Promise<TrainingLine[]> {
  const source = podsSource(of, attempt);
  const pods = await podsOf(of.cluster, source);
  const told: TrainingLine[] = [];
  for (const pod of pods) {
    for (const text of await readPod(of.cluster, source, pod))
      told.push({ source: nameOf(attempt, pods.length > 1 ? pod : undefined), text });
  }
  return told;
}

/** Every line once, from the first attempt on, until the signal. */
export async function* followTrainingLog(of: LogOf, signal: AbortSignal): AsyncGenerator<TrainingLine> {
  const done = new Set<string>();
  while (!signal.aborted) {
    const next = (await attemptsOf(of)).find((attempt) => !done.has(nameOf(attempt)));
    if (next === undefined) {
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
      continue;
    }
    yield* followAttempt(of, next, signal);
    done.add(nameOf(next));
  }
}

async function* followAttempt(of: LogOf, attempt: Attempt, signal: AbortSignal): AsyncGenerator<TrainingLine> {
  const told: string[] = [];
  /** Rank 0's log is what is left in the store. */
  let isWhole = false;
  const options = {
    signal,
    isOver: overOf(of, attempt),
    onGap: (what: string, pod: Pod): void => {
      if (rankOf(pod) === 0) isWhole = false;
      of.onGap(what);
    },
    onTrouble: of.onTrouble,
  };
  for await (const { pod, text } of followPods(of.cluster, podsSource(of, attempt), options)) {
    const rank = rankOf(pod);
    if (rank === 0) {
      if (told.length === 0) isWhole = true;
      told.push(text);
      if (told.length > 2 * REMEMBERED) told.splice(0, REMEMBERED);
    }
    yield { source: nameOf(attempt, rank === 0 ? undefined : pod), text };
  }
  if (signal.aborted || isWhole) return;
  for (const text of restOfLog(told, await keptOf(of, attempt))) yield { source: nameOf(attempt), text };
}

/** Its job has a result, or another attempt has begun since. */
function overOf(of: LogOf, { job, round, number }: Attempt): () => Promise<boolean> {
  const isLater = (other: Attempt): boolean => other.round > round || (other.round === round && other.number > number);
  let widely = 0;
  return async () => {
    if ((await of.store.readNamed(`jobs/${job}/result`)) !== undefined) return true;
    if ((await attemptsOf(of, `jobs/${job}/attempts/`)).some(isLater)) return true;
    // A round that was given up has a later one; the names of all rounds are many.
    if (performance.now() < widely) return false;
    widely = performance.now() + WIDELY_MS;
    return (await attemptsOf(of)).some(isLater);
  };
}

/** Those that have begun, oldest first: each is noted in the store before anything is created for it. */
async function attemptsOf({ store, campaign }: LogOf, prefix = `jobs/${campaign}-r`): Promise<Attempt[]> {
  const keys = await store.listNamed(prefix);
  const begun = new RegExp(`^jobs/(${campaign}-r(\\d+)-[a-z]+)/attempts/(\\d+)/begun$`);
  const found = keys.flatMap((key): Attempt[] => {
    const [, job, round, number] = begun.exec(key) ?? [];
    return job === undefined ? [] : [{ job, round: Number(round), number: Number(number) }];
  });
  return found.sort((one, other) => one.round - other.round || one.number - other.number);
}

async function keptOf({ store }: LogOf, { job, number }: Attempt): Promise<string[]> {
  const found = await store.readNamed(`jobs/${job}/attempts/${number}/log`);
  if (found === undefined) return [];
  const lines = new TextDecoder().decode(found.bytes).split('\n');
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

const podsSource = ({ namespace }: LogOf, { job, number }: Attempt): PodsSource => ({
  namespace,
  labels: { [JOB]: job, [ATTEMPT]: `${number}` },
  container: CONTAINER,
});

const rankOf = ({ metadata }: Pod): number => Number(metadata.labels[INDEX] ?? 0);
const nameOf = ({ job, number }: Attempt, pod?: Pod): string =>
  pod === undefined ? `${job}-a${number}` : `${job}-a${number} rank ${rankOf(pod)}`;
