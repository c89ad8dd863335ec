// rollback --to a release that cannot be gone back to: the refusal says what is possible.
import { expect, test } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import type { ReleasedPointer } from '../../contracts/release.ts';
import { rollbackRefusal } from './releases.ts';

const entry = (how: 'release' | 'rollback', policy: string | null, minute: number) => ({
  ...{ how, policy, manifest: null },
  at: `2026-01-05T09:3${minute}:00.000Z`,
});
const pointer = (...history: ReturnType<typeof entry>[]): ReleasedPointer =>
  ({
    ...{ schema: 'anneal/released/v1', base: 'base-model', manifest: null },
    ...{ policy: history.at(-1)?.policy ?? null, history },
  }) as ReleasedPointer;
const none = new AnnealError('release.nothing_to_roll_back', 'a.v1 is not released before base-model: none');
const said = (now: ReleasedPointer | undefined, to?: string) => rollbackRefusal(none, now, to) as AnnealError;

test('one that was rolled back to the base model is told to be so, with the way that is left', () => {
  const refusal = said(pointer(entry('release', 'a.v1', 0), entry('rollback', null, 5)), 'a.v1');
  expect(refusal.code).toBe('release.nothing_to_roll_back');
  expect(refusal.message).toContain('a.v1 was rolled back on 2026-01-05 09:35 UTC');
  expect(refusal.message).toContain('Users have the base model base-model, before which there is nothing');
  expect(refusal.message).toContain('at the release gate of a campaign');
});

test('one above an earlier release names what users have; one that never was is told to be so', () => {
  const back = pointer(entry('release', 'a.v1', 0), entry('release', 'b.v2', 1), entry('rollback', 'a.v1', 5));
  expect(said(back, 'b.v2').message).toContain('b.v2 was rolled back on 2026-01-05 09:35 UTC. Users have a.v1, and');
  const base = pointer(entry('release', 'a.v1', 0), entry('rollback', null, 5));
  expect(said(base, 'c.v9').message).toContain('c.v9 was never released');
});

test('where the refusal says it already, it stays: the earlier ones are named, or there never was any', () => {
  const two = pointer(entry('release', 'a.v1', 0), entry('release', 'b.v2', 1));
  expect(said(two, 'c.v9')).toBe(none);
  expect(said(undefined, 'a.v1')).toBe(none);
  expect(said(two)).toBe(none);
  const other = new Error('other');
  expect(rollbackRefusal(other, two, 'a.v1')).toBe(other);
});
