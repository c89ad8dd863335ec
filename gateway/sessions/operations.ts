// What agents say that they did with their contexts, each a durable record of its rollout. An operation is known by the agent's own key:
// the same one, sent again, is the one that is there.
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError } from '../../contracts/errors.ts';
import type { RolloutId } from '../../contracts/ids.ts';
import {
  type ContextOperation,
  type ContextRequest,
  MOST_OPERATIONS,
  type TurnSession,
} from '../../contracts/session.ts';
import { exhausted } from '../budget.ts';
import type { RolloutClaims } from '../credential.ts';
import { openPoolLog, type PoolLog, type PoolOptions } from '../pool/pool-log.ts';
import type { Location } from '../segments/line.ts';
import { hashOf } from '../turns/reply.ts';

export interface OperationPool {
  /** To be waited for before `add`, where there is something to wait for. */
  ready(rollout: RolloutId): Promise<void> | undefined;
  /**
   * Durable when it resolves; the record is as it is kept. Takes its place before it waits for anything.
   * @param next the index that the rollout's next request would have
   * @throws AnnealError `gateway.conflict` where the key names another operation, `gateway.budget_exhausted`, `gateway.overloaded`
   */
  add(
    claims: RolloutClaims,
    session: TurnSession,
    request: ContextRequest,
    next: number,
  ): Promise<{ readonly record: ContextOperation; readonly created: boolean }>;
  /** Raw JSON of the rollout's, in the order of recording. */
  of(rollout: RolloutId): AsyncGenerator<string>;
  /** By rollout id, then in the order of recording. */
  startingWith(prefix: string): AsyncGenerator<string>;
  /** Rollouts with records that the store has not. */
  open(): Set<string>;
  size(): number;
  log: PoolLog;
}

export interface OperationPoolOptions extends PoolOptions {
  /** Takes secrets out; default: nothing is a secret. */
  readonly redact?: ((record: ContextOperation) => ContextOperation) | undefined;
  /** Before each new one. @throws AnnealError where its record would have no place */
  readonly admit?: (() => void) | undefined;
}

interface Known {
  readonly byKey: Map<string, { readonly at: Location; readonly requestHash: string }>;
  /** Of the next one; what could not be written leaves a gap. */
  next: number;
}

/** Being written: not in the index yet, which may leave memory meanwhile. */
interface Writing {
  readonly byKey: Map<string, { readonly at: Promise<Location>; readonly requestHash: string }>;
  next: number;
}

type OperationLine = readonly [
  rollout: string,
  number: number,
  key: string,
  requestHash: string,
  offset: number,
  length: number,
];

function lineOf({ rollout, id, key, requestHash }: ContextOperation, { offset, length }: Location): OperationLine {
  return [rollout, Number(/\d+$/.exec(id)![0]), key, requestHash, offset, length];
}

export async function openOperations({
  redact = (record) => record,
  admit,
  ...options
}: OperationPoolOptions): Promise<OperationPool> {
  const { groups, segments, log } = await openPoolLog<Known, OperationLine>('operations', options, {
    empty: () => ({ byKey: new Map(), next: 0 }),
    apply(known, [, number, key, requestHash, offset, length], segment) {
      known.byKey.set(key, { at: { segment, offset, length }, requestHash });
      known.next = Math.max(known.next, number + 1);
    },
    opens: ([, number]) => number === 0,
    lineOf: (json, at) => lineOf(JSON.parse(json) as ContextOperation, at),
  });
  const writing = new Map<string, Writing>();

  function write(record: ContextOperation): Promise<Location> {
    const { rollout, key, requestHash } = record;
    const flying = writing.get(rollout) ?? { byKey: new Map(), next: 0 };
    writing.set(rollout, flying);
    const at = segments.append(JSON.stringify(record)).then(
      (place) => {
        groups.add(lineOf(record, place), place.segment);
        end();
        return place;
      },
      (failure: unknown) => {
        end();
        throw failure;
      },
    );
    flying.byKey.set(key, { at, requestHash });
    flying.next = Number(/\d+$/.exec(record.id)![0]) + 1;
    function end(): void {
      flying.byKey.delete(key);
      if (flying.byKey.size === 0) writing.delete(rollout);
    }
    return at;
  }

  return {
    ready: (rollout) => groups.ready(rollout),
    async add(claims, session, request, next) {
      const { rollout, campaign } = claims;
      const requestHash = hashOf(canonicalJson({ request, session }));
      const known = groups.get(rollout);
      const flying = writing.get(rollout);
      const number = Math.max(known?.next ?? 0, flying?.next ?? 0);
      const record = redact({
        schema: 'anneal/context-operation/v1',
        ...{ id: `${rollout}/o${number}`, rollout, campaign, session, ...request },
        ...{ requestHash, next, recordedAt: new Date().toISOString() },
      });
      const there = flying?.byKey.get(record.key) ?? known?.byKey.get(record.key);
      if (there !== undefined) {
        if (there.requestHash !== requestHash) {
          throw new AnnealError('gateway.conflict', `the key ${record.key} of ${rollout} names another operation`);
        }
        return { record: JSON.parse(await segments.read(await there.at)) as ContextOperation, created: false };
      }
      const most = claims.maxOperations ?? MOST_OPERATIONS;
      if ((known?.byKey.size ?? 0) + (flying?.byKey.size ?? 0) >= most) {
        throw exhausted('operations', `${most} context operations of the rollout are recorded`);
      }
      admit?.();
      await write(record);
      return { record, created: true };
    },
    async *of(rollout) {
      // What is being written is waited for, and what was not written is not there.
      await Promise.allSettled([...(writing.get(rollout)?.byKey.values() ?? [])].map(({ at }) => at));
      for (let loading = groups.ready(rollout); loading !== undefined; loading = groups.ready(rollout)) await loading;
      for (const { at } of [...(groups.get(rollout)?.byKey.values() ?? [])]) yield segments.read(at);
    },
    async *startingWith(prefix) {
      for await (const { byKey } of groups.startingWith(prefix)) {
        for (const { at } of [...byKey.values()]) yield segments.read(at);
      }
    },
    open: () => groups.open(),
    size: () => groups.size().records,
    log,
  };
}
