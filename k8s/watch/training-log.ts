// The log of a campaign's trainings, attempt by attempt: what their pods say, and of pods that are gone what they left in the store.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
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
    const { lines, before, after } = await keptOf(of, attempt);
    if (before !== undefined) of.onGap(before);
    for (const text of lines) yield { source: nameOf(attempt), text };
    if (after !== undefined) of.onGap(after);
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
  const { lines, after } = await keptOf(of, attempt);
  for (const text of restOfLog(told, lines)) yield { source: nameOf(attempt), text };
  if (after !== undefined) of.onGap(after);
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

interface Kept {
  readonly lines: readonly string[];
  /** What the store lacks, in words. */
  readonly before?: string | undefined;
  readonly after?: string | undefined;
}

/** Of `attempts/N/log-end`, which a pod leaves behind its whole log (trainer/anneal_trainer/podlog.py). */
const logEnd = z.object({ bytes: z.number() });

async function keptOf({ store }: LogOf, attempt: Attempt): Promise<Kept> {
  const left = `jobs/${attempt.job}/attempts/${attempt.number}`;
  const found = await store.readNamed(`${left}/log`);
  // Nothing was said yet, or nobody will ever know: its next attempt tells.
  if (found === undefined) return { lines: [] };
  const all = new TextDecoder().decode(found.bytes).split('\n');
  const lines = all.at(-1) === '' ? all.slice(0, -1) : all;
  const name = nameOf(attempt);
  const end = await store.readNamed(`${left}/log-end`);
  if (end === undefined) {
    const after = `the log of ${name} may lack its end: its pod was killed before it could leave the rest, or is still at work`;
    return { lines, after };
  }
  const { bytes } = logEnd.parse(JSON.parse(new TextDecoder().decode(end.bytes)));
  if (bytes <= found.bytes.length) return { lines };
  return {
    lines,
    before: `the log of ${name} lacks its beginning: of ${bytes} bytes the last ${found.bytes.length} were kept`,
  };
}

const podsSource = ({ namespace }: LogOf, { job, number }: Attempt): PodsSource => ({
  namespace,
  labels: { [JOB]: job, [ATTEMPT]: `${number}` },
  container: CONTAINER,
});

const rankOf = ({ metadata }: Pod): number => Number(metadata.labels[INDEX] ?? 0);
const nameOf = ({ job, number }: Attempt, pod?: Pod): string =>
  pod === undefined ? `${job}-a${number}` : `${job}-a${number} rank ${rankOf(pod)}`;
