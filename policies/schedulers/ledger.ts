// The state that all schedulers share: who is where, derived from durable records and nothing else. Asking costs about the same
// however many rollouts there are: pointers only move forward, since a rollout never goes back to an earlier state.
import type { RolloutRecord, RolloutState, SchedulerRecords } from '../../contracts/scheduler.ts';
import type { Counts, SchedulerEvent } from './contract.ts';

/** A record that changes while its rollout goes on. */
type Entry = { -readonly [K in keyof RolloutRecord]: RolloutRecord[K] };

const UNFINISHED: ReadonlySet<RolloutState> = new Set(['running', 'failed', 'hung']);
const ENDED: ReadonlySet<RolloutState> = new Set(['trained', 'tombstoned', 'expired']);

export interface Ledger {
  apply(event: SchedulerEvent): boolean;
  counts(): Counts;
  /** Ready ones within the window. */
  reachable(): number;
  /** The first so many of them, by position. */
  oldestReachable(count: number): number[];
  oldestWaiting(count: number): number[];
  /** Failed or hung, without a tombstone. */
  dead(): Iterable<RolloutRecord>;
  /** Running ones that started at or before `until`. */
  startedBy(until: number): RolloutRecord[];
  /** When the running one that has run longest started. */
  longestRunning(): number | undefined;
  /** Running or ready, and started with a version before this one. */
  olderThan(version: number): RolloutRecord[];
  rollouts(): Iterable<RolloutRecord>;
  records(): SchedulerRecords;
}

