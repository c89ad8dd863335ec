// What a campaign file may say of its judge.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { judgeSetup } from '../../evals/verifiers/rubric/rubric.ts';
import { type ReadCampaign, readCampaign } from './read.ts';

const CRITERIA = [{ name: 'clear', asks: 'Is it clear?', weight: 1 }];
const setOf = (right: number, wrong: number) => ({
  schema: 'anneal/judge-calibration-set/v1',
  rubrics: [
    {
      criteria: CRITERIA,
      items: Array.from({ length: right + wrong }, (_, at) => ({ about: 'a', text: `${at}`, right: at < right })),
    },
  ],
});
const JUDGE = {
  ...{ endpoint: 'http://judge.example:8000/v1', model: 'kestrel-8b', family: 'kestrel' },
  calibration: 'set.json',
};
const ARTIFACTS = { source: 'artifact-set', build: { from: { kind: 'traces', tasks: 20 } } };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-judge-'));
  await writeFile(join(folder, 'set.json'), JSON.stringify(setOf(20, 20)));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function read(judge: object | undefined, more: object = {}): Promise<ReadCampaign> {
  const path = join(folder, 'campaign.yaml');
  const spec = {
    ...{ apiVersion: 'anneal/v1', kind: 'Campaign', name: 'judged', seed: 1, rounds: 2 },
    ...{ policy: { base: 'smollm2-135m-instruct' }, tasks: ARTIFACTS, harness: { prompt: '{instruction}' } },
    ...{ rollouts: { groupsPerRound: 2, groupSize: 2 }, training: { learningRate: 0.001 } },
    budget: { tokens: 100_000, wallClock: '1h' },
    ...(judge === undefined ? {} : { judge }),
    ...more,
  };
  await writeFile(path, stringify(spec));
  return readCampaign(path);
}
const problemsOf = async (judge: object, more: object = {}): Promise<readonly Problem[]> => {
  const failure: unknown = await read(judge, more).catch((refusal: unknown) => refusal);
  if (!(failure instanceof AnnealError)) throw new Error('it was taken');
  return failure.problems;
};

it('carries the set, and knows the words that it calibrates', async () => {
  const { spec, judged } = await read(JUDGE);
  expect(spec.judge).toEqual({ ...JUDGE, leastAgreement: 0.8 });
  expect(judged?.setups).toEqual(new Set([judgeSetup({ criteria: CRITERIA })]));
  expect(JSON.parse(judged!.text)).toEqual(setOf(20, 20));
});

it('is missing where the source has rubrics', async () => {
  await writeFile(join(folder, 'q.jsonl'), '{}');
  const tasks = { source: 'artifact-set', build: { from: { kind: 'open-questions', file: 'q.jsonl' } } };
  const failure: unknown = await read(undefined, { tasks }).catch((refusal: unknown) => refusal);
  expect(failure).toMatchObject({ problems: [{ code: 'spec.missing_field', path: 'judge', got: 'no judge' }] });
  expect((await read(JUDGE, { tasks })).judged).toBeDefined();
});

it('is nothing in a campaign without one, whose hash is what it was', async () => {
  const { spec, judged, specJson } = await read(undefined);
  expect('judge' in spec).toBe(false);
  expect(judged).toBeUndefined();
  expect(specJson).not.toContain('judge"');
});

it.each<[string, object, object, Problem['code'], string, RegExp]>([
  [
    'the policy’s family',
    { family: 'SmolLM2' },
    {},
    'spec.out_of_range',
    'judge.family',
    /another family than .* smollm:/,
  ],
  ['a model named after it', { model: 'kestrel-from-smollm' }, {}, 'spec.out_of_range', 'judge.family', /its own kind/],
  ['a family that is told', { policyFamily: 'kestrel' }, {}, 'spec.out_of_range', 'judge.family', /kestrel:/],
  ['no artifacts', {}, { tasks: stdlib() }, 'spec.out_of_range', 'judge', /only tasks of an artifact-set/],
  [
    'no file',
    { calibration: 'gone.json' },
    {},
    'spec.missing_file',
    'judge.calibration',
    /relative to the campaign file/,
  ],
  ['another file', { calibration: 'campaign.yaml' }, {}, 'spec.wrong_type', 'judge.calibration', /a calibration set/],
  [
    'few wrong ones',
    { calibration: 'few.json' },
    {},
    'spec.out_of_range',
    'judge.calibration',
    /20 right and 20 wrong/,
  ],
  [
    'a name in its address',
    { endpoint: 'http://me:key@judge/v1' },
    {},
    'spec.out_of_range',
    'judge.endpoint',
    /without a name/,
  ],
  ['no address', { endpoint: 'judge:8000' }, {}, 'spec.out_of_range', 'judge.endpoint', /http:\/\/HOST/],
])('is refused with %s', async (_, judge, more, code, path, expected) => {
  await writeFile(join(folder, 'few.json'), JSON.stringify(setOf(20, 19)));
  const problems = await problemsOf({ ...JUDGE, ...judge }, more);
  expect(problems.map((one) => [one.code, one.path])).toEqual([[code, path]]);
  expect(problems[0]?.expected).toMatch(expected);
  expect(problems[0]?.line).toBeGreaterThan(0);
});

function stdlib() {
  return { source: 'python-stdlib', modules: ['math'], splits: { visible: 0.5, gate: 0.25, sealed: 0.25 } };
}
