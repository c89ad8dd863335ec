// What is open right now, asked of Temporal by one poller for everybody who looks.

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { AnnealError } from '../../contracts/errors.ts';
import { createSlots } from '../../infra/process/slots.ts';
import { nameFailure } from '../../infra/temporal/away.ts';
import { createGateList, type GateList, type GateRun, type Opening } from '../../infra/temporal/gate-list.ts';
import type { GateOutcome } from '../../infra/temporal/gates.ts';
import type { ConsolePorts } from '../ports.ts';

/** Between two looks; at most half of the time is spent on looking. */
const EVERY_MS = 500;
/** For one answer of Temporal. */
const PATIENCE_MS = 5_000;
/** How long a look waits for what gates were opened with: what comes later stands in the next one. */
const READ_MS = 700;
const FIRST_READ_MS = 4_000;
const READERS = 16;
/** From here on a list of all takes longer than one wants to wait. */
const MANY = 100;
/** Clocks of writers differ by less. */
const OVERLAP_MS = 10_000;
const CLOSED_SHOWN = 20;
/** Looks until closed gates are asked for again although no open one has gone. */
const CLOSED_EVERY = 6;
/** Looks that a gate which has gone is waited for. */
const AWAITED = 40;

export interface ListedGate extends GateRun {
  readonly opening: Opening;
}
export interface ClosedGate extends GateRun {
  readonly opening: Opening;
  readonly outcome: GateOutcome | undefined;
}

export interface Snapshot {
  /** The next to be decided by silence first. */
  readonly open: readonly ListedGate[];
  /** The newest first. */
  readonly closed: readonly ClosedGate[];
  /** Open ones whose history is not read yet, or cannot be. */
  readonly unread: number;
  /** Changes with what is listed, and with nothing else. */
  readonly version: string;
  readonly at: Date;
}

export interface Seen {
  /** Undefined until the first look has come through. */
  readonly snapshot: Snapshot | undefined;
  /** Why nothing newer is known, and since when. */
  readonly stale: { readonly since: Date; readonly why: AnnealError } | undefined;
}

export type Board = ReturnType<typeof createBoard>;

