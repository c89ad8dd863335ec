// In which round's row of the ledger each group stands, where rollouts overlap with training: the round that trained on it, or the one that was
// next when it was given up. What is still open is cancelled where a human ended the campaign, since it may be resumed.
import type { RolloutId } from '../contracts/ids.ts';
import type { PipelineGroup } from '../contracts/pipeline.ts';
import type { CampaignState } from '../contracts/record.ts';
import { roundOf } from '../policies/pipeline/advance.ts';
import type { Documents } from './read.ts';

interface Row {
  readonly round: number;
  readonly ids: RolloutId[];
  readonly left: boolean;
  readonly unused: Map<RolloutId, string>;
}

export async function bookGroups(
  documents: Pick<Documents, 'plan' | 'spec'>,
  of: {
    readonly state: CampaignState;
    readonly ended: boolean;
    readonly groups: readonly PipelineGroup[];
    /** As the plans under the campaign's name say: what is in no group shows. */
    readonly planned: readonly Omit<Row, 'unused'>[];
  },
): Promise<Row[]> {
  const { state, ended, groups, planned } = of;
  const { rounds } = await documents.spec(state.spec);
  const next = (version: number): number => Math.max(1, Math.min(version + 1, rounds));
  const rows = new Map<number, Row>();
  const rowOf = (round: number): Row => {
    const row = rows.get(round) ?? { round, ids: [], left: ended && round > state.round, unused: new Map() };
    rows.set(round, row);
    return row;
  };
  const known = new Set<RolloutId>();
  for (const group of groups) {
    const { gaveUp } = group;
    const taken = roundOf(group);
    const row = rowOf(taken ?? next(gaveUp?.version ?? state.round));
    const why = gaveUp?.reason ?? (taken === undefined && ended ? 'cancelled' : undefined);
    if (group.plan === undefined) continue;
    for (const { id } of (await documents.plan(group.plan)).rollouts) {
      known.add(id);
      row.ids.push(id);
      if (why !== undefined) row.unused.set(id, why);
    }
  }
  for (const { round, ids } of planned) {
    const strays = ids.filter((id) => !known.has(id));
    // Draws beyond the last round are replacements, and stand where they trained.
    if (strays.length > 0 || round <= rounds) rowOf(round).ids.push(...strays);
  }
  return [...rows.values()].sort((a, b) => a.round - b.round);
}
