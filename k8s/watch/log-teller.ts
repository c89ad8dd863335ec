// One answer to the question for a run's log: which of its lines are new, whether it is that run's log at all, and whether it is all.
import { setTimeout as sleep } from 'node:timers/promises';
import { AnnealError } from '../../contracts/errors.ts';
import type { Cluster } from '../cluster/request.ts';
import { pathOf } from '../cluster/workloads.ts';
import { type LogSource, lookAtRun, type Run } from './container.ts';
import { type Patience, readLines } from './lines.ts';
import { type LogLine, parseLogLine, type Reading } from './log-lines.ts';

/** What is being read, and how far. */
export interface Place {
  readonly uid: string;
  readonly run: number;
  readonly reading: Reading;
  /** All of it was read. */
  whole: boolean;
  /** How often in a row the log of the ended run said nothing new. */
  quiet: number;
  /** How often in a row the node refused to tell it. */
  refusals: number;
  /** What stood behind the last line break when the log was told to its end. */
  tail: string;
}

export interface FollowTimings extends Patience {
  readonly shortestPauseMs: number;
  readonly longestPauseMs: number;
  /** So old a pod's status may be: in general, and after a trouble, when kubelets catch up with their reports. */
  readonly statusMs: number;
  readonly lateStatusMs: number;
}

/** The log of the run before the present one; of one that has ended; of one that goes on. */
export type Answer = 'previous' | 'ended' | 'running';

/** Between two looks at a pod. */
const LOOK_MS = 1_000;
/**
 * An answer may end before the log does, and look whole: all was read when the log of an ended run says so often that there is no more.
 * More often when it does not even say what was read before, which the node may have thrown away.
 */
const ENOUGH = 2;
const ENOUGH_UNRECOGNISED = 5;

export interface Teller {
  /** Yields what is new; marks the place as whole when that is certain. @throws AnnealError `cluster.*` */
  tell(place: Place, seen: Run, how: Answer): AsyncGenerator<LogLine>;
  /** Something went wrong: for a while what pods say of themselves may be old. */
  troubled(): void;
}

export function createTeller(cluster: Cluster, source: LogSource, timings: FollowTimings, signal: AbortSignal): Teller {
  let troubleAt = Number.NEGATIVE_INFINITY;
  let isFirst = true;

  /**
   * A node tells the log of the run that it knows as the last one, before the pod's status tells of that run. So an answer that does
   * not begin with what was read before is believed only when the pod says later still that there was no other run.
   */
  async function isStill({ uid, number }: Run, openedAt: number): Promise<boolean> {
    const late = openedAt - troubleAt < 2 * timings.lateStatusMs;
    const until = openedAt + (late ? timings.lateStatusMs : timings.statusMs);
    for (;;) {
      const rest = until - performance.now();
      const seen = await lookAtRun(cluster, source, signal);
      // Deleted: nobody can tell any more, and no other run comes.
      if (seen === undefined) return true;
      if (seen.uid !== uid || seen.number !== number) return false;
      if (rest <= 0 || seen.last) return true;
      await sleep(Math.min(LOOK_MS, rest), undefined, { signal });
    }
  }

  return {
    troubled() {
      troubleAt = performance.now();
    },

    async *tell(place, seen, how) {
      const { reading } = place;
      reading.begin();
      const openedAt = performance.now();
      const ask = {
        method: 'GET',
        path: `${pathOf('Pod', source.namespace, source.pod)}/log`,
        query: {
          container: source.container,
          timestamps: true,
          follow: how === 'running',
          previous: how === 'previous',
          sinceTime: reading.since(),
        },
      } as const;
      let isTrusted = isFirst;
      isFirst = false;
      let told = 0;
      let tail = '';
      let isSure = true;
      for await (const { text, whole } of readLines(cluster, ask, timings, signal)) {
        const line = parseLogLine(text);
        if (line === undefined && !whole) break;
        if (line === undefined) throw new AnnealError('cluster.rejected', `${ask.path}: ${text.slice(0, 300)}`);
        if (!whole) {
          // Without its line break it may be the half of a line; it is one when it is told twice after the end.
          isSure = how !== 'running' && text === place.tail;
          tail = text;
          if (!isSure) break;
        }
        if (!reading.isNew(line)) continue;
        isTrusted ||= reading.recognised || (await isStill(seen, openedAt));
        if (!isTrusted) return;
        reading.keep(line);
        told += 1;
        yield line;
      }
      place.tail = tail;
      if (signal.aborted) return;
      place.quiet = told > 0 || !isSure || how === 'running' ? 0 : place.quiet + 1;
      const enough = reading.reachedEnd || reading.kept === 0 ? ENOUGH : ENOUGH_UNRECOGNISED;
      if (place.quiet >= enough) place.whole = reading.recognised || (await isStill(seen, openedAt));
    },
  };
}