/** @throws RangeError when the records name a position twice, or one that was never given out */
export function createLedger(window: number, from?: SchedulerRecords): Ledger {
  const entries: (Entry | undefined)[] = [];
  /** By start, which is also by version: time and versions only grow. */
  const started: Entry[] = [];
  const dead = new Set<Entry>();
  const settled = from?.settled ?? { positions: 0, trained: 0 };
  const tally: Record<RolloutState, number> = {
    ...{ running: 0, ready: 0, failed: 0, hung: 0, training: 0, tombstoned: 0, expired: 0, trained: settled.trained },
  };
  let enqueued = from?.enqueued ?? 0;
  let version = from?.version ?? 0;
  let closed = from?.closed ?? false;
  let order = settled.trained;
  let lostAtVersion = 0;
  let inTraining: Entry[] = [];
  // The first position that waits; that is neither taken nor ended; that is not finished.
  let waiting = settled.positions;
  let head = settled.positions;
  let unfinished = settled.positions;
  // In `started`: the first that runs; the first that may yet be trained on.
  let running = 0;
  let live = 0;
  /** Ready ones before `unfinished + window`. */
  let reach = 0;

  const isReady = (position: number): boolean => entries[position]?.state === 'ready';
  const isBehind = (position: number): boolean => {
    const state = entries[position]?.state;
    return state !== undefined && (state === 'training' || ENDED.has(state));
  };

  function advance(): void {
    while (waiting < enqueued && entries[waiting] !== undefined) waiting += 1;
    while (head < enqueued && isBehind(head)) head += 1;
    while (unfinished < enqueued) {
      const entry = entries[unfinished];
      if (entry === undefined || UNFINISHED.has(entry.state)) break;
      unfinished += 1;
      if (isReady(unfinished + window - 1)) reach += 1;
    }
  }

  function move(entry: Entry, state: RolloutState): void {
    const isInside = entry.position < unfinished + window;
    if (entry.state === 'ready' && isInside) reach -= 1;
    if (state === 'ready' && isInside) reach += 1;
    tally[entry.state] -= 1;
    tally[state] += 1;
    dead.delete(entry);
    if (state === 'failed' || state === 'hung') dead.add(entry);
    if ((state === 'tombstoned' || state === 'expired') && entry.version === version) lostAtVersion += 1;
    entry.state = state;
  }

  function entryAt(position: number): Entry | undefined {
    if (!Number.isInteger(position) || position < 0 || position >= enqueued)
      throw new RangeError(`position ${position} was never given out; ${enqueued} were`);
    if (position < settled.positions) throw new RangeError(`position ${position} is settled`);
    return entries[position];
  }

  function take(positions: readonly number[]): boolean {
    const taken = positions.map(entryAt).filter((entry) => entry?.state === 'ready') as Entry[];
    for (const entry of taken) {
      entry.taken = { version, order, disorder: entry.position - head };
      order += 1;
      move(entry, 'training');
      inTraining.push(entry);
      advance();
    }
    return taken.length > 0;
  }

  function start(position: number, at: number): boolean {
    if (entryAt(position) !== undefined) return false;
    const entry: Entry = { position, state: 'running', version, startedAt: at };
    entries[position] = entry;
    started.push(entry);
    tally.running += 1;
    return true;
  }

  function change(event: SchedulerEvent): boolean {
    switch (event.kind) {
      case 'enqueued':
        enqueued += event.count;
        return event.count > 0;
      case 'closed': {
        const isNew = !closed;
        closed = true;
        return isNew;
      }
      case 'started':
        return start(event.position, event.at);
      case 'taken':
        return take(event.positions);
      case 'trained': {
        if (event.version <= version) return false;
        version = event.version;
        lostAtVersion = 0;
        for (const entry of inTraining) move(entry, 'trained');
        inTraining = [];
        return true;
      }
      case 'tombstoned': {
        const entry = entryAt(event.position);
        if (entry === undefined || entry.state === 'training' || ENDED.has(entry.state)) return false;
        if (event.length !== undefined) entry.length ??= event.length;
        move(entry, event.reason === 'expired' ? 'expired' : 'tombstoned');
        return true;
      }
      default: {
        const entry = entryAt(event.position);
        if (entry?.state !== 'running') return false;
        if (event.kind === 'finished') entry.length = event.length;
        move(entry, event.kind === 'finished' ? 'ready' : event.kind);
        return true;
      }
    }
  }

  for (const record of from?.rollouts ?? []) {
    if (entryAt(record.position) !== undefined) throw new RangeError(`position ${record.position} is recorded twice`);
    const entry: Entry = { ...record };
    entries[record.position] = entry;
    started.push(entry);
    tally[entry.state] += 1;
    if (entry.state === 'failed' || entry.state === 'hung') dead.add(entry);
    if (entry.state === 'training') inTraining.push(entry);
    if ((entry.state === 'tombstoned' || entry.state === 'expired') && entry.version === version) lostAtVersion += 1;
    order = Math.max(order, (entry.taken?.order ?? -1) + 1);
  }
  started.sort((a, b) => a.startedAt - b.startedAt || a.version - b.version || a.position - b.position);
  inTraining.sort((a, b) => (a.taken?.order ?? 0) - (b.taken?.order ?? 0));
  // As if the window had stood at the beginning all the time; it then moves on, and takes in what it meets.
  for (let position = unfinished; position < Math.min(unfinished + window, enqueued); position += 1)
    if (isReady(position)) reach += 1;
  advance();

  return {
    apply(event) {
      const isChanged = change(event);
      if (isChanged) advance();
      return isChanged;
    },
    counts: () => ({
      ...{ version, closed, lostAtVersion, waiting: enqueued - settled.positions - started.length },
      ...{ running: tally.running, ready: tally.ready, training: tally.training, trained: tally.trained },
    }),
    reachable: () => reach,
    oldestReachable(count) {
      const found: number[] = [];
      const end = Math.min(enqueued, unfinished + window);
      for (let at = head; at < end && found.length < count; at += 1) if (isReady(at)) found.push(at);
      return found;
    },
    oldestWaiting(count) {
      const found: number[] = [];
      for (let at = waiting; at < enqueued && found.length < count; at += 1)
        if (entries[at] === undefined) found.push(at);
      return found;
    },
    dead: () => dead,
    longestRunning() {
      while (running < started.length && started[running]?.state !== 'running') running += 1;
      return started[running]?.startedAt;
    },
    startedBy(until) {
      const found: Entry[] = [];
      for (let at = running; at < started.length; at += 1) {
        const entry = started[at]!;
        if (entry.startedAt > until) break;
        if (entry.state === 'running') found.push(entry);
      }
      return found;
    },
    olderThan(oldest) {
      while (live < started.length && isBehind(started[live]!.position)) live += 1;
      const found: Entry[] = [];
      for (let at = live; at < started.length; at += 1) {
        const entry = started[at]!;
        if (entry.version >= oldest) break;
        if (entry.state === 'running' || entry.state === 'ready') found.push(entry);
      }
      return found;
    },
    *rollouts() {
      for (const entry of entries) if (entry !== undefined) yield entry;
    },
    records: () => ({
      ...{ enqueued, version, closed },
      ...(settled.positions === 0 ? {} : { settled }),
      rollouts: entries.flatMap((entry) => (entry === undefined ? [] : [{ ...entry }])),
    }),
  };
}
