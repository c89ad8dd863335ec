import { expect, test } from 'vitest';
import { CALCULATOR_SAMPLES, LIST_SAMPLES } from '../../hacks/web-page/corpus.ts';
import { webPageCheck } from './check.ts';
import { asWritten, endsWith, rehearsed, sized } from './rehearsal.ts';

const scenariosOf = (check: unknown) => webPageCheck.parse(check).scenarios;
const SECRETS = Array.from({ length: 30 }, (_, at) => `secret ${at}`);

test('as written: whole, at once, and nothing else', () => {
  const [scenario] = scenariosOf(LIST_SAMPLES[0]!.task.check);
  expect(asWritten(scenario!, 2)).toEqual([
    { scenario, draw: 0 },
    { scenario, draw: 1 },
  ]);
});

test('every rehearsal ends with a look, and every turn that actions bring about with one, whatever the secret', () => {
  for (const { task } of [LIST_SAMPLES[0]!, CALCULATOR_SAMPLES[0]!])
    for (const scenario of scenariosOf(task.check))
      for (const secret of SECRETS) {
        const all = rehearsed(scenario, 2, secret);
        expect(all.filter(({ scenario: { steps } }) => steps.length === scenario.steps.length)).toHaveLength(2);
        for (const { scenario: part, dwellMs } of all) {
          expect(dwellMs).toBeGreaterThanOrEqual(300);
          expect(part.steps).toEqual(scenario.steps.slice(0, part.steps.length));
          expect(endsWith(part.steps).length).toBeGreaterThan(0);
        }
        expect(new Set(all.map(({ draw }) => draw)).size).toBe(all.length);
      }
});

test('the written window, the hand that takes no time and the longer look are those of one whole play each, by the secret', () => {
  const [scenario] = scenariosOf(CALCULATOR_SAMPLES[0]!.task.check);
  const ways = new Set<string>();
  const parts = new Set<string>();
  for (const secret of SECRETS) {
    const all = rehearsed(scenario!, 1, secret);
    const whole = all.slice(0, 2);
    const isWritten = whole.map(({ scenario: { viewport } }) => viewport.width === scenario!.viewport.width);
    const isAtOnce = whole.map(({ pace }) => pace === undefined);
    const isLonger = whole.map(({ dwellMs }) => dwellMs! > 1_000);
    for (const which of [isWritten, isAtOnce, isLonger]) expect(which.filter(Boolean)).toHaveLength(1);
    for (const { pace = 40, scenario: other } of all) {
      expect(pace).toBeGreaterThanOrEqual(40);
      expect(other.viewport.width).toBeGreaterThanOrEqual(scenario!.viewport.width);
    }
    for (const part of all.slice(2))
      parts.add(`${part.scenario.viewport.width > scenario!.viewport.width} ${part.pace === undefined}`);
    ways.add([isWritten, isAtOnce, isLonger].map((which) => which.indexOf(true)).join(''));
    expect(rehearsed(scenario!, 1, secret)).toEqual(all);
  }
  expect(ways.size).toBeGreaterThan(4);
  expect(parts.size).toBe(4);
});

test('a layout has windows and hands by the secret, never the window that is written', () => {
  const all = SECRETS.map((secret) => sized([{ width: 390, height: 844 }], secret)[0]!);
  for (const { viewport } of all) expect(viewport.width).toBeGreaterThan(390);
  expect(new Set(all.map(({ viewport: { width, height } }) => `${width}×${height}`)).size).toBeGreaterThan(20);
  expect(new Set(all.map(({ pace }) => pace === undefined)).size).toBe(2);
});
