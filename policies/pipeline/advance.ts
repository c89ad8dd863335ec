// What happens next in a campaign whose rollouts overlap with training: from what is durable, what is seen and the time, the next record.
// The scheduler decides; here its decisions become records, with the version that each group began with, so that whoever reads the record
// after a crash decides the same. Nothing is done here: what has to run, to be cancelled and to be trained on follows from the record.
import type {
  GiveUpReason,
  PipelineCounts,
  PipelineGroup,
  PipelineRecord,
  PipelineStep,
  RoundSpans,
} from '../../contracts/pipeline.ts';
import type { RolloutRecord } from '../../contracts/scheduler.ts';
import { createScheduler } from '../schedulers/scheduler.ts';
import { admittedReplacements } from './replacements.ts';

/** How a running group ended: with rollouts that may train, or with none. */
export interface GroupEnd {
  readonly trainable: boolean;
  /** Mean tokens of its rollouts. */
  readonly length: number;
  /** When, in seconds since the epoch, where somebody heard it; else it is when it was seen. */
  readonly at?: number | undefined;
}

export interface Seen {
  /** Seconds since the epoch. */
  readonly now: number;
  /** Rounds that are done. */
  readonly version: number;
  /** The number of the version that rollouts begin with now, and that the next round trains from. */
  readonly policy: number;
  /** Groups that have ended, by position. */
  readonly ended: ReadonlyMap<number, GroupEnd>;
  /** Nothing is started or taken: an evaluation, or servers that move. */
  readonly hold?: boolean;
  /** The campaign has no more rounds: what is open is given up. */
  readonly closing?: boolean;
  /** When rounds that are done trained and were measured. */
  readonly spans?: RoundSpans;
}

export interface Advanced {
  readonly record: PipelineRecord;
  /** What has ended and left the record. */
  readonly retired: { readonly groups: readonly PipelineGroup[]; readonly spans: readonly RoundSpans[] };
  /** Groups that began now; their plans are still to be written. */
  readonly begun: readonly number[];
  /** Groups of the next round, in the order they are trained on; empty unless that was decided now. */
  readonly taken: readonly number[];
  /** Nothing is open, and nothing will come. */
  readonly drained: boolean;
  /** Seconds until it is worth to look again, whatever is heard meanwhile. */
  readonly lookAfter: number;
}

/** Time that nobody watched counts as this much at most, or a worker that was away would find every group hung. */
const LONGEST_GAP_SECONDS = 300;
/** For groups whose workflow ended without a word. */
const LOOK_SECONDS = 120;

const OPEN: ReadonlySet<PipelineGroup['state']> = new Set(['running', 'ready', 'failed', 'hung']);
const IN_STEP: ReadonlySet<PipelineGroup['state']> = new Set(['training', 'trained']);

/** The first record of a campaign, which may begin after rounds that another one played. */
export function firstRecord(
  of: Pick<PipelineRecord, 'campaign' | 'scheduler'> & {
    readonly rounds: number;
    readonly version: number;
    readonly now: number;
    /** For each round at most; nothing that is lost is replaced unless given. */
    readonly replacements?: number;
  },
): PipelineRecord {
  const done = of.version * of.scheduler.batch;
  return {
    schema: 'anneal/pipeline/v1',
    ...{ campaign: of.campaign, scheduler: of.scheduler, version: of.version },
    clock: { seconds: 0, seenAt: of.now },
    // As many as the rounds train on, and more only for what is lost.
    enqueued: of.rounds * of.scheduler.batch,
    ...(of.replacements === undefined ? {} : { replacements: { perRound: of.replacements, admitted: 0 } }),
    settled: { positions: done, trained: done },
    ...{ groups: [], spans: [] },
  };
}

