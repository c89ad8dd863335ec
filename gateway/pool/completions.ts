// The index over captured completions. It holds where each record lies and what budgets need, never a body.
import type { CompletionId, RolloutId } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { Location } from '../segments/line.ts';
import type { NumberLine } from './groups.ts';
import { openPoolLog, type PoolLog, type PoolOptions } from './pool-log.ts';

export interface CompletionEntry {
  readonly index: number;
  readonly attempt: number;
  /** Whether it answers its request; errors and aborts do not. */
  readonly usable: boolean;
  readonly aborted: boolean;
  /** Completion tokens. */
  readonly tokens: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly at: Location;
}

/** What a rollout has used: kept as records come, so that no request has to count those before it. */
export interface Tally {
  /** One more than the highest index that is answered. */
  readonly next: number;
  readonly answered: number;
  readonly aborts: number;
  /** Completion tokens of what was answered. */
  readonly tokens: number;
  /** When its first request came, milliseconds since 1970; undefined before that. */
  readonly startedAt: number | undefined;
  /** Attempts that gave no answer, by index. */
  readonly failed: ReadonlyMap<number, number>;
}

export interface CompletionPool {
  /** What is kept of a record: without the secrets in it. */
  kept(record: CompletionRecord): CompletionRecord;
  /** Resolves when the record is durable and indexed. */
  add(record: CompletionRecord): Promise<void>;
  /** To be waited for before a rollout is looked at that nobody has asked for in a while; mostly there is nothing to wait for. */
  ready(rollout: RolloutId): Promise<void> | undefined;
  /** Every attempt of a rollout that is ready, in the order of recording. */
  of(rollout: RolloutId): readonly CompletionEntry[];
  /** Of a rollout that is ready. */
  tally(rollout: RolloutId): Tally;
  read(entry: CompletionEntry): Promise<CompletionRecord>;
  /** Raw JSON of every record, by rollout id, then index, then attempt. */
  startingWith(prefix: string): AsyncGenerator<string>;
  /** Rollouts with records that the store has not. */
  open(): Set<string>;
  /** Rollouts and records held, and how many of these are in memory. */
  size(): { readonly rollouts: number; readonly records: number; readonly inMemory: number };
  log: PoolLog;
}

export interface CompletionPoolOptions extends PoolOptions {
  /** Takes secrets out; default: nothing is a secret. */
  readonly redact?: ((record: CompletionRecord) => CompletionRecord) | undefined;
}

/** `<rollout>/c<index>`; a later attempt of the same request has `.a<attempt>` after it. */
export function makeCompletionId(rollout: RolloutId, index: number, attempt: number): CompletionId {
  return `${rollout}/c${index}${attempt === 0 ? '' : `.a${attempt}`}` as CompletionId;
}

interface Rollout {
  readonly entries: CompletionEntry[];
  readonly tally: { -readonly [Member in keyof Tally]: Tally[Member] } & { readonly failed: Map<number, number> };
}

const NOTHING: Tally = { next: 0, answered: 0, aborts: 0, tokens: 0, startedAt: undefined, failed: new Map() };

function count(tally: Rollout['tally'], { index, usable, aborted, tokens, startedAt }: CompletionEntry): void {
  tally.startedAt = Math.min(tally.startedAt ?? startedAt, startedAt);
  if (usable) {
    tally.next = Math.max(tally.next, index + 1);
    tally.answered += 1;
    tally.tokens += tokens;
    return;
  }
  tally.failed.set(index, (tally.failed.get(index) ?? 0) + 1);
  if (aborted) tally.aborts += 1;
}

const USABLE = 1;
const ABORTED = 2;

function lineOf(record: CompletionRecord, { offset, length }: Location): NumberLine {
  const { rollout, finish, index, redacted } = record;
  const attempt = Number(/\.a(\d+)$/.exec(record.id)?.[1] ?? 0);
  const how = finish === 'stop' || finish === 'length' ? USABLE : finish === 'aborted' ? ABORTED : 0;
  const tokens = redacted?.completionTokens ?? record.completionIds.length;
  return [rollout, index, attempt, how, tokens, Date.parse(record.startedAt), offset, length];
}

function entryOf(line: NumberLine, segment: number): CompletionEntry {
  const [, index = 0, attempt = 0, how, tokens = 0, startedAt = 0, offset = 0, length = 0] = line;
  const at = { segment, offset, length };
  return { index, attempt, usable: how === USABLE, aborted: how === ABORTED, tokens, startedAt, at };
}

export async function openCompletions({
  redact = (record) => record,
  ...options
}: CompletionPoolOptions): Promise<CompletionPool> {
  const { groups, segments, log } = await openPoolLog<Rollout>('completions', options, {
    empty: () => ({ entries: [], tally: { ...NOTHING, failed: new Map() } }),
    apply(rollout, line, segment) {
      const entry = entryOf(line, segment);
      rollout.entries.push(entry);
      count(rollout.tally, entry);
    },
    opens: ([, index, attempt]) => index === 0 && attempt === 0,
    // The checksum vouches for what we wrote ourselves; readers check the schema.
    lineOf: (json, at) => lineOf(JSON.parse(json) as CompletionRecord, at),
  });
  return {
    kept: redact,
    async add(record) {
      const kept = redact(record);
      const at = await segments.append(JSON.stringify(kept));
      groups.add(lineOf(kept, at), at.segment);
    },
    ready: (rollout) => groups.ready(rollout),
    of: (rollout) => groups.get(rollout)?.entries ?? [],
    tally: (rollout) => groups.get(rollout)?.tally ?? NOTHING,
    read: async (entry) => JSON.parse(await segments.read(entry.at)) as CompletionRecord,
    async *startingWith(prefix) {
      for await (const { entries } of groups.startingWith(prefix)) {
        const sorted = entries.toSorted((a, b) => a.index - b.index || a.attempt - b.attempt);
        for (const entry of sorted) yield segments.read(entry.at);
      }
    },
    open: () => groups.open(),
    size: () => groups.size(),
    log,
  };
}