export function createBoard({ temporal }: Pick<ConsolePorts, 'temporal'>, everyMs = EVERY_MS) {
  const openings = new Map<string, Opening>();
  const reading = new Map<string, Promise<Opening>>();
  const outcomes = new Map<string, GateOutcome>();
  /** Gone from the open ones, and not listed as closed yet; until which look they are waited for. */
  const awaited = new Map<string, number>();
  const listeners = new Set<(seen: Seen) => void>();
  const readers = createSlots(READERS);
  const ending = new AbortController();
  let seen: Seen = { snapshot: undefined, stale: undefined };
  let closed: readonly ClosedGate[] = [];
  let lastRuns: readonly GateRun[] = [];
  let looks = 0;
  let looking: Promise<void> | undefined;

  /** Begun once, however many looks wait for it. What fails is tried again by the next one. */
  function openingOf(client: Client, run: GateRun): Promise<Opening> {
    const begun = reading.get(run.run);
    if (begun !== undefined) return begun;
    const found = readers(() =>
      client.withDeadline(Date.now() + PATIENCE_MS, () => createGateList(client).opening(run)),
    ).then((opening) => {
      openings.set(run.run, opening);
      return opening;
    });
    reading.set(run.run, found);
    found.catch(() => reading.delete(run.run));
    return found;
  }

  async function outcomeOf(list: GateList, run: GateRun): Promise<GateOutcome | undefined> {
    const known = outcomes.get(run.run);
    if (known !== undefined) return known;
    const found = await readers(() => list.outcome(run));
    if (found !== undefined) outcomes.set(run.run, found);
    return found;
  }

  /**
   * Where many are open, only the newest are listed, and all are counted: as long as that comes out, the others are as they were. One that
   * became known late, or was closed, makes a difference.
   */
  async function openRuns(list: GateList): Promise<readonly GateRun[]> {
    if (lastRuns.length < MANY || looks % CLOSED_EVERY === 0) return list.open();
    const newest = Math.max(...lastRuns.map(({ startedAt }) => startedAt.getTime()));
    const [newer, count] = await Promise.all([list.open(new Date(newest - OVERLAP_MS)), list.countOpen()]);
    const all = new Map([...lastRuns, ...newer].map((one) => [one.run, one]));
    return all.size === count ? [...all.values()] : list.open();
  }

  async function read(): Promise<Snapshot> {
    const client = await temporal();
    const list = createGateList(client);
    const soon = <T>(ask: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + PATIENCE_MS, ask);
    const runs = await soon(() => openRuns(list));
    lastRuns = runs;
    const missing = runs.filter(({ run }) => !openings.has(run)).map((run) => openingOf(client, run));
    if (missing.length > 0) await within(seen.snapshot === undefined ? FIRST_READ_MS : READ_MS, missing);
    const open = runs.flatMap((run) => {
      const opening = openings.get(run.run);
      return opening === undefined ? [] : [{ ...run, opening }];
    });
    const now = new Set(runs.map(({ run }) => run));
    for (const { run } of seen.snapshot?.open ?? []) if (!now.has(run)) awaited.set(run, looks + AWAITED);
    if (awaited.size > 0 || looks % CLOSED_EVERY === 0) {
      closed = await soon(async () => each(await list.closed(CLOSED_SHOWN), (run) => closedGate(client, list, run)));
      for (const { run } of closed) awaited.delete(run);
      for (const [run, until] of awaited) if (looks >= until) awaited.delete(run);
    }
    looks += 1;
    forget([openings, reading], new Set([...now, ...closed.map(({ run }) => run)]));
    forget([outcomes], new Set(closed.map(({ run }) => run)));
    const urgent = open.toSorted(
      (a, b) => a.opening.deadline.getTime() - b.opening.deadline.getTime() || a.gate.localeCompare(b.gate),
    );
    const version = hashOf([urgent.map(({ run }) => run), closed.map(({ run }) => run), runs.length]);
    return { open: urgent, closed, unread: runs.length - open.length, version, at: new Date() };
  }

  async function closedGate(client: Client, list: GateList, run: GateRun): Promise<ClosedGate> {
    const opening = openings.get(run.run) ?? (await openingOf(client, run));
    return { ...run, opening, outcome: await outcomeOf(list, run) };
  }

  async function look(): Promise<void> {
    try {
      seen = { snapshot: await read(), stale: undefined };
    } catch (failure) {
      const since = seen.stale?.since ?? seen.snapshot?.at ?? new Date();
      seen = { ...seen, stale: { since, why: nameFailure(failure) } };
    }
    for (const listener of listeners) listener(seen);
  }

  /** One at a time: who asks while another looks waits for a look that begins after asking. */
  async function refresh(): Promise<Seen> {
    if (looking !== undefined) await looking;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    await looking;
    return seen;
  }

  const running = (async () => {
    while (!ending.signal.aborted) {
      const began = performance.now();
      await refresh();
      const took = performance.now() - began;
      await sleep(Math.max(everyMs, took), undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();

  return {
    seen: (): Seen => seen,
    refresh,
    /** An answer was taken in here: the list of closed ones is asked until it stands there. */
    expectClosed: (run: string): void => void awaited.set(run, looks + AWAITED),
    /** @returns what ends it */
    subscribe(listener: (seen: Seen) => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close(): Promise<void> {
      ending.abort();
      await running;
    },
  };
}

/** Closed ones whose history cannot be read are left out, rather than that they hide the others. */
async function each<In, Out>(all: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const done = await Promise.allSettled(all.map(work));
  return done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

async function within(milliseconds: number, work: readonly Promise<unknown>[]): Promise<void> {
  const enough = new AbortController();
  const late = sleep(milliseconds, undefined, { signal: enough.signal }).catch(() => undefined);
  await Promise.race([Promise.allSettled(work), late]);
  enough.abort();
}

function forget(caches: readonly Map<string, unknown>[], kept: ReadonlySet<string>): void {
  for (const cache of caches) for (const key of cache.keys()) if (!kept.has(key)) cache.delete(key);
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
