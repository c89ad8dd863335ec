import { expect, test } from 'vitest';
import { STRUCTURED_DATA_CORPUS } from '../hacks/structured-data/corpus.ts';
import { artifactOf } from './artifact.ts';
import { judgeArtifact } from './judge.ts';
import { structuredData } from './structured-data/structured-data.ts';
import type { ArtifactVerifier, Found } from './verifier.ts';

const sample = STRUCTURED_DATA_CORPUS[0]!;
const judgeBy = (judge: () => Promise<Found>) =>
  judgeArtifact({
    ...{ task: sample.task, artifact: artifactOf(sample.gold), given: artifactOf(sample.given) },
    ...{ shares: { process: 0.1, speed: 0 }, instruments: {} as never },
    verifier: { ...structuredData, judge } as unknown as ArtifactVerifier,
  });
const right: Found = {
  gates: [{ name: 'parses', passed: true, why: 'it does' }],
  components: [{ name: 'one', kind: 'outcome', score: 1, weight: 1, why: 'it is' }],
  ...{ runs: [], seen: null },
};

test.each([
  ['a number beyond all numbers', { ...right, seen: { score: Number.POSITIVE_INFINITY } }],
  ['a share of nothing', { ...right, components: [{ ...right.components[0]!, score: Number.NaN }] }],
])('what no record can hold earns nothing, and is judged: %s', async (_, found) => {
  const judged = await judgeBy(async () => found);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0, solved: false } });
  expect('judgement' in judged && judged.judgement.gates.map(({ name, passed }) => [name, passed])).toEqual([
    ['parses', true],
    ['recorded', false],
  ]);
});

test('a mistake of a verifier is told as one, and ends nothing else', async () => {
  const judged = await judgeBy(() => Promise.reject(new TypeError('x is not a function')));
  expect(judged).toEqual({ outcome: 'verifier_failure', reason: 'internal.bug: TypeError: x is not a function' });
  expect(await judgeBy(async () => right)).toMatchObject({ outcome: 'success', reward: { total: 1 } });
});
