// What names a file that is missing, or is another one, says so by its field; nothing is left half-written.
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { openSession, type Run } from '../session.ts';
import { addReproduce } from './reproduce.ts';
import { addTaskset } from './taskset.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-missing-'));
  vi.stubEnv('ANNEAL_HOME', join(folder, 'home'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

async function failure(...argv: string[]): Promise<unknown> {
  const run: Run = (work, command) => work(openSession(command.optsWithGlobals()));
  const program = new Command().option('--json').exitOverride();
  addTaskset(program, run);
  addReproduce(program, run);
  return program.parseAsync(['node', 'anneal', ...argv]).then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('a manifest that is not there is a missing file, and no unknown campaign', async () => {
  expect(await failure('reproduce', 'nosuch.json')).toMatchObject({
    code: 'spec.missing_file',
    message: 'There is no file nosuch.json.',
    problems: [{ path: 'MANIFEST', got: 'nosuch.json' }],
  });
});

test('a file that is no lock names what was expected of which part', async () => {
  const path = join(folder, 'none.yaml');
  writeFileSync(path, 'kind: TaskSet\n');
  const problem = { path: 'the whole file', expected: 'JSON', got: 'something else' };
  expect(await failure('taskset', 'certify', path)).toMatchObject({ code: 'spec.invalid', problems: [problem] });
  writeFileSync(path, '[]');
  expect(await failure('taskset', 'certify', path)).toMatchObject({
    problems: [{ path: 'the whole file', expected: 'object' }],
  });
});

test('a source that is missing is told before anything is written', async () => {
  const [path, out] = [join(folder, 'set.yaml'), join(folder, 'set.lock')];
  const source = 'source: { kind: human-eval, file: nosuch.jsonl, licence: MIT }';
  writeFileSync(path, `apiVersion: anneal.dev/v1\nkind: TaskSet\nname: x\nseed: 1\n${source}\n`);
  expect(await failure('taskset', 'lock', path, '--out', out)).toMatchObject({
    code: 'tasks.source_failed',
    problems: [{ path: 'source', got: expect.stringContaining('nosuch.jsonl: no such file') }],
  });
  expect(existsSync(out)).toBe(false);
});
