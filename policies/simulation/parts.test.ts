import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDraw, stream } from './draw.ts';
import { speedOf } from './engines.ts';
import { createQueue } from './queue.ts';

const source = 'assumption: a test';

describe('the queue', () => {
  it('gives by time, and of equals the first first, also while it grows', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { maxLength: 200 }), (pushes) => {
        const queue = createQueue<number>();
        let kept: { at: number; item: number }[] = [];
        const first = () => kept.toSorted((a, b) => a.at - b.at || a.item - b.item)[0];
        for (const [item, [at, takes]] of pushes.entries()) {
          queue.push(at, item);
          kept.push({ at, item });
          if (queue.peek()?.item !== first()?.item || queue.size !== kept.length) throw new Error('not the first');
          if (!takes) continue;
          const taken = queue.pop();
          if (taken?.item !== first()?.item) throw new Error('not the first');
          kept = kept.filter((one) => one.item !== taken?.item);
        }
        while (kept.length > 0) {
          const taken = queue.pop();
          if (taken?.item !== first()?.item) throw new Error('not the first');
          kept = kept.filter((one) => one.item !== taken?.item);
        }
        expect(queue.pop()).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });
});

describe('draws', () => {
  const many = (of: object) => {
    const draw = createDraw({ source, ...of }, stream(1, 'test'));
    const values = Array.from({ length: 40_000 }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    return { mean, cv: deviation / mean, max: Math.max(...values), min: Math.min(...values) };
  };

  it('have the mean and the coefficient of variation that are asked for', () => {
    const { mean, cv } = many({ mean: 50, cv: 0.7 });
    expect(Math.abs(mean - 50)).toBeLessThan(0.7);
    expect(Math.abs(cv - 0.7)).toBeLessThan(0.03);
    expect(many({ mean: 5 })).toMatchObject({ min: 5, max: 5 });
  });

  it('of measured values are these, and none is beyond the limit', () => {
    expect(many({ values: [1, 2, 9], max: 4 })).toMatchObject({ min: 1, max: 4 });
    expect(Math.abs(many({ values: [1, 2, 9] }).mean - 4)).toBeLessThan(0.1);
  });
});

it('the speed of an engine: from 0, through the points, level after', () => {
  const points = [
    { running: 2, tokensPerSecond: 20 },
    { running: 4, tokensPerSecond: 30 },
  ];
  expect([0, 1, 2, 3, 4, 9].map((running) => speedOf(points, running))).toEqual([0, 10, 20, 25, 30, 30]);
});
