import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { parse, stringify } from 'yaml';
import { AnnealError } from '../../contracts/errors.ts';
import { simulationResult } from '../../contracts/prediction.ts';
import { overlappedRun } from '../../tests/fixtures/overlapped-run.fixture.ts';
import { openSession, type Run } from '../session.ts';
import { readSimulation } from '../simulation/read.ts';
import { addSimulate } from './simulate.ts';

const EXAMPLES = join(import.meta.dirname, '../../examples/simulate');
const QUICKSTART = join(EXAMPLES, 'quickstart.yaml');
const folder = mkdtempSync(join(tmpdir(), 'anneal-simulate-'));
afterEach(() => {
  delete process.env.ANNEAL_HOME;
  vi.restoreAllMocks();
  rmSync(join(folder, 'own.yaml'), { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

async function simulate(...argv: string[]): Promise<string> {
  let out = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    out += text;
    return true;
  });
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command('anneal').option('--json');
  addSimulate(program, run);
  await program.parseAsync(argv, { from: 'user' });
  return out;
}

/** The example, changed; the problems that reading it finds. */
async function problemsOf(text: string) {
  const path = join(folder, 'own.yaml');
  writeFileSync(path, text);
  const failure = await readSimulation(path).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('it was accepted');
  expect(failure).toMatchObject({ code: 'simulation.invalid', exitCode: 2 });
  return failure.problems.map(({ path, code, hint, line }) => ({ path, code, hint, line }));
}

test('the example is a table with its best line marked, and the same every time', async () => {
  const out = await simulate('simulate', QUICKSTART);
  expect(out).toContain('2 devices, 96 rollouts a step');
  expect(out.split('\n').filter((line) => /^★ +by turns/.test(line))).toHaveLength(1);
  expect(out).toContain('? figures that nobody measured: rollout.tokens, weights.seconds.');
  expect(await simulate('simulate', QUICKSTART)).toBe(out);
});

test('as JSON it follows its contract, every line of the table in it', async () => {
  const result = simulationResult.parse(JSON.parse(await simulate('--json', 'simulate', QUICKSTART)));
  expect(result.predictions.map((one) => one.label)).toEqual([
    'synchronous',
    'position window N=1.5B W=0.3N',
    'position window N=2B W=0.3N',
    'age window N=2B age≤1',
    'admission budget η=1',
  ]);
  expect(result.predictions.filter((one) => one.kind === 'predicted' && one.best)).toHaveLength(1);
});

test('what cannot run is in the table, with the reason', async () => {
  const changed = { ...parse(readFileSync(QUICKSTART, 'utf8')), steps: 2 };
  changed.fleet = { devices: [1, 3], trainerShares: [0.4] };
  writeFileSync(join(folder, 'own.yaml'), stringify(changed));
  const out = await simulate('simulate', join(folder, 'own.yaml'));
  expect(out).toContain('✗ not possible: the trainer needs 1 device and gets 0');
  expect(out).toMatch(/★ +1 \+ 2 /);
});

test('the examples are valid, and say what nobody measured', async () => {
  const large = await readSimulation(join(EXAMPLES, 'minimax-m27.yaml'));
  expect(large.fleet.devices).toEqual([96, 960]);
  expect(large.engine.source).toMatch(/^assumption: /);
});

test('everything that is wrong is told at once, with its place and what to write', async () => {
  const wrong = readFileSync(QUICKSTART, 'utf8')
    .replace('slots: 8', 'slots: many')
    .replace('  shared: true', '  shard: true')
    .replace('timeoutSeconds: 60', 'hangRate: { value: 7, source: guessed }')
    .replace('- kind: synchronous', '- kind: synchronus')
    .replace('    cv: 0.3\n', '    cv: 0.3\n    values: [1, 2]\n')
    .replace(/ {4}- \{ running: 4, tokensPerSecond: 92.5 \}/, '    - { running: 9, tokensPerSecond: 92.5 }');
  const problems = await problemsOf(wrong);
  expect(problems.map((one) => one.path).sort()).toEqual([
    'engine.slots',
    'engine.speed',
    'fleet.shard',
    'fleet.trainerShares',
    'rollout.hangRate.value',
    'rollout.timeoutSeconds',
    'rollout.tokens.cv',
    'rollout.tokens.mean',
    'schedulers[0].kind',
  ]);
  expect(problems.every((one) => (one.line ?? 0) > 1)).toBe(true);
  expect(problems.find((one) => one.path === 'fleet.shard')?.hint).toBe('Did you mean `shared`?');
  expect(problems.find((one) => one.path === 'schedulers[0].kind')?.hint).toBe('Did you mean `synchronous`?');
  expect(problems.find((one) => one.path === 'rollout.hangRate.value')?.hint).toContain('write 0.07');
});

test('a campaign whose rollouts overlapped is predicted from its record, beside what happened', async () => {
  process.env.ANNEAL_HOME = folder;
  const scheduler = { kind: 'position-window', batch: 2, outstanding: 4, window: 2, concurrency: 2 } as const;
  const times = { group: [30, 60], training: [20, 30], measuring: [5, 10] } as const;
  const { record, groups, spans } = overlappedRun(scheduler, { rounds: 20, seed: 1, times });
  const { store } = openSession({});
  const settled = { positions: 0, trained: 0 };
  await store.swapNamed('campaigns/overlap/pipeline', null, JSON.stringify({ ...record, settled, groups, spans }));
  const out = await simulate('simulate', '--campaign', 'overlap');
  expect(out).toMatch(/measured +played again +error +drawn +error/);
  expect(out).toMatch(/^trainer waits +\d/m);
  const { again, drawn } = JSON.parse(await simulate('--json', 'simulate', '--campaign', 'overlap'));
  for (const { figures } of [again, drawn]) expect(figures).toHaveLength(5);
  await expect(simulate('simulate', '--campaign', 'nobody')).rejects.toMatchObject({ code: 'campaign.not_found' });
  await expect(simulate('simulate')).rejects.toMatchObject({ code: 'cli.usage' });
  await expect(simulate('simulate', QUICKSTART, '--campaign', 'overlap')).rejects.toMatchObject({ code: 'cli.usage' });
});

test('another kind of file has one problem, and a file that is not there is named', async () => {
  const campaign = readFileSync(join(EXAMPLES, '../quickstart/campaign.yaml'), 'utf8');
  expect(await problemsOf(campaign)).toMatchObject([{ path: 'kind', code: 'spec.out_of_range' }]);
  expect(await problemsOf('- just a list')).toMatchObject([{ path: 'kind' }]);
  expect(await problemsOf('kind: [')).toMatchObject([{ code: 'spec.syntax' }]);
  await expect(readSimulation('not-there.yaml')).rejects.toMatchObject({
    code: 'simulation.invalid',
    message: 'not-there.yaml cannot be read: no such file',
  });
});
