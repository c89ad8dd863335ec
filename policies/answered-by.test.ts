import fc from 'fast-check';
import { expect, test } from 'vitest';
import { harnessSpec } from '../contracts/harness.ts';
import { policyName } from '../contracts/ids.ts';
import { makeWeightTag } from '../contracts/weight-update.ts';
import { hasForeignWeights, takesNewest, trainsAs, versionAnswering } from './answered-by.ts';

const answer = (version: number, weights?: number) => ({
  policy: policyName.parse(`demo.v${version}`),
  ...(weights === undefined ? {} : { weights: makeWeightTag(weights, 'a'.repeat(64)) }),
});
const whole = (version: number) => ({
  weights: {
    tag: makeWeightTag(version, 'a'.repeat(64)),
    manifest: { uri: 'store:x', sha256: 'b', bytes: 1 } as never,
  },
});
const plan = (versions: 'pinned' | 'latest' | undefined, purpose: 'train' | 'gate' = 'train') => ({
  purpose,
  harness: harnessSpec.parse({ prompt: '{instruction}', session: { versions } }),
});
const number = fc.integer({ min: 0, max: 40 });
const weights = fc.option(number, { nil: undefined });

test('an answer trains as the version that its record names, and as none that is newer than the one that is trained', () => {
  fc.assert(
    fc.property(number, number, (version, from) => {
      expect(versionAnswering(answer(version))).toBe(version);
      expect(trainsAs(answer(version), { number: from })).toBe(version > from ? from : version);
    }),
  );
});

test('weights are those of the sampler, or with the newest version those of the version that the record names', () => {
  fc.assert(
    fc.property(number, number, weights, (sampler, version, told) => {
      const given = answer(version, told);
      expect(hasForeignWeights(plan('latest'), whole(sampler), given)).toBe(told !== version);
      for (const bound of [plan('pinned'), plan(undefined), plan('latest', 'gate')])
        expect(hasForeignWeights(bound, whole(sampler), given)).toBe(told !== sampler);
      // Adapters beside each other in one server have no weights of their own to name.
      expect(hasForeignWeights(plan('latest'), {}, given)).toBe(false);
    }),
  );
  expect([plan('latest'), plan('latest', 'gate'), plan('pinned')].map(takesNewest)).toEqual([true, false, false]);
});
