import { expect, test } from 'vitest';
import { CALCULATOR_SAMPLES, LIST_SAMPLES } from '../../hacks/web-page/corpus.ts';
import { webPageCheck } from './check.ts';
import { asWritten, endsWith, rehearsed, sized } from './rehearsal.ts';

const scenariosOf = (check: unknown) => webPageCheck.parse(check).scenarios;
const SECRETS = Array.from({ length: 30 }, (_, at) => `secret ${at}`);

test('as written: whole, at once, and nothing else', () => {
  const [scenario] = scenariosOf(LIST_SAMPLES[0]!.task.check);
  expect(asWritten(scenario!, 2)).toEqual([
    { scenario, draw: 0, looked: false },
    { scenario, draw: 1, looked: false },
  ]);
});

test('every turn that actions bring about is looked at once, whatever the secret', () => {
  for (const { task } of [LIST_SAMPLES[0]!, CALCULATOR_SAMPLES[0]!])
    for (const scenario of scenariosOf(task.check))
      for (const secret of SECRETS) {
        const all = rehearsed(scenario, 2, secret);
        const ends = all.filter(({ looked }) => looked).map((one) => one.scenario.steps.length);
        expect(new Set(ends).size).toBe(ends.length);
        expect(Math.max(...ends)).toBe(scenario.steps.length);
        for (const { scenario: part } of all) {
          expect(part.steps).toEqual(scenario.steps.slice(0, part.steps.length));
          expect(endsWith(part.steps).length).toBeGreaterThan(0);
        }
        expect(new Set(all.map(({ draw }) => draw)).size).toBe(all.length);
      }
});

test('one hand takes no time, others do; windows have other sizes by other secrets, and never the one that is written', () => {
  const [scenario] = scenariosOf(CALCULATOR_SAMPLES[0]!.task.check);
  const sizes = new Set<string>();
  for (const secret of SECRETS) {
    const [first, ...others] = rehearsed(scenario!, 1, secret);
    expect(first).toEqual({ scenario, draw: 0, looked: true });
    expect(others.length).toBeGreaterThan(0);
    for (const { pace, scenario: other } of others) {
      expect(pace).toBeGreaterThanOrEqual(40);
      expect(other.viewport.width).toBeGreaterThan(scenario!.viewport.width);
      expect(other.viewport.height).toBeGreaterThan(scenario!.viewport.height);
    }
    const [window] = sized([{ width: 390, height: 844 }], secret);
    expect(window!.width).toBeGreaterThan(390);
    sizes.add(`${window!.width}×${window!.height}`);
    expect(rehearsed(scenario!, 1, secret)).toEqual([first, ...others]);
  }
  expect(sizes.size).toBeGreaterThan(20);
});
