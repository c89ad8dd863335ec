import { expect, it } from 'vitest';
import { tasksSpec } from '../../contracts/campaign.ts';
import { mostFamilies } from './expected-size.ts';

const spec = (more: object) =>
  tasksSpec.parse({
    source: 'python-stdlib',
    modules: ['math'],
    splits: { visible: 0.5, gate: 0.25, sealed: 0.25 },
    compositions: 8,
    ...more,
  });

it('is the share of the functions and of the compositions', () => {
  const only = ['math.ceil', 'math.exp', 'math.gcd', 'math.sqrt', 'math.sin', 'str.upper'];
  expect(mostFamilies(spec({ only }), 'gate')).toBe(2 + 2);
  expect(mostFamilies(spec({ only, exclude: ['math.sin'] }), 'visible')).toBe(2 + 4);
  expect(mostFamilies(spec({}), 'gate')).toBeGreaterThan(12);
});
