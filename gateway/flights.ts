// What is being answered now, by rollout: requests in flight count against budgets, hold their index, and are stopped when the gateway is.
import type { CompletionRecord } from '../contracts/trajectory.ts';
import type { Tally } from './pool/completions.ts';

export interface Flight {
  readonly index: number;
  readonly hash: string;
  /** The most that it may still produce. */
  readonly maxTokens: number;
  readonly controller: AbortController;
  waiters: number;
  stage: 'generating' | 'recording';
  /** Refused: it takes an index for its record, and nothing of a budget. */
  readonly refused?: boolean;
  /** Milliseconds since 1970; for budgets of time. */
  readonly startedAt?: number;
  /** The record, when it is durable. */
  readonly record: Promise<CompletionRecord>;
}

export interface Flights {
  of(rollout: string): ReadonlyMap<number, Flight>;
  start(rollout: string, flight: Flight): void;
  end(rollout: string, flight: Flight): void;
  /** Stops every generation and waits until all are recorded; what has reached its record is let finish. */
  stop(reason: Error): Promise<void>;
}

const NONE: ReadonlyMap<number, Flight> = new Map();

export function createFlights(): Flights {
  const flights = new Map<string, Map<number, Flight>>();
  return {
    of: (rollout) => flights.get(rollout) ?? NONE,
    start(rollout, flight) {
      const flying = flights.get(rollout);
      if (flying === undefined) flights.set(rollout, new Map([[flight.index, flight]]));
      else flying.set(flight.index, flight);
    },
    end(rollout, flight) {
      const flying = flights.get(rollout);
      if (flying?.get(flight.index) === flight) flying.delete(flight.index);
      if (flying?.size === 0) flights.delete(rollout);
    },
    async stop(reason) {
      const all = [...flights.values()].flatMap((flying) => [...flying.values()]);
      for (const flight of all) if (flight.stage === 'generating') flight.controller.abort(reason);
      await Promise.allSettled(all.map((flight) => flight.record));
    },
  };
}

/**
 * One more than the highest index that is answered or in flight: a failed request's index is used again.
 * @param patient whether the caller waits for what is being given up at that index, whose attempt is not numbered before its record is there
 */
export function nextIndex({ next }: Tally, flying: ReadonlyMap<number, Flight>, patient: boolean): number {
  let free = next;
  for (const { index, controller } of flying.values()) {
    if (!patient || !controller.signal.aborted) free = Math.max(free, index + 1);
  }
  return free;
}
