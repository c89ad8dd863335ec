import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certify, smallestGain } from './certifiable.ts';

const set = (tasks: number) => ({ tasks, discordance: 0.1, looks: 100, power: 0.5 });

describe('what a set can certify', () => {
  it('is 7.4 points for 200 tasks and 3.3 for 1,000: a hundred looks, 10% discordant, 50% power', () => {
    expect(100 * certify(0.01, set(200)).smallest).toBeCloseTo(7.4, 1);
    expect(100 * certify(0.01, set(1000)).smallest).toBeCloseTo(3.3, 1);
  });

  it('is said in words, with the arithmetic and what it would take', () => {
    expect(certify(0.02, set(200)).why).toBe(
      'This set is too small to certify a gain of 2.0 points. 200 tasks, of which 10.0% change between two versions, have a standard error of 2.2 points; 100 looks at 5.0% in all leave each 0.0005, which with 50.0% power takes 3.29 standard errors: this set certifies gains from 7.4 points. A gain of 2.0 points takes 2707 tasks.',
    );
    expect(certify(0.1, set(200)).why).toMatch(/^A gain of 10\.0 points can be certified\./);
    expect(certify(0.02, { ...set(200), designEffect: 2 }).why).toContain('2.0 of which tell as much as one');
  });

  it('agrees with itself: as many tasks as are needed suffice, one fewer do not', () => {
    const sizes = {
      wanted: fc.double({ min: 0.005, max: 0.5, noNaN: true }),
      discordance: fc.double({ min: 0.01, max: 0.6, noNaN: true }),
      looks: fc.integer({ min: 1, max: 300 }),
      power: fc.double({ min: 0.5, max: 0.95, noNaN: true }),
    };
    fc.assert(
      fc.property(fc.record(sizes), ({ wanted, ...rest }) => {
        const { tasksNeeded } = certify(wanted, { tasks: 100, ...rest });
        expect(certify(wanted, { tasks: tasksNeeded, ...rest }).certifiable).toBe(true);
        if (tasksNeeded > 1) expect(certify(wanted, { tasks: tasksNeeded - 1, ...rest }).certifiable).toBe(false);
      }),
    );
  });

  it('gets worse with looks, power and noise, and better with tasks', () => {
    const of = (more: Partial<Parameters<typeof smallestGain>[0]>) =>
      smallestGain({ units: 500, discordance: 0.15, alpha: 0.001, power: 0.8, ...more });
    expect(of({ alpha: 0.0001 })).toBeGreaterThan(of({}));
    expect(of({ power: 0.9 })).toBeGreaterThan(of({}));
    expect(of({ discordance: 0.2 })).toBeGreaterThan(of({}));
    expect(of({ units: 600 })).toBeLessThan(of({}));
  });

  it('knows that a dozen tasks, or a set without noise, certify nothing small', () => {
    expect(smallestGain({ units: 8, discordance: 0.1, alpha: 0.0005, power: 0.5 })).toBeGreaterThan(1);
    expect(certify(0.5, set(8)).why).toContain('certifies no gain at all');
    // Without discordance fourteen tasks must still turn from failed to passed.
    expect(smallestGain({ units: 200, discordance: 0, alpha: 0.0005, power: 0.5 })).toBe(14 / 200);
    // Six families against the lost one: 8 / 2^7 = 6.3%; seven: 9 / 2^8.
    expect(smallestGain({ units: 200, discordance: 0, alpha: 0.06, power: 0.5 })).toBe(7 / 200);
    expect(smallestGain({ units: 0, discordance: 0, alpha: 0.05, power: 0.5 })).toBe(Number.POSITIVE_INFINITY);
  });
});
