import fc from 'fast-check';
import { expect, test } from 'vitest';
import { afterInterruption, FRUITLESS_ATTEMPTS, isHopeless, NO_EFFORT } from './job-effort.ts';

const own = fc.constantFrom(undefined, 'exited', 'vanished', 'stuck_quota', 'store_unreachable', 'out_of_memory');
const clusters = fc.constantFrom('preempted', 'evicted', 'node_lost');

test("what a cluster takes away is never the job's fault, however often", () => {
  fc.assert(
    fc.property(fc.array(clusters, { maxLength: 200 }), (causes) => {
      const effort = causes.reduce((before, cause) => afterInterruption(before, { cause, step: 0 }), NO_EFFORT);
      expect(isHopeless(effort)).toBe(false);
    }),
  );
});

test('a job that ends by itself and gets no further is given up after so many attempts in a row, not before', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(own, clusters)), fc.nat(50), (causes, step) => {
      let effort = afterInterruption(NO_EFFORT, { step });
      const before = effort.fruitless;
      for (const cause of causes) effort = afterInterruption(effort, { cause, step });
      const counted = causes.filter((cause) => !['preempted', 'evicted', 'node_lost'].includes(`${cause}`)).length;
      expect(effort.fruitless).toBe(before + counted);
      expect(isHopeless(effort)).toBe(before + counted >= FRUITLESS_ATTEMPTS);
    }),
  );
});

test('a step further, and the count begins anew', () => {
  fc.assert(
    fc.property(fc.nat(1_000), fc.nat(20), own, (step, fruitless, cause) => {
      expect(afterInterruption({ step, fruitless }, { cause, step: step + 1 })).toEqual({
        step: step + 1,
        fruitless: 0,
      });
    }),
  );
});
