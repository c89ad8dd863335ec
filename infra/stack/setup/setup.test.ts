// The set-up steps against scripted interpreters: what is found, what is refused, what a killed step leaves behind.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../config.ts';
import { pipFailure, pipProgress } from './pip.ts';
import type { SetupProgress } from './progress.ts';
import { findPython } from './python.ts';
import { ensureTemporal, findTemporal, fits } from './temporal-binary.ts';
import { ensureVenv, stampPath, venvIsCurrent } from './venv.ts';

let folder: string;
const seen: SetupProgress[] = [];
const progress = (one: SetupProgress): void => void seen.push(one);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-setup-'));
  seen.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, body: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
}

const probe = (version: string, rest: string): string =>
  `[ "$1" = -c ] && { echo '{"executable": "'"$0"'", "version": [${version}], ${rest}}'; exit; }`;

/** An interpreter whose `venv` makes a folder with itself in it, and whose `pip` does what `pip` says. */
function python(pip: string): string {
  return script(
    'python',
    `${probe('3, 11, 9', '"pip": true, "venv": true')}
     echo "$@" >>${folder}/calls
     case $2 in
       venv) eval folder=\\\${$#}; mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" ;;
       pip) ${pip} ;;
     esac`,
  );
}

function configFor(environment: Record<string, string>): Config {
  const config = loadConfig({ environment: { ANNEAL_HOME: join(folder, 'home'), ...environment } });
  const lock = join(folder, 'requirements.lock');
  if (!existsSync(lock)) writeFileSync(lock, 'one==1 --hash=sha256:00\n');
  return { ...config, paths: { ...config.paths, requirementsLock: lock } };
}

test('a Python that is too old, broken or without pip is refused, and the message says which', async () => {
  const old = script('old', probe('3, 9, 2', '"pip": true, "venv": true'));
  await expect(findPython(configFor({ ANNEAL_PYTHON: old }))).rejects.toMatchObject({
    code: 'stack.python_missing',
    message: expect.stringMatching(/old \(3\.9\.2\): too old/),
  });
  const bare = script('bare', probe('3, 12, 0', '"pip": false, "venv": false'));
  await expect(findPython(configFor({ ANNEAL_PYTHON: bare }))).rejects.toThrow('neither ensurepip nor pip');
  const broken = script('broken', 'exit 3');
  await expect(findPython(configFor({ ANNEAL_PYTHON: broken }))).rejects.toThrow('no interpreter answers');
});

test('the environment is made once, and again when its lock changes', async () => {
  const config = configFor({ ANNEAL_PYTHON: python('echo "  Downloading one-1.whl (12.5 MB)"') });
  const found = await findPython(config);
  expect(await venvIsCurrent(config)).toBe(false);
  await ensureVenv(config, found, progress);
  expect(seen.at(-1)).toMatchObject({ step: 'venv', state: 'done', bytes: 12_500_000, detail: '1 packages, 12.5 MB' });
  expect(readFileSync(join(folder, 'calls'), 'utf8')).toContain('--require-hashes --no-deps');
  await ensureVenv(config, found, progress);
  expect(seen.at(-1)).toMatchObject({ state: 'cached' });
  writeFileSync(config.paths.requirementsLock, 'two==2 --hash=sha256:00\n');
  expect(await venvIsCurrent(config)).toBe(false);
  await ensureVenv(config, found, progress);
  expect(seen.at(-1)).toMatchObject({ state: 'done' });
});

test('two that need the environment at once make it once', async () => {
  const config = configFor({ ANNEAL_PYTHON: python('sleep 0.3') });
  const found = await findPython(config);
  await Promise.all([1, 2].map(() => ensureVenv(config, found, progress)));
  expect(readFileSync(join(folder, 'calls'), 'utf8').match(/-m pip install/g)).toHaveLength(1);
  expect(seen.at(-1)).toMatchObject({ state: 'cached' });
});

test('a half-made environment is never used', async () => {
  const failing = configFor({ ANNEAL_PYTHON: python('echo "ERROR: connection reset" >&2; exit 1') });
  await expect(ensureVenv(failing, await findPython(failing), progress)).rejects.toMatchObject({
    code: 'stack.download_failed',
    message: expect.stringContaining('connection reset'),
  });
  expect(existsSync(failing.paths.venvPython)).toBe(true);
  expect(existsSync(stampPath(failing))).toBe(false);
  writeFileSync(join(failing.paths.venv, 'leftover'), '');
  const working = configFor({ ANNEAL_PYTHON: python(':') });
  await ensureVenv(working, await findPython(working), progress);
  expect(existsSync(join(working.paths.venv, 'leftover'))).toBe(false);
  expect(await venvIsCurrent(working)).toBe(true);
});

test('an interrupted step ends its command and leaves no stamp', async () => {
  const config = configFor({ ANNEAL_PYTHON: python('exec sleep 60') });
  const found = await findPython(config);
  await expect(ensureVenv(config, found, progress, AbortSignal.timeout(1_500))).rejects.toThrow();
  expect(existsSync(stampPath(config))).toBe(false);
});

test.each([
  ['ERROR: Could not install: [Errno 28] No space left on device', 'stack.no_space'],
  ['ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE', 'stack.download_failed'],
  ['ERROR: Could not find a version that satisfies', 'stack.download_failed'],
])('pip’s “%s” is %s', (stderr, code) => {
  expect(pipFailure({ code: 1, stdout: '', stderr }, 'installing').code).toBe(code);
});

test('sizes are read from what pip prints', () => {
  const details: string[] = [];
  const follow = pipProgress((detail) => details.push(detail));
  follow.line('  Downloading jaxlib-0.10.2-cp311-manylinux.whl (85.4 MB)');
  follow.line('  Using cached gguf-0.19.0-py3-none-any.whl (118 kB)');
  follow.line('Installing collected packages: jaxlib, gguf');
  expect(details).toEqual(['jaxlib 85.4 MB', 'gguf 118 kB', 'unpacking 2 packages']);
  expect(follow.total()).toEqual({ packages: 2, bytes: 85_518_000 });
});

test('TEMPORAL_CLI must be a Temporal CLI of a fitting version', async () => {
  const cli = (version: string): Config =>
    configFor({ TEMPORAL_CLI: script(`cli-${version}`, `echo "temporal version ${version} (Server 1.29.0)"`) });
  expect(await findTemporal(cli('1.5.1'))).toMatchObject({ version: '1.5.1', from: 'TEMPORAL_CLI' });
  await expect(findTemporal(cli('1.4.9'))).rejects.toMatchObject({ code: 'stack.start_failed' });
  await expect(findTemporal(configFor({ TEMPORAL_CLI: '/nowhere/temporal' }))).rejects.toThrow('does not run');
  expect(['1.5.0', '1.9.1', '1.4.0', '2.0.0', '0.9.0'].map(fits)).toEqual([true, true, false, false, false]);
});

test('a download of the Temporal server that fails leaves nothing to be used', async () => {
  const broken = python(
    'd=; for a; do [ "$d" = -d ] && d=$a; [ "$a" = -d ] && d=-d; done; echo half >"$d/x.whl"; exit 1',
  );
  const config = configFor({ ANNEAL_PYTHON: broken });
  const interrupted = AbortSignal.timeout(5_000); // the SDK's own download is not to be waited for
  await expect(ensureTemporal(config, await findPython(config), progress, interrupted)).rejects.toThrow();
  mkdirSync(join(config.paths.cache, 'temporal', '1.9.1'), { recursive: true });
  script('home/cache/temporal/1.9.1/temporal', 'exit 1');
  expect(await findTemporal(config)).toBeUndefined();
});
