import { expect, it } from 'vitest';
import { chance, counted, gained, percent, points } from './wording.ts';

it('words shares, differences, chances and counts', () => {
  expect([percent(0.3141), percent(1)]).toEqual(['31.4%', '100.0%']);
  expect([points(0.031), points(-0.031), points(-1e-9)]).toEqual(['3.1 points', '−3.1 points', '0.0 points']);
  expect([gained(0.031), gained(-0.031), gained(0)]).toEqual(['+3.1 points', '−3.1 points', '+0.0 points']);
  expect([chance(0.0304), chance(2.4e-7)]).toEqual(['0.0304', '2.4e-7']);
  expect([counted(1, 'task'), counted(2, 'family', 'families')]).toEqual(['1 task', '2 families']);
});