export function advance(before: PipelineRecord, seen: Seen): Advanced {
  const clock = {
    seconds: before.clock.seconds + Math.min(Math.max(0, seen.now - before.clock.seenAt), LONGEST_GAP_SECONDS),
    seenAt: Math.max(seen.now, before.clock.seenAt),
  };
  const scheduler = createScheduler(before.scheduler, {
    ...{ enqueued: before.enqueued, version: before.version, closed: true, settled: before.settled },
    rollouts: before.groups.map(asRollout),
  });
  const more = new Map(before.groups.map((group) => [group.position, { ...group }]));

  const giveUp = (position: number, reason: GiveUpReason): void => {
    const told = reason === 'failed' || reason === 'hung' || reason === 'expired' ? reason : 'failed';
    if (!scheduler.apply({ kind: 'tombstoned', position, reason: told })) return;
    const group = more.get(position)!;
    group.gaveUp = { reason, version: Math.max(seen.version, before.version) };
    group.ended ??= seen.now;
  };
  let { replacements } = before;
  const replace = (): void => {
    if (replacements === undefined || seen.closing) return;
    const { positions, trained } = before.settled;
    const lost = positions - trained + [...more.values()].filter(({ gaveUp }) => gaveUp !== undefined).length;
    const admitted = admittedReplacements(replacements, { version: Math.max(seen.version, before.version), lost });
    scheduler.apply({ kind: 'enqueued', count: admitted - replacements.admitted });
    replacements = { ...replacements, admitted };
  };

  // In the order in which it happened: what had ended while a round trained was ready before its version was there.
  for (const [position, end] of seen.ended) {
    const group = more.get(position);
    if (group?.state !== 'running') continue;
    group.ended = Math.max(group.began, Math.min(end.at ?? seen.now, seen.now));
    scheduler.apply(end.trainable ? { kind: 'finished', position, length: end.length } : { kind: 'failed', position });
  }
  let { step, previous } = before;
  if (seen.version > before.version) {
    scheduler.apply({ kind: 'trained', version: seen.version });
    previous = step;
    step = undefined;
  }
  // A round that is played again has what it had; what follows it waits until it is done again.
  const hold = seen.hold === true || previous?.round === seen.version + 1;
  // Versions are numbered upwards: one above the newest of its line was left behind.
  for (const { position, state, policy } of more.values())
    if (OPEN.has(state) && policy > seen.policy) giveUp(position, 'reverted');
  if (seen.closing) for (const one of [...scheduler.rollouts()]) if (OPEN.has(one.state)) giveUp(one.position, 'ended');

  const begun: number[] = [];
  const taken: number[] = [];
  for (let settled = false; !settled; ) {
    replace();
    const { start, train, tombstone } = scheduler.decide(clock.seconds);
    for (const { position, reason } of tombstone) giveUp(position, reason);
    settled = tombstone.length === 0;
    if (!settled || hold || seen.closing) continue;
    for (const position of start) {
      scheduler.apply({ kind: 'started', position, at: clock.seconds });
      const began = { began: seen.now, policy: seen.policy };
      more.set(position, { position, state: 'running', version: seen.version, startedAt: clock.seconds, ...began });
      begun.push(position);
    }
    if (train.length > 0 && step === undefined) {
      scheduler.apply({ kind: 'taken', positions: train });
      taken.push(...train);
    }
    settled = start.length + train.length === 0 || (start.length === 0 && step !== undefined);
  }

  const groups = [...scheduler.rollouts()].map((one): PipelineGroup => ({ ...more.get(one.position)!, ...one }));
  // Told again, they are the same: by a repeated move, or by a round that was played again.
  const others = before.spans.filter(({ round }) => round !== seen.spans?.round);
  const spans = [...others, ...(seen.spans === undefined ? [] : [seen.spans])];
  const { version } = scheduler.counts();
  const { kept, retired, settled } = shed(groups, before.settled, version);
  const { waiting, running, ready, training } = scheduler.counts();
  const due = (scheduler.nextTimeout() ?? Number.POSITIVE_INFINITY) - clock.seconds;
  return {
    record: {
      ...{ schema: before.schema, campaign: before.campaign, scheduler: before.scheduler, clock, version, settled },
      ...{ enqueued: before.enqueued + replacedNow(before, replacements), groups: kept },
      ...(replacements === undefined ? {} : { replacements }),
      spans: spans.filter(({ round }) => round >= version),
      ...(step === undefined ? {} : { step }),
      ...(previous === undefined ? {} : { previous }),
      ...(before.archive === undefined ? {} : { archive: before.archive }),
    },
    retired: { groups: retired, spans: spans.filter(({ round }) => round < version) },
    ...{ begun, taken },
    lookAfter: Math.max(1, Math.min(LOOK_SECONDS, due)),
    drained: (waiting === 0 || seen.closing === true) && running + ready + training === 0,
  };
}

/** What the round after `version` trains on, by whoever has finished so many; undefined until that is decided. */
export function stepAfter(version: number, { step, previous }: PipelineRecord): PipelineStep | undefined {
  return [previous, step].find((one) => one?.round === version + 1);
}

const replacedNow = (before: PipelineRecord, now: PipelineRecord['replacements']): number =>
  (now?.admitted ?? 0) - (before.replacements?.admitted ?? 0);

/** The oldest that have ended before the present version: they say nothing of what comes. */
function shed(groups: readonly PipelineGroup[], before: PipelineRecord['settled'], version: number) {
  const ended = (group: PipelineGroup): boolean =>
    group.state === 'trained' ||
    (group.gaveUp !== undefined && group.gaveUp.version < version && group.version < version);
  let count = 0;
  while (count < groups.length && groups[count]!.position === before.positions + count && ended(groups[count]!))
    count += 1;
  const retired = groups.slice(0, count);
  const trained = before.trained + retired.filter(({ state }) => state === 'trained').length;
  return { retired, kept: groups.slice(count), settled: { positions: before.positions + count, trained } };
}

/** Running ones: the level that whoever drives the record brings about, whatever it has done before. */
export const runningOf = ({ groups }: Pick<PipelineRecord, 'groups'>): PipelineGroup[] =>
  groups.filter(({ state }) => state === 'running');

/** Those that the next round trains on, in their order. */
export const inTraining = ({ groups }: Pick<PipelineRecord, 'groups'>): PipelineGroup[] =>
  groups.filter(({ state }) => state === 'training').sort((a, b) => a.taken!.order - b.taken!.order);

export function countsOf(record: PipelineRecord): PipelineCounts {
  const count = (...states: PipelineGroup['state'][]): number =>
    record.groups.filter(({ state }) => states.includes(state)).length;
  const { positions, trained } = record.settled;
  return {
    scheduler: record.scheduler.kind,
    waiting: record.enqueued - positions - record.groups.length,
    ...{ running: count('running', 'failed', 'hung'), ready: count('ready'), training: count('training') },
    trained: trained + count('trained'),
    givenUp: positions - trained + count('tombstoned', 'expired'),
  };
}

/** The round that trained on a group; undefined of one that was not taken. */
export const roundOf = ({ state, taken }: PipelineGroup): number | undefined =>
  IN_STEP.has(state) && taken !== undefined ? taken.version + 1 : undefined;

function asRollout({ position, state, version, startedAt, length, taken }: PipelineGroup): RolloutRecord {
  return {
    ...{ position, state, version, startedAt },
    ...(length === undefined ? {} : { length }),
    ...(taken === undefined ? {} : { taken }),
  };
}
