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

export interface CompletionPool {
  /** Resolves when the record is durable and indexed. */
  add(record: CompletionRecord): Promise<void>;
  /** Every attempt of a rollout, in the order of recording. */
  of(rollout: RolloutId): readonly CompletionEntry[];
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

export async function openCompletions(options: LogOptions): Promise<CompletionPool> {
  const entries = createByRollout<CompletionEntry[]>();
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
    const known = entries.get(record.rollout);
    if (known === undefined) entries.set(record.rollout, [entry]);
    else known.push(entry);
    records += 1;
  }

  // The checksum vouches for what we wrote ourselves; readers check the schema.
  const log = await openLog(options, (json, at) => index(JSON.parse(json) as CompletionRecord, at));
  return {
    async add(record) {
      index(record, await log.append(JSON.stringify(record)));
    },
    of: (rollout) => entries.get(rollout) ?? [],
    read: async (entry) => JSON.parse(await log.read(entry.at)) as CompletionRecord,
    async *startingWith(prefix) {
      for (const ofRollout of entries.startingWith(prefix)) {
        const sorted = ofRollout.toSorted((a, b) => a.index - b.index || a.attempt - b.attempt);
        for (const entry of sorted) yield log.read(entry.at);
      }
    },
    size: () => ({ rollouts: entries.size(), records }),
    log,
  };
}
