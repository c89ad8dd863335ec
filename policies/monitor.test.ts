// What is told of a running training, and what is not.
import { describe, expect, test } from 'vitest';
import { cause as causes } from '../contracts/diagnosis.ts';
import {
  actOn,
  COOLDOWN_MS,
  codeOfStopped,
  isWorthTelling,
  MOST_SIGHTINGS_A_JOB,
  type Seen,
  standsStill,
  type Told,
  WORTH,
  watchOf,
} from './monitor.ts';
import { createRandom } from './random.ts';

const nan: Seen = { cause: 'nan-or-inf', confidence: 0.92, stoodMs: 3_000, numbers: 0 };
const slow: Seen = { cause: 'throughput-drop', confidence: 0.8, stoodMs: 20_000, numbers: 60 };

describe('a cause', () => {
  test('that no step heals is told at once, when it is sure and has stood', () => {
    expect(isWorthTelling(nan, [], 0)).toBe(true);
    expect(isWorthTelling({ ...nan, confidence: 0.7 }, [], 0)).toBe(false);
    expect(isWorthTelling({ ...nan, stoodMs: 1_000 }, [], 0)).toBe(false);
  });
  test('that a run may come out of is told when it stands for longer, and for many more numbers', () => {
    expect(isWorthTelling(slow, [], 0)).toBe(true);
    expect(isWorthTelling({ ...slow, stoodMs: 10_000 }, [], 0)).toBe(false);
    expect(isWorthTelling({ ...slow, numbers: 39 }, [], 0)).toBe(false);
  });
  test('is told once; a mild one waits after another, a grave one does not', () => {
    const told: Told[] = [{ cause: 'nan-or-inf', atMs: 0 }];
    expect(isWorthTelling(nan, told, 1e9)).toBe(false);
    expect(isWorthTelling(slow, told, COOLDOWN_MS - 1)).toBe(false);
    expect(isWorthTelling(slow, told, COOLDOWN_MS)).toBe(true);
    expect(isWorthTelling({ ...nan, cause: 'disk-full' }, told, 1)).toBe(true);
  });
  test('whatever is seen in whatever order: few, each once, none that ends the job by itself, room kept for a grave one', () => {
    const random = createRandom('monitor');
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random.unit() * all.length)]!;
    for (let run = 0; run < 300; run += 1) {
      const told: Told[] = [];
      let nowMs = 0;
      for (let look = 0; look < 80; look += 1) {
        nowMs += random.unit() * 4 * COOLDOWN_MS;
        const seen = { cause: pick(causes.options), confidence: random.unit(), stoodMs: 1e5, numbers: 100 };
        if (isWorthTelling(seen, told, nowMs)) told.push({ cause: seen.cause, atMs: nowMs });
      }
      expect(told.length).toBeLessThanOrEqual(MOST_SIGHTINGS_A_JOB);
      expect(new Set(told.map(({ cause }) => cause)).size).toBe(told.length);
      expect(told.filter(({ cause }) => WORTH[cause] === 'own')).toEqual([]);
      expect(told.filter(({ cause }) => WORTH[cause] === 'mild').length).toBeLessThan(MOST_SIGHTINGS_A_JOB);
    }
  });
});

describe('silence', () => {
  const pace = { gaps: [1_000, 1_000, 1_200], quietMs: 11_000, done: 4, total: 9 };
  test('is a hang after many times the usual step, and not before the least that is set', () => {
    expect(standsStill(pace, 5_000)).toMatch(/^no step and no line for 11 s, after 4 of 9 steps/);
    expect(standsStill({ ...pace, quietMs: 9_900 }, 5_000)).toBeUndefined();
    expect(standsStill(pace, 12_000)).toBeUndefined();
  });
  test('is none where one step took as long before, where no step is known, and after the last', () => {
    expect(standsStill({ ...pace, gaps: [1_000, 1_000, 1_000, 4_000] }, 5_000)).toBeUndefined();
    expect(standsStill({ ...pace, gaps: [1_000, 1_000] }, 5_000)).toBeUndefined();
    expect(standsStill({ ...pace, done: 9 }, 5_000)).toBeUndefined();
  });
});

test('a campaign asks unless it says otherwise, and only about what is grave', () => {
  expect(watchOf({})).toEqual({ act: 'ask', hangAfterMs: 600_000 });
  expect(watchOf({ monitor: { act: 'none', hangAfter: '1m' } })).toBeUndefined();
  expect(actOn('stop', 'nan-or-inf')).toBe('stop');
  expect(actOn('stop', 'throughput-drop')).toBe('tell');
  expect(codeOfStopped('silent-hang')).toBe('job.unsound');
  expect(codeOfStopped('disk-full')).toBe('job.no_space');
});
