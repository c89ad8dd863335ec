// A campaign's harness: which settings belong to which kind, and that all that is wrong is told at once.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AnnealError, type Problem } from '../../contracts/errors.ts';
import { episodeHarness } from '../../contracts/harness.ts';
import { readCampaign } from './read.ts';

const EXAMPLE = readFileSync(new URL('../../examples/40-artifact-tasks/campaign.yaml', import.meta.url), 'utf8');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-harness-'));
  writeFileSync(join(folder, 'functions.jsonl'), '');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function campaign(harness: string, from?: string): Promise<Awaited<ReturnType<typeof readCampaign>>> {
  const text = EXAMPLE.replace(/^harness:\n( {2}.*\n)+/m, `harness:\n${harness}`).replace(
    /^ {4}from: .*$/m,
    (given) => from ?? given,
  );
  expect(text).toContain(harness);
  const path = join(folder, 'campaign.yaml');
  writeFileSync(path, text);
  return readCampaign(path);
}
const HEAD = '  prompt: "{instruction}"\n  maxTokens: 96\n  temperature: 0.7\n';
const PROCESS = '  kind: process\n  process: { command: [agent, "{prompt}"] }\n';

async function problems(harness: string): Promise<readonly Problem[]> {
  const failure = await campaign(harness).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('the file was accepted');
  return failure.problems;
}

test('defaults are filled in, and a campaign without a kind is what it was', async () => {
  const { spec } = await campaign(`${HEAD}${PROCESS}`);
  expect(episodeHarness(spec.harness)).toMatchObject({
    kind: 'process',
    process: { command: ['agent', '{prompt}'], env: {}, maxRequests: 50, maxTokens: 16_384 },
  });
  const loop = await campaign(`${HEAD}  kind: tool-loop\n`);
  expect(episodeHarness(loop.spec.harness)).toMatchObject({ kind: 'tool-loop', loop: { calls: 'text', maxTurns: 20 } });
  const plain = await campaign(HEAD);
  expect(plain.spec.harness).toEqual({ system: '', prompt: '{instruction}', maxTokens: 96, temperature: 0.7 });
  expect(episodeHarness(plain.spec.harness)).toBeUndefined();
});

test('all that is wrong with it is told at once', async () => {
  const wrong = `${HEAD}  kind: process\n  system: Be good.\n  loop:\n    maxTurns: 0\n    registry:\n      - { name: shell, description: mine, command: ["true"] }\n`;
  expect((await problems(wrong)).map(({ path, code }) => [path, code])).toEqual([
    ['harness.process', 'spec.missing_field'],
    ['harness.system', 'spec.out_of_range'],
    ['harness.loop', 'spec.out_of_range'],
    ['harness.loop.maxTurns', 'spec.out_of_range'],
    ['harness.loop.registry[0].name', 'spec.duplicate_key'],
  ]);
  const small = `${HEAD}  kind: process\n  process: { command: [agent], maxTokens: 95, agent: ../etc }\n`;
  expect((await problems(small)).map(({ path }) => path).sort()).toEqual([
    'harness.process.agent',
    'harness.process.maxTokens',
  ]);
  expect((await problems(`${HEAD}  process: { command: [agent] }\n`))[0]).toMatchObject({
    path: 'harness.process',
    hint: 'Remove it, or write harness.kind: process.',
  });
});

test('a source of tasks that take several steps is refused for one reply, and taken with an agent', async () => {
  const from = '    from: { kind: harbor, folder: ., licence: MIT }';
  const refused = await campaign(HEAD, from).catch((error: AnnealError) => error.problems);
  expect(refused).toContainEqual(
    expect.objectContaining({ path: 'tasks.build.from.kind', hint: expect.stringContaining('tool-loop or process') }),
  );
  const taken = await campaign(`${HEAD}${PROCESS}`, from).then(
    () => [],
    (error: AnnealError) => error.problems,
  );
  expect(taken.filter(({ path }) => path === 'tasks.build.from.kind')).toEqual([]);
});

test('what the gateway holds a rollout to is told with everything else that is wrong, and left out changes nothing', async () => {
  const session = (text: string): string => `${HEAD}${PROCESS}  session: { ${text} }\n`;
  const { spec } = await campaign(session('loops: stop, maxSeconds: 30, versions: pinned'));
  expect(spec.harness.session).toEqual({ loops: 'stop', maxSeconds: 30, versions: 'pinned' });
  const { spec: plain } = await campaign(`${HEAD}${PROCESS}`);
  expect(Object.keys(plain.harness)).not.toContain('session');

  const wrong = await problems(session('loops: never, maxSeconds: 9000, versions: latest, tokens: 3'));
  expect(wrong.map(({ path, code }) => [path, code]).sort()).toEqual([
    ['harness.session.loops', 'spec.out_of_range'],
    ['harness.session.maxSeconds', 'spec.out_of_range'],
    ['harness.session.tokens', 'spec.unknown_field'],
    ['harness.session.versions', 'spec.out_of_range'],
  ]);
  expect(wrong.find(({ path }) => path === 'harness.session.maxSeconds')?.expected).toMatch(/rollouts\.timeout/);
  expect(await problems(`${HEAD}  session: { loops: stop }\n`)).toMatchObject([
    { path: 'harness.session', code: 'spec.out_of_range', hint: expect.stringContaining('tool-loop') },
  ]);
});
