import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CLOSE_AFTER_MS, judgeLeftovers, REMOVE_AFTER_MS, type SeenCampaign } from './reap.ts';

const time = fc.integer({ min: 0, max: 2 ** 42 });
const seen: fc.Arbitrary<SeenCampaign> = fc.record({
  phase: fc.constantFrom('running', 'closed', 'absent'),
  closedAtMs: fc.option(time, { nil: undefined }),
  createdAtMs: time,
});
const ORDER = ['keep', 'close', 'remove'];

test('a campaign that runs keeps everything, whatever else was seen', () => {
  fc.assert(fc.property(seen, time, (one, now) => judgeLeftovers({ ...one, phase: 'running' }, now) === 'keep'));
});

test('nothing is ended before its time: a resume has ten minutes, a look a day', () => {
  fc.assert(
    fc.property(seen, time, (one, now) => {
      const what = judgeLeftovers(one, now);
      const idle = now - (one.closedAtMs ?? one.createdAtMs);
      if (idle < CLOSE_AFTER_MS) expect(what).toBe('keep');
      if (idle < REMOVE_AFTER_MS) expect(what).not.toBe('remove');
    }),
  );
});

test('as time goes by it never takes back what it would have done', () => {
  fc.assert(
    fc.property(seen, time, time, (one, a, b) => {
      const [before, after] = [Math.min(a, b), Math.max(a, b)].map((now) => ORDER.indexOf(judgeLeftovers(one, now)));
      expect(after).toBeGreaterThanOrEqual(before!);
    }),
  );
});

test('what Temporal has forgotten and its record calls over is only removed when it is old', () => {
  const one = { phase: 'closed', closedAtMs: undefined, createdAtMs: 0 } as const;
  expect(judgeLeftovers(one, REMOVE_AFTER_MS - 1)).toBe('keep');
  expect(judgeLeftovers(one, REMOVE_AFTER_MS)).toBe('remove');
});

test('what nobody here knows to be over is another Temporal’s business, however old it is', () => {
  fc.assert(fc.property(seen, time, (one, now) => judgeLeftovers({ ...one, phase: 'absent' }, now) === 'keep'));
});
