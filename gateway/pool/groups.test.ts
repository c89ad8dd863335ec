import fc from 'fast-check';
import { expect, it } from 'vitest';
import { replicaName } from '../../contracts/segment.ts';
import type { SegmentIndex } from '../segments/index-file.ts';
import { createGroups, type NumberLine } from './groups.ts';

const id = (group: number, sample: number): string => `demo/r1/train.v0/g${group}/s${sample}`;
const indexOf = (sequence: number, lines: readonly string[]): SegmentIndex => ({
  sealed: {
    ...{ schema: 'anneal/segment/v1', replica: replicaName.parse('gw'), stream: 'completions', sequence },
    ...{ records: lines.length, bytes: 0, sha256: 'a'.repeat(64) as SegmentIndex['sealed']['sha256'] },
  },
  lines,
});

/** What was added to each rollout, as it was added. */
const make = (keepRecords: number, shipped: Map<number, SegmentIndex>) =>
  createGroups<number[]>({
    empty: () => [],
    apply: (value, [, number = 0]) => void value.push(number),
    opens: ([, , first]) => first === 1,
    load: async (segment) => shipped.get(segment)!,
    keepRecords,
  });

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ how: fc.constant('add' as const), group: fc.nat(3), sample: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('ship' as const), group: fc.nat(3), sample: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ how: fc.constant('ask' as const), group: fc.nat(3), sample: fc.nat(2) }) },
);

it('knows the same however little it may keep in memory, and after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.nat(8), async (steps, keepRecords) => {
      const shipped = new Map<number, SegmentIndex>();
      const groups = make(keepRecords, shipped);
      const model = new Map<string, number[]>();
      let [segment, number] = [1, 0];
      for (const { how, group, sample } of steps) {
        const rollout = id(group, sample);
        if (how === 'ship') {
          const lines = groups.linesOf(segment);
          if (lines.length === 0) continue;
          shipped.set(segment, indexOf(segment, lines));
          groups.shipped(segment);
          segment += 1;
          expect(groups.size().inMemory).toBeLessThanOrEqual(keepRecords);
          continue;
        }
        await groups.ready(rollout);
        expect(groups.get(rollout) ?? []).toEqual(model.get(rollout) ?? []);
        if (how === 'ask') continue;
        number += 1;
        const line: NumberLine = [rollout, number, model.has(rollout) ? 0 : 1];
        groups.add(line, segment);
        model.set(rollout, [...(model.get(rollout) ?? []), number]);
      }
      const all = [...model].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, numbers]) => numbers);
      expect(await Array.fromAsync(groups.startingWith('demo/'))).toEqual(all);
      expect(groups.size()).toMatchObject({ rollouts: model.size, records: number });
      const again = make(keepRecords, shipped);
      for (const index of shipped.values()) again.restore(index);
      for (const line of groups.linesOf(segment)) again.add(JSON.parse(line) as NumberLine, segment);
      expect(await Array.fromAsync(again.startingWith('demo/'))).toEqual(all);
      expect(groups.open()).toEqual(again.open());
    }),
    { numRuns: 300 },
  );
});
