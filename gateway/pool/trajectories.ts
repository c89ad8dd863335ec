// The data pool's trajectories: one record a rollout, written once.
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { Trajectory } from '../../contracts/trajectory.ts';
import type { Location } from '../segments/line.ts';
import { type LogOptions, openLog, type SegmentLog } from '../segments/log.ts';
import { createByRollout } from './by-rollout.ts';

export interface TrajectoryPool {
  /**
   * Durable when it resolves. Returns false when the same record was there already.
   * @throws AnnealError `gateway.conflict` when the rollout has another record.
   */
  add(record: Trajectory): Promise<boolean>;
  /** Raw JSON of every record whose rollout id starts with the prefix, sorted by id. */
  startingWith(prefix: string): AsyncGenerator<string>;
  size(): number;
  log: Pick<SegmentLog, 'stats' | 'close'>;
}

export async function openTrajectories(options: LogOptions): Promise<TrajectoryPool> {
  const known = createByRollout<Location>();
  /** Being written: a second writer of the same id waits for the first and is then compared with it. */
  const writing = new Map<string, Promise<void>>();
  const log = await openLog(options, (json, at) => known.set((JSON.parse(json) as Trajectory).rollout, at));

  async function add(record: Trajectory): Promise<boolean> {
    const json = canonicalJson(record);
    for (;;) {
      const first = writing.get(record.rollout);
      if (first === undefined) break;
      // Whether the first one failed is its own caller's business: then this one is written.
      await first.catch(() => undefined);
    }
    const at = known.get(record.rollout);
    if (at !== undefined) {
      if ((await log.read(at)) === json) return false;
      throw new AnnealError('gateway.conflict', `another trajectory is recorded for ${record.rollout}`);
    }
    const done = log.append(json).then((written) => known.set(record.rollout, written));
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
      for (const at of known.startingWith(prefix)) yield log.read(at);
    },
    size: () => known.size(),
    log,
  };
}
