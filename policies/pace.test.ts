import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchSize, paced, shardSize, UNKNOWN_PACE } from './pace.ts';

const pace = fc.record({
  played: fc.integer({ min: 1, max: 1_000 }),
  milliseconds: fc.integer({ min: 0, max: 10 ** 7 }),
});
const rest = fc.record({ left: fc.integer({ min: 1, max: 1_000 }), lanes: fc.integer({ min: 1, max: 64 }) });

describe('a batch', () => {
  it('is one rollout as long as nothing is known', () => {
    expect(batchSize(UNKNOWN_PACE, { left: 1_000, lanes: 1 })).toBe(1);
  });

  it('takes no longer than a second by what is known, and leaves the other lanes their share', () => {
    fc.assert(
      fc.property(pace, rest, (known, { left, lanes }) => {
        const size = batchSize(known, { left, lanes });
        expect(size).toBeGreaterThanOrEqual(1);
        expect(size).toBeLessThanOrEqual(50);
        if (size === 1) return;
        expect(size).toBeLessThanOrEqual(Math.ceil(left / lanes));
        expect((size * known.milliseconds) / known.played).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  it('is one rollout where a rollout takes a quarter of a second and more', () => {
    expect(batchSize({ played: 4, milliseconds: 1_004 }, { left: 200, lanes: 4 })).toBe(1);
    expect(batchSize({ played: 4, milliseconds: 1_000 }, { left: 200, lanes: 4 })).toBe(4);
  });

  it('forgets nothing of what was timed before', () => {
    const known = paced(paced(UNKNOWN_PACE, { played: 1, milliseconds: 10 }), { played: 3, milliseconds: 30 });
    expect(known).toEqual({ played: 4, milliseconds: 40 });
  });
});

describe('a shard', () => {
  it('is larger only where every rollout is known to be short', () => {
    expect(shardSize(undefined, 200)).toBe(200);
    expect(shardSize(UNKNOWN_PACE, 200)).toBe(200);
    expect(shardSize({ played: 10, milliseconds: 210 }, 200)).toBe(200);
    expect(shardSize({ played: 10, milliseconds: 200 }, 200)).toBe(1_000);
  });
});
