// One record for everything that was considered: what it came from, and what became of it in which step.
import type { Lineage, LineageRecord } from '../../contracts/artifact-set.ts';
import { taskId } from '../../contracts/ids.ts';
import type { Split } from '../../contracts/task.ts';
import type { ItemRecord } from './item-record.ts';
import type { Candidate, Sifted } from './sieve.ts';

export function lineageOf(
  items: readonly ItemRecord[],
  candidates: ReadonlyMap<string, Candidate>,
  sifted: { readonly dropped: Sifted['dropped']; readonly splitBy: ReadonlyMap<string, Split> },
): Lineage {
  const lost = new Map(sifted.dropped.map((one) => [one.id, one]));
  const records = items.flatMap((item): LineageRecord[] => {
    const common = { item: item.item, licence: null, passRate: null };
    const tasks = item.drafted.map((one): LineageRecord => {
      const { id, parents, refused } = one;
      if (refused.length > 0)
        return { ...common, id, parents, outcome: { what: 'dropped', step: 'certify', why: refused } };
      const { licence, family, passRate } = candidates.get(id)!;
      const drop = lost.get(id);
      if (drop === undefined) {
        const outcome = { what: 'kept', split: sifted.splitBy.get(family)!, task: taskId.parse(id) } as const;
        return { ...common, id, licence, passRate, parents, outcome, ...(one.notes && { notes: one.notes }) };
      }
      const outcome: LineageRecord['outcome'] = { what: 'dropped', step: drop.step, why: [...drop.why] };
      const twin = drop.twin === undefined || parents.includes(drop.twin) ? [] : [drop.twin];
      return { ...common, id, licence, passRate, parents: [...parents, ...twin], outcome };
    });
    const none = item.dropped.map(
      ({ id, why }): LineageRecord => ({
        ...common,
        id,
        parents: [],
        outcome: { what: 'dropped', step: 'draft', why },
      }),
    );
    return [...tasks, ...none];
  });
  return { schema: 'anneal/lineage/v1', records };
}
