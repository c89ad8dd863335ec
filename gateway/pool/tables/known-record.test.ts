import { expect, test } from 'vitest';
import { completionRecord } from '../../../contracts/trajectory.ts';
import { madeCompletion, madeTrajectory } from '../../../tests/support/made-up-pool.ts';
import { jsonIn, knownCompletion, knownTrajectory } from './known-record.ts';

const good = madeCompletion({ group: 1, sample: 0 });
const WRONG: readonly object[] = [
  ...(['promptIds', 'completionIds'] as const).flatMap((name) => [
    { [name]: [1, 0.5] },
    { [name]: [1, '2'] },
    { [name]: [1, null] },
    { [name]: [2 ** 53] },
    { [name]: 'none' },
    { [name]: undefined },
  ]),
  { logprobs: ['-1'] },
  { logprobs: [null] },
  { more: 1 },
  { startedAt: 'yesterday' },
  { schema: 'anneal/completion/v2' },
];

test.each([
  ['as it is', {}],
  ['without tokens', { promptIds: [], completionIds: [], logprobs: [] }],
  ['with whole log-probabilities', { logprobs: [0, -1, -2, -3, -1e300] }],
])('a completion %s is one', (_how, change) => {
  const record = { ...good, ...change };
  expect(knownCompletion(JSON.stringify(record), 'here')).toEqual(completionRecord.parse(record));
});

test.each(WRONG)('with %j it is none, by the schema’s own words', (change) => {
  const record = { ...good, ...change };
  const { error } = completionRecord.safeParse(JSON.parse(JSON.stringify(record)));
  expect(error).toBeDefined();
  const failure = (() => {
    try {
      return knownCompletion(JSON.stringify(record), 'record 7');
    } catch (thrown) {
      return thrown;
    }
  })();
  expect(failure).toMatchObject({ code: 'pool.record_invalid', message: expect.stringMatching(/^record 7 is none/) });
  expect((failure as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual(
    error?.issues.map(({ path }) => path.join('.')),
  );
});

test('what is no JSON is no record', () => {
  for (const text of ['', '{', 'null', '[]', '"text"']) {
    expect(() => knownCompletion(text, 'here')).toThrow('here is none that this version knows');
    expect(() => knownTrajectory(text, 'here')).toThrow('here is none that this version knows');
  }
  expect(jsonIn('{')).toBeUndefined();
  const trajectory = madeTrajectory({ group: 1, sample: 0 });
  expect(knownTrajectory(JSON.stringify(trajectory), 'here')).toEqual(trajectory);
});
