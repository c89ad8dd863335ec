// Root file systems on a machine's disk: once, whole or not at all, whoever asks at the same time and whoever dies on the way.
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { tarOf } from '../../tests/support/tar.ts';
import { createFolderStore } from '../store/folder.ts';
import { createEnvironments } from './environments.ts';

vi.setConfig({ testTimeout: 120_000 });
let base: string;
let place: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'anneal-environments-'));
  place = join(base, 'kept');
});
afterEach(() => rmSync(base, { recursive: true, force: true }));
const store = () => createFolderStore(join(base, 'store'));
const put = async (entries: Parameters<typeof tarOf>[0]): Promise<ArtifactRef> => store().put(await tarOf(entries));
const FILES = Array.from({ length: 400 }, (_, at) => ({ name: `etc/${at}`, content: `${at}` }));

test('a tar is unpacked once, into a folder of its hash, and found by everybody after', async () => {
  const ref = await put([{ name: 'etc/own', content: 'own' }]);
  const asked: string[] = [];
  const counting: Pick<ArtifactStore, 'getFile'> = {
    getFile: (wanted, path) => {
      asked.push(wanted.sha256);
      return store().getFile(wanted, path);
    },
  };
  const one = createEnvironments(place, counting);
  const folder = await one.folderOf(ref);
  expect(folder).toBe(join(place, `${ref.sha256}.1`));
  expect(readFileSync(join(folder, 'etc/own'), 'utf8')).toBe('own');
  expect(await one.folderOf(ref)).toBe(folder);
  expect(await createEnvironments(place, counting).folderOf(ref)).toBe(folder);
  expect(asked).toEqual([ref.sha256]);
  expect(readdirSync(place)).toEqual([`${ref.sha256}.1`]);
});

test('a tar that is refused leaves nothing, and says which one it is', async () => {
  const ref = await put([...FILES, { name: 'dev/null', type: 'character-device' }]);
  await expect(createEnvironments(place, store()).folderOf(ref)).rejects.toMatchObject({
    code: 'environment.unusable',
    message: expect.stringContaining(`the environment ${ref.sha256.slice(0, 12)}: "dev/null"`),
  });
  expect(readdirSync(place)).toEqual([]);
});

test('one that the store lacks, or has otherwise, is the store’s failure; what failed is tried again', async () => {
  const ref = await put([{ name: 'a', content: '' }]);
  const empty = createFolderStore(join(base, 'other'));
  let from = empty;
  const environments = createEnvironments(place, { getFile: (...args) => from.getFile(...args) });
  await expect(environments.folderOf(ref)).rejects.toMatchObject({ code: 'store.not_found' });
  from = store();
  expect(existsSync(await environments.folderOf(ref))).toBe(true);
});

test('one too large is not even fetched', async () => {
  const ref = { ...(await put([])), bytes: 17 * 2 ** 30 };
  await expect(createEnvironments(place, store()).folderOf(ref)).rejects.toThrow(/18253611008 bytes, more than/);
  expect(existsSync(place)).toBe(false);
});

test('a folder that cannot be is told with its reason', async () => {
  writeFileSync(place, '');
  const ref = await put([]);
  await expect(createEnvironments(place, store()).folderOf(ref)).rejects.toMatchObject({
    code: 'environment.unusable',
  });
});

/** In a process of its own, as another worker would. */
function another(ref: ArtifactRef) {
  const script = join(base, 'unpack.ts');
  const at = (path: string): string => new URL(path, import.meta.url).href;
  writeFileSync(
    script,
    `import { createEnvironments } from '${at('./environments.ts')}';
import { createFolderStore } from '${at('../store/folder.ts')}';
console.log(await createEnvironments('${place}', createFolderStore('${join(base, 'store')}')).folderOf(${JSON.stringify(ref)}));`,
  );
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return { child, ended: new Promise<string>((resolve) => child.on('close', () => resolve(said.trim()))) };
}

test('several processes at once have the same folder, whole', async () => {
  const ref = await put(FILES);
  const folders = await Promise.all([another(ref), another(ref), another(ref)].map(({ ended }) => ended));
  expect(new Set(folders)).toEqual(new Set([join(place, `${ref.sha256}.1`)]));
  expect(readdirSync(join(folders[0]!, 'etc'))).toHaveLength(FILES.length);
  expect(readdirSync(place)).toHaveLength(1);
});

test('killed halfway, nothing stands under the name; the next one makes it, and old leftovers go', async () => {
  const ref = await put(Array.from({ length: 4_000 }, (_, at) => ({ name: `etc/${at}`, content: `${at}` })));
  const { child, ended } = another(ref);
  const begun = () =>
    existsSync(place) && readdirSync(place).some((name) => existsSync(join(place, name, 'root', 'etc', '100')));
  await expect.poll(begun, { interval: 2, timeout: 60_000 }).toBe(true);
  child.kill('SIGKILL');
  await ended;
  const left = readdirSync(place);
  expect(left).toEqual([expect.stringMatching(/^\.unpacking-/)]);

  const long = Date.now() / 1_000 - 2 * 86_400;
  mkdirSync(join(place, '.unpacking-old', 'root'), { recursive: true });
  utimesSync(join(place, '.unpacking-old'), long, long);
  const folder = await createEnvironments(place, store()).folderOf(ref);
  expect(readdirSync(join(folder, 'etc'))).toHaveLength(4_000);
  // One that somebody may still be at stays.
  expect(readdirSync(place).sort()).toEqual([...left, `${ref.sha256}.1`]);
});
