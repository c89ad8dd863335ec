// Where a rollout's completions merge, and why each break is one: from its rows, and from what its agent registered.
import type { SegmentSource } from '../../contracts/segment.ts';
import { type ContextOperation, contextOperation } from '../../contracts/session.ts';
import { type CompletionRecord, completionRecord } from '../../contracts/trajectory.ts';
import type { StoredRollout } from '../../gateway/pool/tables/overview.ts';
import { historyOf } from '../../policies/history.ts';
import { type Classified, type Savings, savings } from '../../policies/merging.ts';

export interface MergedRollout {
  /** Those that its trajectory names; where there is none that names any, all that were answered. */
  readonly completions: readonly (Classified & { readonly line: string })[];
  readonly savings: Savings;
  /** Of the same attempt. */
  readonly operations: readonly ContextOperation[];
}

/** Undefined where nothing was answered. */
export async function mergedRollout(
  { rollout, completions, trajectory }: StoredRollout,
  source: SegmentSource,
): Promise<MergedRollout | undefined> {
  const records = completions.map((one) => completionRecord.parse(one));
  const named = (trajectory?.completions ?? []) as readonly string[];
  const counting = named.length === 0 ? records : records.filter(({ id }) => named.includes(id));
  const attempts = new Set(counting.map(attemptOf));
  const registered = await operationsOf(source, rollout);
  const operations = registered.filter(({ session }) => attempts.has(session.attempt));
  const history = historyOf(counting, operations);
  if (history.said.length === 0) return undefined;
  const lineOf = new Map(counting.map((one) => [one.id as string, lineName(one)]));
  return {
    completions: history.classified.map((one) => ({ ...one, line: lineOf.get(one.id) ?? '' })),
    ...{ savings: savings([history]), operations },
  };
}

const attemptOf = ({ turn }: CompletionRecord): number => turn?.session?.attempt ?? 0;

/** `main`, or the sub-agent's name; of attempts after the first with their number. */
function lineName(record: CompletionRecord): string {
  const agent = record.turn?.session?.agent ?? 'main';
  return attemptOf(record) === 0 ? agent : `${agent}, attempt ${attemptOf(record)}`;
}

/** No table has them: their segments are read, all of them. */
async function operationsOf(source: SegmentSource, rollout: string): Promise<ContextOperation[]> {
  const found: ContextOperation[] = [];
  for await (const segment of source.list()) {
    if (segment.stream !== 'operations') continue;
    for await (const json of source.records(segment)) {
      if (!json.includes(rollout)) continue;
      const operation = contextOperation.safeParse(parsed(json)).data;
      if (operation?.rollout === rollout) found.push(operation);
    }
  }
  return found;
}

/** `pool verify` tells of what is none. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
