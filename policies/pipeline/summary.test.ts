import { expect, test } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import type { PipelineRecord } from '../../contracts/pipeline.ts';
import { advance, firstRecord, type GroupEnd } from './advance.ts';
import { summarise } from './summary.ts';

const scheduler = { kind: 'position-window', batch: 1, outstanding: 1, window: 1 } as const;
const ended = (position: number, trainable: boolean): Map<number, GroupEnd> =>
  new Map([[position, { trainable, length: 1 }]]);

test('what is lost is replaced when another group is begun in its place, not when it is admitted', () => {
  let now = 0;
  const move = (record: PipelineRecord, version: number, ends: ReadonlyMap<number, GroupEnd> = new Map()) => {
    now += 1;
    return advance(record, { now, version, policy: version, ended: ends });
  };
  const told = (record: PipelineRecord, retired: readonly PipelineRecord['groups'][number][] = []) =>
    summarise({ record, groups: [...retired, ...record.groups], spans: [] });

  const campaign = campaignName.parse('demo');
  const first = firstRecord({ campaign, scheduler, rounds: 2, version: 0, now, replacements: 1 });
  const begun = move(first, 0).record;
  expect(told(begun)).toMatchObject({ started: 1, givenUp: {}, replaced: 0 });

  // The next in the queue goes on in its stead; the replacement waits behind it.
  const lost = move(begun, 0, ended(0, false));
  expect([lost.begun, lost.record.replacements]).toEqual([[1], { perRound: 1, admitted: 1 }]);
  expect(told(lost.record)).toMatchObject({ started: 2, givenUp: { failed: 1 }, replaced: 0 });

  const ready = move(lost.record, 0, ended(1, true)).record;
  const next = move(ready, 1);
  expect(next.begun).toEqual([2]);
  expect(told(next.record, next.retired.groups)).toMatchObject({ started: 3, givenUp: { failed: 1 }, replaced: 1 });
});

test('nothing is said of replacements where there are none', () => {
  const record = firstRecord({ campaign: campaignName.parse('demo'), scheduler, rounds: 2, version: 0, now: 0 });
  expect(summarise({ record, groups: [], spans: [] }).replaced).toBeUndefined();
});
