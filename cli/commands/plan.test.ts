import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { profilePath } from '../../k8s/layout/shipped.ts';
import { openSession, type Run } from '../session.ts';
import { addPlan, findPlan, requirePlan } from './plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-plan-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const STANDARD = readFileSync(profilePath('minimax-m27-standard'), 'utf8');
const QUICKSTART = fileURLToPath(new URL('../../examples/quickstart/campaign.yaml', import.meta.url));
const GPU_CAMPAIGN = fileURLToPath(new URL('../../examples/20-gpu/campaign.yaml', import.meta.url));

function written(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('what can be planned', () => {
  test('a shipped name, and the same as a file', async () => {
    const byName = await findPlan('minimax-m27-standard', {});
    const byFile = await findPlan(written('own.yaml', STANDARD), {});
    expect(byName.plan).toEqual(byFile.plan);
    expect(byName.problems).toEqual([]);
  });

  test('a campaign with --profile', async () => {
    const { plan, campaign } = await findPlan(QUICKSTART, { profile: 'cpu', price: '0.05' });
    expect(campaign?.name).toBe('quickstart');
    expect(plan?.spending).toMatchObject({ of: 'campaign', steps: 9 });
  });

  test('--profile is judged with the campaign, as `validate` judges its own', async () => {
    await expect(findPlan(QUICKSTART, { profile: 'one-gpu' })).rejects.toMatchObject({
      code: 'spec.invalid',
      problems: [
        { path: 'policy.base', line: expect.any(Number) },
        { path: 'policy.lora', line: expect.any(Number) },
      ],
    });
    const dashed = readFileSync(QUICKSTART, 'utf8').replace('name: quickstart', 'name: quickstart-');
    const problems = [expect.objectContaining({ path: 'name', hint: 'Write quickstart.' })];
    await expect(requirePlan(written('dashed.yaml', dashed), { profile: 'cpu' })).rejects.toMatchObject({
      problems: expect.arrayContaining(problems),
    });
  });

  test('the profile of a whole model goes with the campaign of one, whatever that names itself', async () => {
    const { plan, campaign } = await findPlan(GPU_CAMPAIGN, { profile: 'one-gpu' });
    expect([campaign?.policy.base, plan?.spending?.of]).toEqual(['Qwen/Qwen3-0.6B', 'campaign']);
    const local = readFileSync(GPU_CAMPAIGN, 'utf8').replace(/compute: .*\nprofile: .*\n/, '');
    expect((await findPlan(written('local.yaml', local), { profile: 'one-gpu' })).problems).toEqual([]);
  });

  test('a profile that is wrong by itself is shown, with all that is wrong', async () => {
    const wrong = written('wrong-beside.yaml', STANDARD.replace('nodes: 8', 'nodes: 9'));
    const { path, problems } = await findPlan(QUICKSTART, { profile: wrong });
    expect([path, problems.map((one) => one.code)]).toEqual([wrong, ['profile.layout']]);
  });

  test('a campaign without one: which there are', async () => {
    await expect(findPlan(QUICKSTART, {})).rejects.toMatchObject({
      code: 'cli.usage',
      message: expect.stringContaining('minimax-m27-smoke'),
    });
  });

  test.each([
    ['no-such-name', 'minimax-m27-h100'],
    [join(folder, 'missing.yaml'), 'no such file'],
  ])('%s is not found', async (file, said) => {
    await expect(findPlan(file, {})).rejects.toMatchObject({
      code: 'profile.not_found',
      message: expect.stringContaining(said),
    });
  });

  test.each(['free', '0', '-1', ''])('a price of %j is refused', async (price) => {
    await expect(findPlan('cpu', { price })).rejects.toMatchObject({ code: 'cli.usage' });
  });

  test('--profile beside a profile is refused', async () => {
    await expect(findPlan('cpu', { profile: 'one-gpu' })).rejects.toMatchObject({ code: 'cli.usage' });
  });
});

describe('what is wrong is found at once, with lines', () => {
  const lineOf = (text: string, part: string): number => text.slice(0, text.indexOf(part)).split('\n').length;

  test('fields', async () => {
    const text = STANDARD.replace('  recompute: full', '  recompute: fully\n  batchSeqences: 1')
      .replace('  engines: 8', '  engines: many')
      .replace('memory: 400Gi', 'memory: 400GB');
    const { plan, problems } = await findPlan(written('fields.yaml', text), {});
    expect(plan).toBeUndefined();
    expect(problems.map(({ line, path, hint }) => [line, path, hint])).toEqual([
      [lineOf(text, 'recompute: fully'), 'trainer.recompute', 'Did you mean `full`?'],
      [lineOf(text, 'batchSeqences'), 'trainer.batchSeqences', 'Did you mean `batchSequences`?'],
      [lineOf(text, 'engines: many'), 'rollout.engines', 'Write a whole number of at least 1.'],
      [lineOf(text, '400GB'), 'pods.trainer.memory', expect.any(String)],
    ]);
  });

  test('the layout', async () => {
    const text = STANDARD.replace('engines: 8', 'engines: 4')
      .replace('gpusPerEngine: 4', 'gpusPerEngine: 8')
      .replace('parallel: { tensor: 4 }', 'parallel: { tensor: 8 }')
      .replace('expert: 32', 'expert: 48');
    const { plan, problems } = await findPlan(written('layout.yaml', text), {});
    expect(plan?.problems).toEqual(problems);
    expect(problems.map(({ rule, line }) => [rule, line])).toEqual([
      ['experts-by-expert', lineOf(text, 'expert: 48')],
      ['expert-world', lineOf(text, 'expert: 48')],
      ['fp8-block', lineOf(text, 'parallel: { tensor: 8 }')],
    ]);
  });

  test('syntax, and a file that is something else', async () => {
    const broken = await findPlan(written('broken.yaml', 'kind: Profile\n\ttrainer: {'), {});
    expect([broken.plan, broken.problems[0]?.code]).toEqual([undefined, 'profile.invalid']);
    expect((await findPlan(written('other.yaml', '- 1\n'), {})).problems.length).toBeGreaterThan(0);
    expect((await findPlan(written('empty.yaml', ''), {})).problems.length).toBeGreaterThan(0);
  });

  test('commands that need a layout that works refuse with every problem', async () => {
    const path = written('nine.yaml', STANDARD.replace('nodes: 8', 'nodes: 9'));
    await expect(requirePlan(path, {})).rejects.toMatchObject({
      code: 'profile.layout',
      problems: [expect.objectContaining({ path: 'trainer.parallel.data', line: expect.any(Number) })],
    });
    expect((await requirePlan('cpu', {})).plan.profile).toBe('cpu');
  });
});

describe('the command', () => {
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  async function plan(...argv: string[]): Promise<{ out: string; err: string; exit: unknown }> {
    let [out, err] = ['', ''];
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text;
      return true;
    });
    const program = new Command('anneal').option('--json');
    const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
    addPlan(program, run);
    await program.parseAsync(['plan', ...argv], { from: 'user' });
    return { out, err, exit: process.exitCode };
  }

  test('prints a page', async () => {
    const { out, exit } = await plan('minimax-m27-smoke', '--price', '3');
    expect(out).toContain('the same ones, by turns');
    expect(out).toContain('$4,608');
    expect(exit).toBeUndefined();
  });

  test('--json prints one document', async () => {
    const { out } = await plan('cpu', '--json');
    expect(JSON.parse(out)).toMatchObject({ plan: { profile: 'cpu', devices: 2 }, problems: [] });
  });

  test('a refused layout exits with 2, and its page says why', async () => {
    const path = written('refused.yaml', STANDARD.replace('recompute: full', 'recompute: none'));
    const { out, err, exit } = await plan(path);
    expect(out).toContain('✗ Refused by one layout rule');
    expect(out).toContain('docs/errors/profile.memory.md');
    expect([err, exit]).toEqual(['', 2]);
    expect(JSON.parse((await plan(path, '--json')).out)).toMatchObject({ problems: [{ rule: 'trainer-memory' }] });
  });

  test('wrong fields exit with 2 and are shown in their lines', async () => {
    const { out, err, exit } = await plan(written('wrong.yaml', STANDARD.replace('nodes: 8', 'nodes: eight')));
    expect(out).toBe('');
    expect(err).toContain('nodes: eight');
    expect(exit).toBe(2);
  });
});
