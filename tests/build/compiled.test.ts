// The compiled build, laid out as an installed package: below node_modules, without any of the sources.
import { execFile } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const exec = promisify(execFile);
const source = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let home: string;
let installed: string;
const dist = (path: string): string => join(installed, 'dist', path);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-build-'));
  home = join(folder, 'home');
  installed = join(folder, 'node_modules', 'anneal');
  mkdirSync(installed, { recursive: true });
  await exec(process.execPath, [join(source, 'build.ts'), join(installed, 'dist')]);
  for (const file of ['anneal', 'package.json']) copyFileSync(join(source, file), join(installed, file));
  symlinkSync(join(source, 'node_modules'), join(installed, 'node_modules'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function anneal(...argv: string[]): Promise<string> {
  const env = { PATH: process.env.PATH, ANNEAL_HOME: home, NO_COLOR: '1' };
  return (await exec(join(installed, 'anneal'), argv, { cwd: folder, env })).stdout;
}

/** Runs a module that imports compiled files by `dist/…`, and reads the JSON that it prints. */
async function compiled(module: string): Promise<unknown> {
  const text = module.replaceAll("'dist/", `'${pathToFileURL(dist(''))}/`);
  const env = { ...process.env, ANNEAL_HOME: home };
  const { stdout } = await exec(process.execPath, ['--input-type=module', '-e', text], { cwd: folder, env });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

test('the command line runs, and its example is valid', async () => {
  expect(await anneal('help')).toContain('quickstart');
  expect(await anneal('validate', dist('examples/quickstart/campaign.yaml'))).toContain('is valid');
});

test('a task set is constructed and certified: the probe and the driver are found', async () => {
  const built = await compiled(`
    import { constructTaskSet } from 'dist/evals/construction/construct.js';
    import { createBubblewrapSandbox } from 'dist/infra/sandbox/bubblewrap.js';
    import { tasksSpec } from 'dist/contracts/campaign.js';
    const only = ['builtins.len', 'builtins.sorted', 'math.floor', 'math.ceil', 'str.upper', 'str.lower', 'str.strip'];
    const spec = tasksSpec.parse({ source: 'python-stdlib', modules: ['builtins', 'math', 'str'], only, phrasings: 2,
      splits: { visible: 0.5, gate: 0.3, sealed: 0.2 }, compositions: 0, casesPerTask: 4 });
    const built = await constructTaskSet({ spec, seed: 5, sandbox: createBubblewrapSandbox(), onProgress: () => {} });
    console.log(JSON.stringify(Object.values(built.splits).map((tasks) => tasks.length)));`);
  expect((built as number[]).every((tasks) => tasks > 0)).toBe(true);
});

test('the workflows are bundled from what was compiled', async () => {
  const { codePath } = (await compiled(`
    import { workflowBundle } from 'dist/worker/bundle.js';
    console.log(JSON.stringify(await workflowBundle()));`)) as { codePath: string };
  expect(codePath.startsWith(home)).toBe(true);
  expect(existsSync(codePath)).toBe(true);
});

test('the release of a worker is that of the code, not of what only editors read', async () => {
  const release = () =>
    compiled(`
    import { sourceFiles, sourceHash } from 'dist/worker/build-id.js';
    const { root } = (await import('dist/infra/config.js')).loadConfig();
    console.log(JSON.stringify({ hash: sourceHash(root), files: sourceFiles(root) }));`) as Promise<{
      hash: string;
      files: string[];
    }>;
  const before = await release();
  expect(before.files).toEqual(
    expect.arrayContaining(['worker/main.js', 'evals/verifiers/python-function/driver.py', 'critical.yaml']),
  );
  for (const path of [dist('worker/main.d.ts'), dist('worker/main.js.map')]) rmSync(path);
  expect((await release()).hash).toBe(before.hash);
  appendFileSync(dist('evals/verifiers/python-function/driver.py'), '#');
  expect((await release()).hash).not.toBe(before.hash);
});

test('trainer and locks lie where the configuration says, and the home stays outside of the build', async () => {
  const { root, home, paths } = (await compiled(`
    import { loadConfig } from 'dist/infra/config.js';
    const { paths, root } = loadConfig();
    console.log(JSON.stringify({ root, home: loadConfig({ environment: {} }).home, paths }));`)) as {
    root: string;
    home: string;
    paths: { trainer: string; requirementsLock: string; skills: string };
  };
  expect(home).toBe(join(installed, '.anneal'));
  for (const path of [
    join(paths.trainer, 'anneal_server', '__main__.py'),
    join(paths.trainer, 'anneal_trainer', '__main__.py'),
    paths.requirementsLock,
    join(paths.skills, 'debugging', 'SKILL.md'),
    join(root, 'package-lock.json'),
  ])
    expect(existsSync(path), path).toBe(true);
});

test('every file that the code names beside itself was brought along', () => {
  const scripts = readdirSync(dist(''), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));
  const named = scripts.flatMap((script) =>
    [...readFileSync(dist(script), 'utf8').matchAll(/new URL\('(\.[^']+)', import\.meta\.url\)/g)].map(
      ([, path]) => new URL(path ?? '', pathToFileURL(dist(script))),
    ),
  );
  const names = named.map((url) => url.pathname.split('/').at(-1));
  expect(names).toEqual(expect.arrayContaining(['driver.py', 'run-job.sh']));
  for (const url of named) expect(existsSync(url), url.pathname).toBe(true);
});
