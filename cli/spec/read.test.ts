import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { campaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, problem } from '../../contracts/errors.ts';
import { readCampaign } from './read.ts';

const FIXTURES = new URL('../../tests/fixtures/', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'anneal-spec-'));
afterAll(() => rm(folder, { recursive: true }));

const VALID = {
  apiVersion: 'anneal/v1',
  kind: 'Campaign',
  name: 'tiny',
  seed: 1,
  rounds: 1,
  policy: { base: 'smollm2-135m-instruct' },
  tasks: { source: 'python-stdlib', modules: ['math'], splits: { visible: 0.7, gate: 0.2, sealed: 0.1 } },
  harness: { prompt: '{instruction}' },
  rollouts: { groupsPerRound: 4, groupSize: 4 },
  training: { learningRate: 0.001 },
  budget: { tokens: 1000, wallClock: '10m' },
};

async function refusal(text: string): Promise<AnnealError> {
  const path = join(folder, `${Math.random().toString(36).slice(2)}.yaml`);
  await writeFile(path, text);
  return refusalOf(path);
}

async function refusalOf(path: string): Promise<AnnealError> {
  const failure: unknown = await readCampaign(path).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(failure instanceof AnnealError)) throw new Error(`not refused as it should be: ${String(failure)}`);
  return failure;
}

/** A valid campaign with some parts replaced. */
const withParts = (parts: object): string => stringify({ ...VALID, ...parts });

