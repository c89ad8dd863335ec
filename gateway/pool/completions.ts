// The index over captured completions. It holds where each record lies and what budgets need, never a body.
import type { CompletionId, RolloutId } from '../../contracts/ids.ts';
import type { CompletionRecord } from '../../contracts/trajectory.ts';
import type { Location } from '../segments/line.ts';
import { type LogOptions, openLog, type SegmentLog } from '../segments/log.ts';
import { createByRollout } from './by-rollout.ts';

export interface CompletionEntry {
  readonly index: number;
  readonly attempt: number;
  /** Whether it answers its request; errors and aborts do not. */
  readonly usable: boolean;
  readonly aborted: boolean;
  /** Completion tokens. */
  readonly tokens: number;
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
  /** Attempts that gave no answer, by index. */
  readonly failed: ReadonlyMap<number, number>;
}

export interface CompletionPool {
  /** Resolves when the record is durable and indexed. */
  add(record: CompletionRecord): Promise<void>;
  /** Every attempt of a rollout, in the order of recording. */
  of(rollout: RolloutId): readonly CompletionEntry[];
  tally(rollout: RolloutId): Tally;
  read(entry: CompletionEntry): Promise<CompletionRecord>;
  /** Raw JSON of every record, by rollout id, then index, then attempt. */
  startingWith(prefix: string): AsyncGenerator<string>;
  /** Rollouts and records held. */
  size(): { readonly rollouts: number; readonly records: number };
  log: Pick<SegmentLog, 'stats' | 'close'>;
}

/** `<rollout>/c<index>`; a later attempt of the same request has `.a<attempt>` after it. */
export function makeCompletionId(rollout: RolloutId, index: number, attempt: number): CompletionId {
  return `${rollout}/c${index}${attempt === 0 ? '' : `.a${attempt}`}` as CompletionId;
}

interface Rollout {
  readonly entries: CompletionEntry[];
  readonly tally: { -readonly [Member in keyof Tally]: Tally[Member] } & { readonly failed: Map<number, number> };
}

const NOTHING: Tally = { next: 0, answered: 0, aborts: 0, tokens: 0, failed: new Map() };

function count(tally: Rollout['tally'], { index, usable, aborted, tokens }: CompletionEntry): void {
  if (usable) {
    tally.next = Math.max(tally.next, index + 1);
    tally.answered += 1;
    tally.tokens += tokens;
    return;
  }
  tally.failed.set(index, (tally.failed.get(index) ?? 0) + 1);
  if (aborted) tally.aborts += 1;
}

export async function openCompletions(options: LogOptions): Promise<CompletionPool> {
  const rollouts = createByRollout<Rollout>();
  let records = 0;

  function index(record: CompletionRecord, at: Location): void {
    const entry: CompletionEntry = {
      index: record.index,
      attempt: Number(/\.a(\d+)$/.exec(record.id)?.[1] ?? 0),
      usable: record.finish === 'stop' || record.finish === 'length',
      aborted: record.finish === 'aborted',
      tokens: record.completionIds.length,
      at,
    };
    const known: Rollout = rollouts.get(record.rollout) ?? { entries: [], tally: { ...NOTHING, failed: new Map() } };
    if (known.entries.length === 0) rollouts.set(record.rollout, known);
    known.entries.push(entry);
    count(known.tally, entry);
    records += 1;
  }

  // The checksum vouches for what we wrote ourselves; readers check the schema.
  const log = await openLog(options, (json, at) => index(JSON.parse(json) as CompletionRecord, at));
  return {
    async add(record) {
      index(record, await log.append(JSON.stringify(record)));
    },
    of: (rollout) => rollouts.get(rollout)?.entries ?? [],
    tally: (rollout) => rollouts.get(rollout)?.tally ?? NOTHING,
    read: async (entry) => JSON.parse(await log.read(entry.at)) as CompletionRecord,
    async *startingWith(prefix) {
      for (const { entries } of rollouts.startingWith(prefix)) {
        const sorted = entries.toSorted((a, b) => a.index - b.index || a.attempt - b.attempt);
        for (const entry of sorted) yield log.read(entry.at);
      }
    },
    size: () => ({ rollouts: rollouts.size(), records }),
    log,
  };
}
