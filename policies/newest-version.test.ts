import fc from 'fast-check';
import { expect, it } from 'vitest';
import { policyName } from '../contracts/ids.ts';
import { newestVersion } from './newest-version.ts';

const began = policyName.parse('demo.v3');

it('is the newest of the campaign, not of others, and not by its letters', () => {
  expect(newestVersion(began, ['demo.v9', 'demo.v10', 'demo-b.v99', 'demo.v4', 'demo', 'x'])).toBe('demo.v10');
  expect(newestVersion(began, ['demo.v2', 'other.v9'])).toBe('demo.v3');
  expect(newestVersion(began, [])).toBe('demo.v3');
});

it('is as new as any that is served, and no older than the first', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 })), (versions) => {
      const found = newestVersion(
        began,
        versions.map((version) => `demo.v${version}`),
      );
      expect(found).toBe(`demo.v${Math.max(3, ...versions)}`);
    }),
  );
});