describe('a valid campaign', () => {
  it('is read with defaults, canonical JSON, its hash and the files it names', async () => {
    const read = await readCampaign(`${FIXTURES}campaign-valid.yaml`);
    expect(read.spec.name).toBe('fixture-valid');
    expect(read.spec.training).toMatchObject({ steps: 3, clipHigh: 2, timeout: '15m' });
    expect(read.specJson).toBe(canonicalJson(campaignSpec.parse(JSON.parse(read.specJson))));
    expect(read.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(read.files).toEqual([{ field: 'tasks.startingPassRates', path: `${FIXTURES}starting-pass-rates.json` }]);
  });

  it('has one hash however it is laid out: key order, comments, spelled-out defaults', async () => {
    const a = join(folder, 'a.yaml');
    const b = join(folder, 'b.yaml');
    await writeFile(a, stringify(VALID));
    await writeFile(
      b,
      `# laid out otherwise\n${stringify(Object.fromEntries(Object.entries(VALID).reverse()))}owner: local\n`,
    );
    expect((await readCampaign(a)).hash).toBe((await readCampaign(b)).hash);
    await writeFile(b, stringify({ ...VALID, seed: 2 }));
    expect((await readCampaign(a)).hash).not.toBe((await readCampaign(b)).hash);
  });
});

describe('a campaign with many mistakes', () => {
  it('names all of them at once, in the order of their lines', async () => {
    const failure = await refusalOf(`${FIXTURES}campaign-many-mistakes.yaml`);
    expect(failure.code).toBe('spec.invalid');
    expect(failure.exitCode).toBe(2);
    const seen = failure.problems.map((one) => `${one.line} ${one.code} ${one.path}`);
    expect(seen).toMatchInlineSnapshot(`
      [
        "2 spec.out_of_range apiVersion",
        "4 spec.out_of_range name",
        "5 spec.wrong_type seed",
        "6 spec.wrong_type rounds",
        "8 spec.out_of_range policy.base",
        "9 spec.out_of_range policy.lora.rank",
        "12 spec.out_of_range tasks.modules[1]",
        "12 spec.duplicate_key tasks.modules[2]",
        "13 spec.out_of_range tasks.casesPerTask",
        "14 spec.impossible_split tasks.splits",
        "17 spec.impossible_split tasks.splits.sealed",
        "18 spec.missing_file tasks.startingPassRates",
        "20 spec.out_of_range harness.prompt",
        "22 spec.duplicate_key harness.maxTokens",
        "24 spec.unknown_field rollouts.grupsPerRound",
        "26 spec.wrong_unit rollouts.timeout",
        "27 spec.out_of_range rollouts.curriculum.minPassRate",
        "28 spec.missing_field training.learningRate",
        "29 spec.out_of_range training.steps",
        "30 spec.wrong_unit training.timeout",
        "32 spec.wrong_type evaluation.confidence",
        "34 spec.out_of_range promotion.maxDrop",
        "36 spec.wrong_type budget.tokens",
        "38 spec.unknown_field clipHigh",
      ]
    `);
    for (const one of failure.problems) expect(problem.parse(one)).toEqual(one);
  });

  it('says what to write instead', async () => {
    const failure = await refusalOf(`${FIXTURES}campaign-many-mistakes.yaml`);
    const hints = Object.fromEntries(failure.problems.map((one) => [one.path, one.hint]));
    expect(hints).toMatchObject({
      seed: 'Write 7, without quotes.',
      'policy.base': 'Did you mean `smollm2-135m-instruct`?',
      'tasks.modules[1]': 'Did you mean `math`?',
      'rollouts.grupsPerRound': 'Did you mean `groupsPerRound`?',
      'rollouts.timeout': '30 of what? Write 30s for seconds or 30m for minutes.',
      'training.timeout': 'Write 15m.',
      'evaluation.confidence': 'Write 0.95.',
      'promotion.maxDrop': 'It is a share, not a percentage: write 0.1.',
      'budget.tokens': 'Write 2000000.',
      clipHigh: '`clipHigh` belongs at training.clipHigh.',
    });
    expect(hints['tasks.startingPassRates']).toContain('not-there.json');
  });
});

describe('what spans fields', () => {
  const cases: [string, object, string, string][] = [
    [
      'splits short of 1',
      { tasks: { ...VALID.tasks, splits: { visible: 0.5, gate: 0.2, sealed: 0.1 } } },
      'spec.impossible_split',
      'tasks.splits',
    ],
    [
      'splits beyond 1',
      { tasks: { ...VALID.tasks, splits: { visible: 0.9, gate: 0.2, sealed: 0.1 } } },
      'spec.impossible_split',
      'tasks.splits',
    ],
    [
      'an empty split',
      { tasks: { ...VALID.tasks, splits: { visible: 0.8, gate: 0.2, sealed: 0 } } },
      'spec.impossible_split',
      'tasks.splits.sealed',
    ],
    [
      'fewer functions than splits',
      { tasks: { ...VALID.tasks, only: ['math.floor', 'math.ceil'] } },
      'spec.impossible_split',
      'tasks.only',
    ],
    [
      'more steps than rollouts',
      { training: { learningRate: 0.001, steps: 17, maxStaleness: 16 } },
      'spec.out_of_range',
      'training.steps',
    ],
    [
      'a last step staler than allowed',
      { training: { learningRate: 0.001, steps: 4 } },
      'spec.out_of_range',
      'training.steps',
    ],
    [
      'a window that no batch fits into',
      { pipeline: { mode: 'async', scheduler: { kind: 'position-window', outstanding: 3, window: 2 } } },
      'spec.out_of_range',
      'pipeline.scheduler.outstanding',
    ],
    [
      'a scheduler that lets through what the trainer drops',
      { pipeline: { mode: 'async', scheduler: { kind: 'age-window', outstanding: 8, maxAge: 3 } } },
      'spec.out_of_range',
      'pipeline.scheduler',
    ],
    [
      'rewards compared over versions',
      {
        pipeline: { mode: 'async', scheduler: { kind: 'admission-budget', eta: 1 } },
        training: { learningRate: 0.001, advantage: 'round' },
      },
      'spec.out_of_range',
      'training.advantage',
    ],
    [
      'groups without time',
      { pipeline: { mode: 'async', scheduler: { kind: 'synchronous' }, groupTimeout: '0s' } },
      'spec.out_of_range',
      'pipeline.groupTimeout',
    ],
    [
      'default steps, too few rollouts',
      { rollouts: { groupsPerRound: 1, groupSize: 2 } },
      'spec.out_of_range',
      'rollouts.groupsPerRound',
    ],
    [
      'a curriculum without tasks',
      { rollouts: { ...VALID.rollouts, curriculum: { minPassRate: 0.6, maxPassRate: 0.5 } } },
      'spec.out_of_range',
      'rollouts.curriculum.minPassRate',
    ],
    [
      'greedy rollouts',
      { harness: { prompt: '{instruction}', temperature: 0 } },
      'spec.out_of_range',
      'harness.temperature',
    ],
    ['no reward at all', { reward: { correctness: 0, format: 0 } }, 'spec.out_of_range', 'reward'],
    ['no time', { budget: { tokens: 1, wallClock: '0s' } }, 'spec.out_of_range', 'budget.wallClock'],
    [
      'a timeout beyond the budget',
      { rollouts: { ...VALID.rollouts, timeout: '1h' } },
      'spec.out_of_range',
      'rollouts.timeout',
    ],
    [
      'a reminder after the end',
      { gates: { deadline: '1h', remindAfter: '2h' } },
      'spec.out_of_range',
      'gates.remindAfter',
    ],
    [
      'a module twice',
      { tasks: { ...VALID.tasks, modules: ['math', 'math'] } },
      'spec.duplicate_key',
      'tasks.modules[1]',
    ],
    [
      'a function wanted and excluded',
      { tasks: { ...VALID.tasks, only: ['a', 'b', 'c', 'd'], exclude: ['d'] } },
      'spec.duplicate_key',
      'tasks.only[3]',
    ],
  ];
  it.each(cases)('%s', async (_name, parts, code, path) => {
    const { problems } = await refusal(withParts(parts));
    expect(problems.map((one) => [one.code, one.path])).toEqual([[code, path]]);
  });

  it('accepts fractions whose sum misses 1 by rounding alone', async () => {
    const path = join(folder, 'rounding.yaml');
    await writeFile(path, withParts({ tasks: { ...VALID.tasks, splits: { visible: 0.7, gate: 0.1, sealed: 0.2 } } }));
    expect((await readCampaign(path)).spec.name).toBe('tiny');
  });
});

describe('a loss', () => {
  const clips = { clipLow: 0.2, clipHigh: 0.28 };
  const adapter = { base: 'smollm2-135m-instruct' };
  it.each([
    ['grpo', { ...clips, advantage: 'mean-std' }],
    ['gspo', { clipLow: 0.0003, clipHigh: 0.0004 }],
    ['reinforce++', { ...clips, advantage: 'round', ratioCap: 4 }],
    ['sft', { minReward: 1 }],
  ])('%s is read with its settings', async (algorithm, settings) => {
    const path = join(folder, `${algorithm}.yaml`);
    await writeFile(path, withParts({ training: { learningRate: 0.001, algorithm, ...settings } }));
    expect((await readCampaign(path)).spec.training).toMatchObject({ algorithm, ...settings });
  });

  it.each<[string, object, object, string[]]>([
    ['grpo as it is', { algorithm: 'grpo' }, adapter, ['missing_field clipLow', 'out_of_range clipHigh']],
    ['cispo that clips from below', clips, adapter, ['out_of_range clipLow']],
    ['sft with a cap', { algorithm: 'sft', minReward: 1, ratioCap: 2 }, adapter, ['out_of_range ratioCap']],
    [
      'sft without a bound',
      { algorithm: 'sft', advantage: 'mean' },
      adapter,
      ['missing_field minReward', 'out_of_range advantage'],
    ],
    ['a bound without sft', { minReward: 1 }, adapter, ['out_of_range minReward']],
    ['all weights', { algorithm: 'grpo', ...clips }, { ...adapter, lora: null }, ['out_of_range algorithm']],
  ])('%s is refused', async (_name, settings, policy, wanted) => {
    const { problems } = await refusal(withParts({ policy, training: { learningRate: 0.001, ...settings } }));
    const found = problems.map(({ code, path }) => `${code} ${path}`.replace(/^spec\./, '').replace(/training\./, ''));
    expect(found.filter((one) => !one.includes('policy') && !one.includes('profile')).sort()).toEqual(wanted.sort());
  });
});

describe('a campaign on a set of artifacts', () => {
  const ROOT = 'a'.repeat(64);
  const build = { from: { kind: 'traces', tasks: 20 } };
  const on = (tasks: object, parts: object = {}): string =>
    withParts({ tasks: { source: 'artifact-set', ...tasks }, ...parts });
  const read = async (text: string) => {
    const path = join(folder, 'artifacts.yaml');
    await writeFile(path, text);
    return readCampaign(path);
  };

  it('names a locked set, or a source with what it reads', async () => {
    expect((await read(on({ root: ROOT }))).spec.tasks).toEqual({ source: 'artifact-set', root: ROOT });
    const built = await read(on({ build }, { reward: { process: 0.2 } }));
    expect(built.spec.tasks).toMatchObject({ build: { from: build.from, most: 1000, splits: { visible: 0.6 } } });
    expect(built.source).toEqual({ folder, paths: [], kept: [] });
    await writeFile(join(folder, 'own.jsonl'), '');
    const from = { kind: 'human-eval', file: 'own.jsonl', licence: 'MIT' };
    expect((await read(on({ build: { from } }))).source?.paths).toEqual(['own.jsonl']);
    await writeFile(join(folder, 'root.tar'), '');
    const history = { kind: 'git-history', repository: '.', name: 'own', environment: 'root.tar' };
    expect((await read(on({ build: { from: history } }))).source).toEqual({ folder, paths: ['.'], kept: ['root.tar'] });
    const gone = { ...history, environment: 'gone.tar' };
    await expect(read(on({ build: { from: gone } }))).rejects.toMatchObject({
      problems: [{ code: 'spec.missing_file', got: 'gone.tar: no such file' }],
    });
  });

  it.each([
    ['neither', {}, {}, 'spec.out_of_range', 'tasks', /either `root` or `build`/],
    ['both', { root: ROOT, build }, {}, 'spec.out_of_range', 'tasks', /either `root` or `build`/],
    ['a root that is none', { root: 'latest' }, {}, 'spec.out_of_range', 'tasks.root', /a SHA-256/],
    [
      'an unknown source',
      { build: { from: { kind: 'trace' } } },
      {},
      ...(['spec.out_of_range', 'tasks.build.from.kind', /traces/] as const),
    ],
    [
      'an option that is missing',
      { build: { from: { kind: 'traces' } } },
      {},
      ...(['spec.missing_field', 'tasks.build.from.tasks', /number/] as const),
    ],
    [
      'a file that is not there',
      { build: { from: { kind: 'human-eval', file: 'gone.jsonl', licence: 'MIT' } } },
      {},
      ...(['spec.missing_file', 'tasks.build.from', /relative to the campaign file/] as const),
    ],
    [
      'tasks that take an agent',
      { build: { from: { kind: 'questions', file: 'artifacts.yaml' } } },
      {},
      ...([
        'spec.out_of_range',
        'tasks.build.from.kind',
        /^one of git-history, human-eval, ml-tasks, open-questions, reasoning-gym, task-folders, traces$/,
      ] as const),
    ],
    [
      'splits that do not sum to 1',
      { build: { ...build, splits: { visible: 0.5, gate: 0.1, sealed: 0.1 } } },
      {},
      ...(['spec.out_of_range', 'tasks.build.splits', /sum to 1/] as const),
    ],
    ['a reward of functions', { build }, { reward: { partial: 1 } }, 'spec.out_of_range', 'reward.partial', /nothing/],
  ])('%s is refused', async (_name, tasks, parts, code, path, expected) => {
    const { problems } = await refusal(on(tasks, parts));
    expect(problems.map((one) => [one.code, one.path])).toEqual([[code, path]]);
    expect(problems[0]?.expected).toMatch(expected);
  });

  it('says which formats one reply can do', async () => {
    const { problems } = await refusal(on({ build: { from: { kind: 'questions', file: 'artifacts.yaml' } } }));
    expect(problems[0]?.hint).toMatch(/terminal-state, which take an agent.*program, structured-data, answer, patch\./);
  });

  it('stages have their own difficulty, and functions their own reward', async () => {
    const curriculum = { minPassRate: 0.1, stages: [{ rounds: 1, mix: { data: 1 } }] };
    const staged = await refusal(on({ build }, { rollouts: { ...VALID.rollouts, curriculum } }));
    expect(staged.problems.map(({ path }) => path)).toEqual(['rollouts.curriculum.minPassRate']);
    const { problems } = await refusal(withParts({ reward: { process: 0.1 } }));
    expect(problems.map(({ path }) => path)).toEqual(['reward.process']);
  });
});

describe('what is no campaign', () => {
  it.each([
    ['a tab', 'a:\n\tb: 1\n', 2],
    ['an open bracket', 'apiVersion: anneal/v1\ntasks: [a, b\n', undefined],
    ['two documents', 'a: 1\n---\nb: 2\n', 2],
    ['a key that is a list', '? [a]\n: b\n', 1],
    ['a tag', 'a: !exec ls\n', 1],
    ['an alias without an anchor', 'a: *b\n', 1],
    ['a list', '- a\n', 1],
    ['an empty file', '', 1],
    ['nested aliases that would grow without bound', bomb(), 1],
  ])('%s', async (_name, text, line) => {
    const failure = await refusal(text);
    expect(failure.code).toBe('spec.invalid');
    expect(failure.problems.map((one) => one.code)).toContain('spec.syntax');
    if (line !== undefined) expect(failure.problems[0]?.line).toBe(line);
  });

  it('a model profile, and where that is checked', async () => {
    const path = new URL('../../k8s/profiles/cpu.yaml', import.meta.url).pathname;
    const { problems } = await refusalOf(path);
    expect(problems).toMatchObject([
      { path: 'kind', line: 4, got: 'Profile', hint: `It is a model profile: ./anneal plan ${path} checks it.` },
    ]);
  });

  it('a missing file and a folder', async () => {
    for (const path of [join(folder, 'absent.yaml'), folder]) {
      const failure = await refusalOf(path);
      expect([failure.code, failure.exitCode]).toEqual(['spec.missing_file', 2]);
    }
  });

  it('bytes that are not UTF-8', async () => {
    const path = join(folder, 'latin1.yaml');
    await writeFile(path, Uint8Array.of(0x61, 0x3a, 0x20, 0xff));
    expect((await refusalOf(path)).problems[0]?.code).toBe('spec.syntax');
  });

  it('a key that would reach the prototype', async () => {
    const { problems } = await refusal(`${stringify(VALID)}__proto__: { owner: x }\n`);
    expect(problems.map((one) => one.code)).toEqual(['spec.unknown_field']);
  });
});

it('advises names that Kubernetes takes too', async () => {
  const hintOf = async (parts: object) =>
    (await refusal(withParts(parts))).problems.map(({ path, hint }) => [path, hint]);
  expect(await hintOf({ name: `${'a'.repeat(39)} b` })).toEqual([['name', `Write ${'a'.repeat(38)}.`]]);
  expect(await hintOf({ name: 'tiny-', compute: 'kubernetes' })).toEqual([['name', 'Write tiny.']]);
  expect(campaignSpec.safeParse({ ...VALID, name: 'tiny-' }).success).toBe(true);
});

describe('a campaign of a whole model', () => {
  const example = new URL('../../examples/20-gpu/campaign.yaml', import.meta.url).pathname;
  const changed = async (change: (text: string) => string) => refusal(change(await readFile(example, 'utf8')));

  it('is read with its profile', async () => {
    const { spec, profile } = await readCampaign(example);
    expect(spec.policy).toEqual({ base: 'Qwen/Qwen3-0.6B', lora: null });
    expect(profile?.rollout.server).toBe('vllm');
  });

  it('must be of the profile’s model, without an adapter; both are said, with their lines', async () => {
    const { problems } = await changed((text) =>
      text.replace('base: Qwen/Qwen3-0.6B', 'base: Qwen/Qwen3-30B-A3B').replace('lora: null', 'lora: { rank: 8 }'),
    );
    expect(problems.map(({ code, path, line, hint }) => ({ code, path, line, hint }))).toEqual([
      { code: 'spec.out_of_range', path: 'policy.base', line: 15, hint: expect.stringContaining('Qwen/Qwen3-0.6B') },
      { code: 'spec.out_of_range', path: 'policy.lora', line: 17, hint: 'Write lora: null.' },
    ]);
  });

  it('is told of a profile that cannot work beside what else is wrong', async () => {
    const { problems } = await changed((text) =>
      text.replace(/^rounds: .*$/m, 'rounds: 0').replace(/^profile: .*$/m, 'profile: no-such-profile'),
    );
    expect(problems.map(({ code, path }) => [code, path])).toEqual([
      ['spec.out_of_range', 'rounds'],
      ['profile.not_found', 'profile'],
    ]);
  });

  it('needs a cluster and a profile that serves it', async () => {
    for (const profile of ['', 'compute: kubernetes\nprofile: cpu\n']) {
      const { problems } = await changed((text) => text.replace(/compute: .*\nprofile: .*\n/, profile));
      expect(problems.map(({ path }) => path)).toEqual(['policy.base', 'policy.lora']);
    }
  });
});

it('never fails in another way, whatever a field holds', async () => {
  const path = join(folder, 'any.yaml');
  const field = fc.constantFrom(...Object.keys(VALID));
  await fc.assert(
    fc.asyncProperty(field, fc.jsonValue(), async (name, value) => {
      await writeFile(path, stringify({ ...VALID, [name]: value }));
      const failure: unknown = await readCampaign(path).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) expect(failure).toBeInstanceOf(AnnealError);
      if (failure instanceof AnnealError) expect(failure.problems.length).toBeGreaterThan(0);
    }),
    { numRuns: 200 },
  );
});

function bomb(): string {
  const levels = 'abcdefgh'.split('').map((name, index, all) => {
    const before = all[index - 1];
    return `${name}: &${name} [${Array(9)
      .fill(before === undefined ? '1' : `*${before}`)
      .join(', ')}]`;
  });
  return `${levels.join('\n')}\n`;
}
