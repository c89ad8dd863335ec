// A preset is writing: the campaign that is read has the settings, as docs/presets.md lists them.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { expandPreset, presetLines } from './preset.ts';
import { readCampaign } from './read.ts';

const ROOT = new URL('../../', import.meta.url);
const EXAMPLE = new URL('examples/32-forge/campaign.yaml', ROOT).pathname;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-preset-'));
  writeFileSync(join(folder, 'functions.jsonl'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const example = (): Record<string, Record<string, unknown>> => parse(readFileSync(EXAMPLE, 'utf8'));

function read(document: object) {
  const path = join(folder, 'campaign.yaml');
  const { tasks } = example();
  const build = {
    ...(tasks!.build as object),
    from: { kind: 'human-eval', file: 'functions.jsonl', licence: 'CC0-1.0' },
  };
  writeFileSync(path, stringify({ ...example(), tasks: { ...tasks, build }, ...document }));
  return readCampaign(path);
}

async function problems(document: object): Promise<readonly Problem[]> {
  const failure = await read(document).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('the file was accepted');
  return failure.problems;
}

test('forge sets what its page lists, and nothing else', () => {
  const page = readFileSync(new URL('docs/presets.md', ROOT), 'utf8');
  const rows = [...page.matchAll(/^\| `([\w.]+)` \| `(.+?)` \|/gm)].map(([, path, value]) => [path, parse(value!)]);
  const { preset } = expandPreset({
    ...{ preset: 'forge', tasks: { source: 'artifact-set' } },
    rollouts: { groupsPerRound: 12 },
  });
  expect(preset!.settings.map(({ path, value }) => [path, value])).toEqual(rows);
});

test('the campaign that is read is the one with its settings written out', async () => {
  const named = await readCampaign(EXAMPLE);
  expect(named.spec).toMatchObject({
    preset: 'forge',
    training: { algorithm: 'cispo', advantage: 'mean', clipHigh: 2, epsilon: 1e-15, maxStaleness: 2 },
    pipeline: { mode: 'async', scheduler: { kind: 'position-window', outstanding: 8, window: 2 } },
    reward: { process: 0.1, speed: 0.1 },
  });
  const { pipeline, reward, training } = named.spec;
  const { preset: _, ...without } = named.spec;
  const written = await read({
    preset: undefined,
    pipeline,
    reward: { process: reward.process, speed: reward.speed },
    training,
  });
  const { preset: none, ...same } = written.spec;
  expect([none, written.preset]).toEqual([undefined, undefined]);
  // But for where its source lies, which `read` moves.
  expect({ ...same, tasks: null }).toEqual({ ...without, tasks: null });
});

test('what the file says goes before, a whole scheduler too, and null takes a setting away', async () => {
  const scheduler = { kind: 'age-window', outstanding: 6, maxAge: 1 };
  const training = { ...example().training, clipHigh: 3 };
  const { spec, preset } = await read({ pipeline: { scheduler }, training, reward: { speed: null } });
  expect(spec.pipeline).toEqual({ mode: 'async', scheduler });
  expect(spec.training).toMatchObject({ clipHigh: 3, algorithm: 'cispo' });
  expect(spec.reward.speed).toBeUndefined();
  expect(spec.reward.process).toBe(0.1);
  const lines = presetLines(preset!);
  expect(lines.find((line) => line.includes('clipHigh'))).toMatch(/3 by the file; the preset: 2$/);
  expect(lines.find((line) => line.includes('reward.speed'))).toMatch(/nothing by the file; the preset: 0\.1$/);
  expect((await read({ pipeline: null })).spec.pipeline).toBeUndefined();
});

test('other tasks have rewards of their own; the window follows the groups of a round', () => {
  const expanded = (groupsPerRound: unknown) =>
    expandPreset({ preset: 'forge', tasks: { source: 'python-stdlib' }, rollouts: { groupsPerRound } });
  expect(expanded(1).root).toMatchObject({ pipeline: { scheduler: { outstanding: 2, window: 1 } } });
  expect(expanded(1).root).not.toHaveProperty('reward');
  expect(expanded('many').root).not.toHaveProperty('pipeline');
});

test('whatever the groups of a round, its window lets nothing through that is older than it says', async () => {
  for (const groupsPerRound of [1, 2, 3, 5, 8, 33, 500]) {
    const { spec } = await read({ rollouts: { ...example().rollouts, groupsPerRound } });
    expect(spec.rollouts.groupsPerRound).toBe(groupsPerRound);
  }
});

test('what is wrong with its setting is told where it is named; an unknown one with those that there are', async () => {
  const training = { ...example().training, maxStaleness: 1, steps: 2 };
  const [stale, ...more] = await problems({ training });
  expect(more).toEqual([]);
  expect(stale).toMatchObject({ code: 'spec.out_of_range', path: 'pipeline.scheduler' });
  expect(stale!.hint).toMatch(/Preset forge says \{"kind":"position-window","outstanding":8,"window":2\}/);
  const lines = stringify(example()).split('\n');
  expect(lines[stale!.line! - 1]).toBe('preset: forge');
  expect(await problems({ preset: 'forgery' })).toMatchObject([
    { code: 'spec.out_of_range', path: 'preset', hint: expect.stringContaining('forge') },
  ]);
  expect(await problems({ preset: ['forge'] })).toMatchObject([{ path: 'preset' }]);
});
