// The data pool's trajectories: one record a rollout, written once.
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import type { Location } from '../segments/line.ts';
import { openPoolLog, type PoolLog, type PoolOptions } from './pool-log.ts';

export interface TrajectoryPool {
  /**
   * Durable when it resolves. Returns false when the same record was there already.
   * @throws AnnealError `gateway.conflict` when the rollout has another record.
   */
  add(record: Trajectory): Promise<boolean>;
  /** Raw JSON of every record whose rollout id starts with the prefix, sorted by id. */
  startingWith(prefix: string): AsyncGenerator<string>;
  /** Rollouts with records that the store has not. */
  open(): Set<string>;
  size(): number;
  log: PoolLog;
}

export async function openTrajectories(options: PoolOptions): Promise<TrajectoryPool> {
  const { groups, segments, log } = await openPoolLog<{ at: Location | undefined }>('trajectories', options, {
    empty: () => ({ at: undefined }),
    apply(known, [, offset = 0, length = 0], segment) {
      known.at = { segment, offset, length };
    },
    opens: () => true,
    lineOf: (json, { offset, length }) => [(JSON.parse(json) as Trajectory).rollout, offset, length],
  });
  /** Being written: a second writer of the same id waits for the first and is then compared with it. */
  const writing = new Map<string, Promise<void>>();

  async function add(record: Trajectory): Promise<boolean> {
    const json = canonicalJson(record);
    for (;;) {
      const first = writing.get(record.rollout);
      const loading = groups.ready(record.rollout);
      if (first === undefined && loading === undefined) break;
      // Whether the first one failed is its own caller's business: then this one is written.
      await first?.catch(() => undefined);
      await loading;
    }
    const at = groups.get(record.rollout)?.at;
    if (at !== undefined) {
      if ((await segments.read(at)) === json) return false;
      throw new AnnealError('gateway.conflict', `another trajectory is recorded for ${record.rollout}`);
    }
    const done = segments
      .append(json)
      .then(({ segment, offset, length }) => groups.add([record.rollout, offset, length], segment));
    writing.set(record.rollout, done);
    try {
      await done;
      return true;
    } finally {
      writing.delete(record.rollout);
    }
  }

  return {
    add,
    async *startingWith(prefix) {
      for await (const { at } of groups.startingWith(prefix)) yield segments.read(at!);
    },
    open: () => groups.open(),
    size: () => groups.size().rollouts,
    log,
  };
}
