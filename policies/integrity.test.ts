import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeAlarms } from './integrity.ts';

const counts = fc
  .nat(500)
  .chain((rollouts) => fc.record({ rollouts: fc.constant(rollouts), alarms: fc.nat(rollouts) }));

test('it pauses beyond the limit, never for a single one, and says the numbers', () => {
  fc.assert(
    fc.property(counts, fc.double({ min: 0, max: 1, noNaN: true }), ({ alarms, rollouts }, limit) => {
      const { action, why } = judgeAlarms({ alarms, rollouts }, limit);
      expect(action === 'pause').toBe(alarms >= 2 && alarms / rollouts > limit);
      expect(why).toContain(`${alarms} of ${rollouts} rollouts`);
    }),
  );
});

test('more alarms never make it go on', () => {
  fc.assert(
    fc.property(counts, ({ alarms, rollouts }) => {
      const order = { 'go-on': 0, pause: 1 };
      const now = judgeAlarms({ alarms, rollouts: rollouts + 1 });
      const more = judgeAlarms({ alarms: alarms + 1, rollouts: rollouts + 1 });
      expect(order[more.action]).toBeGreaterThanOrEqual(order[now.action]);
    }),
  );
});
