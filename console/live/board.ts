// What is open right now, asked of Temporal by one poller for everybody who looks.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AnnealError, asAnnealError } from '../../contracts/errors.ts';
import { createSlots } from '../../infra/process/slots.ts';
import { createGateList, type GateList, type GateRun, type Opening } from '../../infra/temporal/gate-list.ts';
import type { GateOutcome } from '../../infra/temporal/gates.ts';
import type { ConsolePorts } from '../ports.ts';

/** Between two looks, and never more than a quarter of the time is spent on looking. */
const EVERY_MS = 500;
const REST = 3;
const PATIENCE_MS = 5_000;
const READERS = 16;
const CLOSED_SHOWN = 20;
/** Looks until closed gates are asked for again although no open one has gone. */
const CLOSED_EVERY = 20;

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
  /** Open ones whose history cannot be read. */
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
  const outcomes = new Map<string, GateOutcome>();
  /** Gone from the open ones, and not listed as closed yet; until which look they are waited for. */
  const awaited = new Map<string, number>();
  const listeners = new Set<(seen: Seen) => void>();
  const readers = createSlots(READERS);
  const ending = new AbortController();
  let seen: Seen = { snapshot: undefined, stale: undefined };
  let closed: readonly ClosedGate[] = [];
  let looks = 0;
  let looking: Promise<void> | undefined;

  async function openingOf(list: GateList, run: GateRun): Promise<Opening> {
    const known = openings.get(run.run);
    if (known !== undefined) return known;
    const found = await readers(() => list.opening(run));
    openings.set(run.run, found);
    return found;
  }

  async function outcomeOf(list: GateList, run: GateRun): Promise<GateOutcome | undefined> {
    const known = outcomes.get(run.run);
    if (known !== undefined) return known;
    const found = await readers(() => list.outcome(run));
    if (found !== undefined) outcomes.set(run.run, found);
    return found;
  }

  async function read(): Promise<Snapshot> {
    const client = await temporal();
    const list = createGateList(client);
    return client.withDeadline(Date.now() + PATIENCE_MS * (seen.snapshot === undefined ? 6 : 1), async () => {
      const runs = await list.open();
      const open = await each(runs, async (run) => ({ ...run, opening: await openingOf(list, run) }));
      const now = new Set(runs.map(({ run }) => run));
      for (const { run } of seen.snapshot?.open ?? []) if (!now.has(run)) awaited.set(run, looks + CLOSED_EVERY);
      if (awaited.size > 0 || looks % CLOSED_EVERY === 0) {
        const newest = await list.closed(CLOSED_SHOWN);
        closed = await each(newest, async (run) => ({
          ...run,
          opening: await openingOf(list, run),
          outcome: await outcomeOf(list, run),
        }));
        for (const { run } of closed) awaited.delete(run);
        for (const [run, until] of awaited) if (looks >= until) awaited.delete(run);
      }
      looks += 1;
      forget(openings, new Set([...now, ...closed.map(({ run }) => run)]));
      forget(outcomes, new Set(closed.map(({ run }) => run)));
      const urgent = open.toSorted(
        (a, b) => a.opening.deadline.getTime() - b.opening.deadline.getTime() || a.gate.localeCompare(b.gate),
      );
      const version = hashOf([urgent.map(({ run }) => run), closed.map(({ run }) => run)]);
      return { open: urgent, closed, unread: runs.length - open.length, version, at: new Date() };
    });
  }

  async function look(): Promise<void> {
    try {
      seen = { snapshot: await read(), stale: undefined };
    } catch (failure) {
      const since = seen.stale?.since ?? seen.snapshot?.at ?? new Date();
      seen = { ...seen, stale: { since, why: asAnnealError(failure) } };
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
      await sleep(Math.max(everyMs, REST * took), undefined, { signal: ending.signal }).catch(() => undefined);
    }
  })();

  return {
    seen: (): Seen => seen,
    refresh,
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

/** One whose history cannot be read is left out, rather than that it hides the others; if none can, that is told. */
async function each<In, Out>(all: readonly In[], work: (one: In) => Promise<Out>): Promise<Out[]> {
  const done = await Promise.allSettled(all.map(work));
  const good = done.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const [bad] = done.filter((one) => one.status === 'rejected');
  if (good.length === 0 && bad !== undefined) throw bad.reason;
  return good;
}

function forget(cache: Map<string, unknown>, kept: ReadonlySet<string>): void {
  for (const key of cache.keys()) if (!kept.has(key)) cache.delete(key);
}

const hashOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, 16);
