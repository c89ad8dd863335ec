// The gateway's dealings with the store: its name there, what it tells of itself, and when it takes no more because the store is behind.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError, asAnnealError } from '../../contracts/errors.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import type { SegmentStream } from '../../contracts/segment.ts';
import { claimReplica, type Noted, type Replica } from '../segments/replica.ts';
import type { SegmentStore } from '../segments/store-source.ts';
import type { CaptureMode, PoolLog, Shipping } from './pool-log.ts';

export interface KeepOptions {
  readonly store: SegmentStore;
  readonly mode: CaptureMode;
  /** Where this gateway runs, such as its pod's name: the next one there goes on under the same name in the store. */
  readonly seat: string;
  /** Of what the store has, so much stays on the disk; of each pool, in bytes. Default 4 GiB. */
  readonly keepBytes?: number | undefined;
  /** New requests are refused while more than this is not in the store. Default 4 GiB; where records go there first, 64 MiB. */
  readonly maxBehindBytes?: number | undefined;
  /** A segment is ended when its first record is so old. Default 60 s. */
  readonly sealAfterMs?: number | undefined;
  /** The store is told of rollouts with records that it has not, at most so often. Default 15 s. */
  readonly noteMs?: number | undefined;
  /** What is still to be sent when the gateway stops has so long. Default 5 s. */
  readonly patienceMs?: number | undefined;
}

/** Every one of them: what is not here is neither sent, nor counted, nor told of. */
type Pools = Readonly<
  Record<
    SegmentStream,
    { /** Rollouts with records that the store has not. */ open(): Set<string>; readonly log: PoolLog }
  >
>;

export interface Keeping {
  shippingOf(stream: SegmentStream): Shipping | undefined;
  /** Before the first record. The returned function ends it: what can still be sent is sent, and the store is told. */
  begin(pools: Pools): Promise<() => Promise<void>>;
  /** @throws AnnealError `gateway.overloaded` while the store is too far behind, `stack.gateway_unavailable` when another one has its name */
  admit(): void;
  /** The gateway is stopping: whoever waits for the store waits no longer than the patience. */
  hurry(): void;
}

const GiB = 2 ** 30;
/** Where each record waits for the store, more requests would only wait too. */
const STORE_FAILURES = 3;

export async function openKeeping(
  dir: string,
  options: KeepOptions | undefined,
  log: (line: string) => void,
): Promise<Keeping> {
  if (options === undefined) {
    const nothing = (): void => undefined;
    return { shippingOf: () => undefined, begin: async () => async () => undefined, admit: nothing, hurry: nothing };
  }
  const { store, mode, seat, noteMs = 15_000, patienceMs = 5_000 } = options;
  const maxBehindBytes = options.maxBehindBytes ?? (mode === 'store' ? 64 << 20 : 4 * GiB);
  const replica = await claimReplica({ dir, store, seat, log });
  let pools: Pools | undefined;
  let displaced: AnnealError | undefined;
  let hurried: NodeJS.Timeout | undefined;
  const all = () => (pools === undefined ? [] : Object.values(pools));

  async function finish(noting: Noting): Promise<void> {
    await noting.stop();
    const until = performance.now() + patienceMs;
    let settled = true;
    for (const { log: one } of all()) {
      // A batch that waits for the store is part of what is being sent. What is not sealed yet nobody waits for: all seems to be sent.
      const late = sleep(Math.max(0, until - performance.now()), false, { ref: false });
      const sealed = await Promise.race([one.seal().then(() => true), late]);
      settled = (await one.settle(Math.max(0, until - performance.now()))) && sealed && settled;
    }
    clearTimeout(hurried);
    await Promise.all(all().map(({ log: one }) => one.hurry()));
    if (settled && displaced === undefined) await noting.last();
  }

  return {
    shippingOf: (stream) => ({
      ...{ store, replica: replica.name, mode },
      keepBytes: options.keepBytes ?? 4 * GiB,
      sealAfterMs: options.sealAfterMs ?? 60_000,
      lost: replica.lost[stream],
      inherits: replica.untold,
    }),
    async begin(opened) {
      pools = opened;
      const noting = createNoting({
        ...{ replica, pools: opened, noteMs, log },
        onDisplaced(failure) {
          displaced = new AnnealError('stack.gateway_unavailable', failure.message, { cause: failure });
          log(failure.message);
        },
      });
      if (replica.untold) await noting.now();
      noting.start();
      return () => finish(noting);
    },
    admit() {
      if (displaced !== undefined) throw displaced;
      let behind = 0;
      for (const { log: one } of all()) {
        const { unshippedBytes, waitingBytes, ship } = one.stats();
        behind += mode === 'store' ? waitingBytes + (ship?.waitingBytes ?? 0) : unshippedBytes;
        if (mode === 'store' && (ship?.failures ?? 0) >= STORE_FAILURES) {
          throw new AnnealError('gateway.overloaded', 'the store does not answer, and records go there first');
        }
      }
      if (behind <= maxBehindBytes) return;
      throw new AnnealError('gateway.overloaded', `${behind} bytes of records wait for the store`);
    },
    hurry() {
      hurried ??= setTimeout(() => void Promise.all(all().map(({ log: one }) => one.hurry())), patienceMs);
    },
  };
}

interface Noting {
  /** @throws AnnealError as `Replica.note` */
  now(): Promise<void>;
  start(): void;
  stop(): Promise<void>;
  /** Everything is in the store. */
  last(): Promise<void>;
}

function createNoting(of: {
  readonly replica: Replica;
  readonly pools: Pools;
  readonly noteMs: number;
  readonly log: (line: string) => void;
  readonly onDisplaced: (failure: AnnealError) => void;
}): Noting {
  const { replica, pools, noteMs, log, onDisplaced } = of;
  const stopped = new AbortController();
  let noted = '';
  let running: Promise<void> = Promise.resolve();

  function state(clean: boolean): Noted {
    const { completions, trajectories, operations } = pools;
    const open = new Set([completions, trajectories, operations].flatMap((pool) => [...pool.open()]));
    return {
      ...{ clean, open: [...open].sort() as RolloutId[] },
      writing: {
        completions: completions.log.writing(),
        trajectories: trajectories.log.writing(),
        operations: operations.log.writing(),
      },
    };
  }

  async function tell(told: Noted): Promise<void> {
    const text = JSON.stringify(told);
    if (text === noted) return;
    await replica.note(told);
    noted = text;
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      try {
        await tell(state(false));
      } catch (failure) {
        const error = asAnnealError(failure);
        if (error.code === 'gateway.conflict') return onDisplaced(error);
        log(`the store was not told what is open: ${error.message}`);
      }
      // So that many gateways do not come at once.
      const pause = noteMs * (0.75 + Math.random() / 2);
      await sleep(pause, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
  }

  return {
    now: () => tell(state(false)),
    start() {
      running = run();
    },
    async stop() {
      stopped.abort();
      await running;
    },
    async last() {
      await tell(state(true)).catch((failure: unknown) =>
        log(`the store was not told of the end: ${asAnnealError(failure).message}`),
      );
    },
  };
}
