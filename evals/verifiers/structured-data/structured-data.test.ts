import { expect, test } from 'vitest';
import { canonicalJson } from '../../../contracts/canonical.ts';
import { judgeVariant } from '../../hacks/judging.ts';
import { STRUCTURED_DATA_CORPUS } from '../../hacks/structured-data/corpus.ts';
import type { Sample } from '../../hacks/variant.ts';
import { structuredDataCheck } from './structured-data.ts';

/** Nothing is run: whoever asked for a sandbox here would be wrong. */
const instruments = {
  secret: 's',
  sandbox: {
    describe: async () => '',
    run: async () => {
      throw new Error('data is read, never run');
    },
  },
};
const judge = (sample: Sample, text: string | Uint8Array) =>
  judgeVariant(sample, { [Object.keys(sample.gold)[0]!]: text }, instruments);
const SAMPLE = STRUCTURED_DATA_CORPUS[0]!;
const withCheck = (change: object): Sample => ({
  ...SAMPLE,
  task: { ...SAMPLE.task, check: { ...(SAMPLE.task.check as object), ...change } },
});

const all = (of: 'cheats' | 'honest') =>
  STRUCTURED_DATA_CORPUS.flatMap((sample) =>
    sample[of].map((variant) => ({ name: `${sample.task.family}: ${variant.name}`, sample, variant })),
  );

test('the gold of every sample is solved, in the same words each time', async () => {
  for (const sample of STRUCTURED_DATA_CORPUS) {
    const judged = await judgeVariant(sample, sample.gold, instruments);
    expect(judged, JSON.stringify(judged)).toMatchObject({ reward: { total: 1, solved: true } });
    expect(canonicalJson(await judgeVariant(sample, sample.gold, instruments))).toBe(canonicalJson(judged));
  }
});

test('every cheat against every sample earns nothing', async () => {
  for (const { name, sample, variant } of all('cheats'))
    expect(await judgeVariant(sample, variant.artifact, instruments), name).toMatchObject({
      outcome: 'policy_failure',
      reward: { total: 0, solved: false },
    });
}, 300_000);

test('every honest variant of every sample is solved', async () => {
  for (const { name, sample, variant } of all('honest')) {
    const judged = await judgeVariant(sample, variant.artifact, instruments);
    expect(judged, `${name} ${JSON.stringify(judged)}`).toMatchObject({ reward: { total: 1, solved: true } });
  }
});

test('soft checks give their share, by weight', async () => {
  const checks = [
    { kind: 'count', name: 'rows', at: '/orders', least: 1, most: 9, weight: 3 },
    { kind: 'equals', name: 'first', at: '/orders/0/id', value: -1, weight: 1 },
  ];
  const judged = await judge(withCheck({ checks }), SAMPLE.gold['orders.json']!);
  expect(judged).toMatchObject({ outcome: 'policy_failure', reward: { total: 0.75, solved: false } });
});

test('a gate says where and what', async () => {
  const cases: [string | Uint8Array, string, string][] = [
    ['', 'parses', 'orders.json is empty'],
    [new Uint8Array([0xff]), 'parses', 'orders.json is not UTF-8'],
    ['{"orders":[],"orders":[]}', 'parses', 'orders.json has the member "orders" twice'],
    ['{"orders":[{"id":1}],"total":1}', 'schema', '/orders/0'],
    ['{"orders":[],"total":0}', 'the orders', 'the list is empty'],
  ];
  for (const [text, name, why] of cases) {
    const judged = await judge(SAMPLE, text);
    const gate = 'judgement' in judged ? judged.judgement.gates.at(-1) : undefined;
    expect(gate).toMatchObject({ name, passed: false });
    expect(gate?.why).toContain(why);
  }
});

test('patterns that hold a backtracking engine for hours are answered at once', async () => {
  const schema = { type: 'string', pattern: '^(a+)+$' };
  const checks = [{ kind: 'equals', name: 'x', at: '', value: 'a' }];
  const started = performance.now();
  expect(await judge(withCheck({ schema, checks }), JSON.stringify(`${'a'.repeat(50_000)}!`))).toMatchObject({
    reward: { total: 0 },
  });
  expect(performance.now() - started).toBeLessThan(5_000);
});

test('long lists that have to be unique are answered at once', async () => {
  const schema = { type: 'array', uniqueItems: true };
  const checks = [{ kind: 'count', name: 'x', at: '', least: 1, most: 99 }];
  const sample = withCheck({ schema, checks });
  const deliverables = [{ path: 'orders.json', maxBytes: 10_000_000, required: true }];
  const large = { ...sample, task: { ...sample.task, deliverables } };
  const started = performance.now();
  const items = Array.from({ length: 40_000 }, (_, index) => ({ a: { b: index } }));
  expect(await judge(large, JSON.stringify(items))).toMatchObject({ reward: { total: 0 } });
  expect(await judge(large, JSON.stringify([...items, items[0]]))).toMatchObject({
    judgement: { gates: [{ passed: true }, { name: 'schema', passed: false }] },
  });
  expect(performance.now() - started).toBeLessThan(60_000);
});

test('a check that cannot be used is the task’s fault, and says where', () => {
  const bad = { ...(SAMPLE.task.check as object), schema: { type: 'strnig' }, checks: [] };
  const { error } = structuredDataCheck.safeParse(bad);
  expect(error?.issues.map(({ path }) => path.join('.')).sort()).toEqual(['checks', 'schema']);
  const lookahead = { ...(SAMPLE.task.check as object), schema: { type: 'string', pattern: '(?=a)' } };
  expect(structuredDataCheck.safeParse(lookahead).error?.issues[0]?.message).toContain(
    'no JSON Schema that can be used',
  );
});
