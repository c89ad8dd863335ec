// What becomes of a tar on a disk: what is taken lies there as it was meant, what is refused leaves nothing outside its folder.
import { spawnSync } from 'node:child_process';
import {
  type Dirent,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type TarEntry, tarOf } from '../../tests/support/tar.ts';
import { UNPACK_LIMITS, unpack } from './unpack.ts';

vi.setConfig({ testTimeout: 60_000 });
let folder: string;
let root: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-unpack-'));
  root = join(folder, 'root');
  mkdirSync(root);
  writeFileSync(join(folder, 'outside'), 'outside');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function unpacked(entries: readonly TarEntry[], limits = UNPACK_LIMITS, change = (tar: Buffer): Buffer => tar) {
  const tar = join(folder, 'tar');
  writeFileSync(tar, change(await tarOf(entries)));
  await unpack(tar, root, limits);
}
/** Everything below the folder that is not the root's. */
const beside = (): string[] =>
  readdirSync(folder)
    .filter((name) => name !== 'root' && name !== 'tar')
    .map((name) => `${name}: ${readFileSync(join(folder, name))}`);
/** Node's own way down goes through links. */
const entriesBelow = (place: string): Dirent[] =>
  readdirSync(place, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry, ...entriesBelow(join(place, entry.name))] : [entry],
  );
const modeOf = (path: string): string => (lstatSync(join(root, path)).mode & 0o7777).toString(8);

const PLAIN: readonly TarEntry[] = [
  { name: './', type: 'directory', mode: 0o700 },
  { name: './usr/bin/sh', mode: 0o4711, content: 'a shell', mtime: new Date(1_000_000_000_000) },
  { name: 'usr/', type: 'directory', mode: 0o0 },
  { name: 'usr/bin/dash', type: 'link', linkname: './usr/bin/sh' },
  { name: 'bin', type: 'symlink', linkname: '/usr/bin' },
  { name: 'up', type: 'symlink', linkname: '../../outside' },
  { name: 'etc/shadow', mode: 0o600, content: '' },
];

test.each([
  ['as it is', (tar: Buffer) => tar],
  ['compressed', (tar: Buffer) => gzipSync(tar)],
])('files, folders and links lie there, readable by anybody and run as nobody: %s', async (_, change) => {
  await unpacked(PLAIN, UNPACK_LIMITS, change);
  expect(readFileSync(join(root, 'usr/bin/sh'), 'utf8')).toBe('a shell');
  expect(['usr', 'usr/bin', 'usr/bin/sh', 'etc', 'etc/shadow'].map(modeOf)).toEqual([
    '755',
    '755',
    '755',
    '755',
    '644',
  ]);
  expect(lstatSync(root).mode & 0o777).toBe(0o755);
  expect(lstatSync(join(root, 'usr/bin/dash')).ino).toBe(lstatSync(join(root, 'usr/bin/sh')).ino);
  expect(lstatSync(join(root, 'usr/bin/sh')).mtime.getTime()).toBe(1_000_000_000_000);
  expect([readlinkSync(join(root, 'bin')), readlinkSync(join(root, 'up'))]).toEqual(['/usr/bin', '../../outside']);
});

test('what the machine’s own tar packs comes out the same', async () => {
  const made = spawnSync('tar', ['-cf', join(folder, 'tar'), '-C', '/usr/lib/python3.11/json', '.']);
  expect(made.status).toBe(0);
  await unpack(join(folder, 'tar'), root);
  expect(spawnSync('diff', ['-r', root, '/usr/lib/python3.11/json'], { encoding: 'utf8' }).stdout).toBe('');
});

const LINK: TarEntry = { name: 'out', type: 'symlink', linkname: '..' };
const REFUSED: readonly (readonly [string, readonly TarEntry[], RegExp])[] = [
  ['a path that leads up', [{ name: '../new', content: '' }], /"\.\.\/new" leads out of the root/],
  ['one in the middle', [{ name: 'a/../../new', content: '' }], /leads out/],
  ['an absolute path', [{ name: '/etc/new', content: '' }], /is absolute/],
  [
    'a file through a link',
    [LINK, { name: 'out/outside', content: 'changed' }],
    /lies below out, which is a symbolic link/,
  ],
  ['a folder through a link', [LINK, { name: 'out/new', type: 'directory' }], /lies below out/],
  [
    'a file over a link',
    [
      { ...LINK, linkname: '../outside' },
      { name: 'out', content: 'changed' },
    ],
    /is there twice/,
  ],
  ['a folder over a link', [LINK, { name: 'out', type: 'directory' }], /is there twice/],
  [
    'a link over a folder',
    [
      { name: 'a/b', content: '' },
      { ...LINK, name: 'a' },
    ],
    /is there twice/,
  ],
  [
    'what lies below a file',
    [
      { name: 'a', content: '' },
      { name: 'a/b', content: '' },
    ],
    /lies below a, which is a file/,
  ],
  [
    'a hard link to the outside',
    [{ name: 'a', type: 'link', linkname: '../outside' }],
    /hard link to a name that leads out/,
  ],
  [
    'an absolute hard link',
    [{ name: 'a', type: 'link', linkname: '/etc/hostname' }],
    /hard link to a name that is absolute/,
  ],
  [
    'a hard link to a link',
    [
      { ...LINK, linkname: '../outside' },
      { name: 'a', type: 'link', linkname: 'out' },
    ],
    /to what is no file before it/,
  ],
  [
    'a hard link to what comes later',
    [
      { name: 'a', type: 'link', linkname: 'b' },
      { name: 'b', content: '' },
    ],
    /to what is no file/,
  ],
  ['a device', [{ name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }], /"null" is a character-device/],
  ['a disk', [{ name: 'disk', type: 'block-device', devmajor: 8 }], /is a block-device/],
  ['a pipe with a name', [{ name: 'pipe', type: 'fifo' }], /is a fifo/],
  ['a link to nothing', [{ name: 'a', type: 'symlink', linkname: '' }], /symbolic link to nothing/],
  ['a root that is a file', [{ name: './', content: 'x' }], /is the root/],
  ['a name too long', [{ name: 'a'.repeat(256), content: '' }], /too long a name/],
  ['a path too long', [{ name: 'a/'.repeat(1_600), type: 'directory' }], /too long a name/],
];

test.each(REFUSED)('%s is refused, and nothing outside is touched', async (_, entries, why) => {
  await expect(unpacked(entries)).rejects.toMatchObject({
    code: 'environment.unusable',
    message: expect.stringMatching(why),
  });
  expect(beside()).toEqual(['outside: outside']);
});

describe('bounds', () => {
  const many = Array.from({ length: 5 }, (_, at) => ({ name: `f${at}`, content: 'x' }));
  test('entries', async () => {
    await expect(unpacked(many, { ...UNPACK_LIMITS, entries: 4 })).rejects.toThrow('more than 4 entries');
  });
  test('bytes, of what is compressed as well: a small tar may hold a large file', async () => {
    const large = [{ name: 'zeros', content: Buffer.alloc(8 * 2 ** 20) }];
    const limits = { ...UNPACK_LIMITS, bytes: 2 ** 20 };
    await expect(unpacked(large, limits)).rejects.toThrow('more than 1048576 bytes');
    await expect(unpacked(large, limits, (tar) => gzipSync(tar))).rejects.toMatchObject({
      code: 'environment.unusable',
    });
  });
});

test.each([
  ['no tar', () => Buffer.from('FROM debian:12\n'.repeat(100))],
  ['a tar that ends early', (tar: Buffer) => tar.subarray(0, 700)],
  ['a tar whose compression breaks off', (tar: Buffer) => gzipSync(tar).subarray(0, 60)],
  ['compressed rubbish', () => gzipSync(Buffer.alloc(2_000, 'x'))],
])('%s is unusable', async (_, change) => {
  const entries = [{ name: 'a', content: 'b'.repeat(2_000) }];
  await expect(unpacked(entries, UNPACK_LIMITS, change)).rejects.toMatchObject({ code: 'environment.unusable' });
});

const segment = fc.constantFrom('a', 'b', 'out', '..', '.', '', 'é\n');
const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => all.join('/'));
const anEntry = fc.oneof(
  fc.record({ name, content: fc.constant('written') }),
  fc.record({ name, type: fc.constant('directory' as const) }),
  fc.record({
    name,
    type: fc.constantFrom('symlink' as const, 'link' as const),
    linkname: fc.oneof(name, fc.constant('../outside'), fc.constant('..')),
  }),
);

test('whatever a tar says, everything that it writes lies in its root, and is a file, a folder or a link', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anEntry, { maxLength: 12 }), async (entries) => {
      rmSync(root, { recursive: true, force: true });
      mkdirSync(root);
      await unpacked(entries.filter((one) => one.name !== '')).catch((failure: unknown) =>
        expect(failure).toMatchObject({ code: 'environment.unusable' }),
      );
      expect(beside()).toEqual(['outside: outside']);
      for (const entry of entriesBelow(root)) {
        expect(entry.isFile() || entry.isDirectory() || entry.isSymbolicLink()).toBe(true);
        expect(relative(root, entry.parentPath).startsWith('..')).toBe(false);
        // A file that was written by this tar, never one that it found.
        if (entry.isFile()) expect(readFileSync(join(entry.parentPath, entry.name), 'utf8')).toBe('written');
      }
    }),
    { numRuns: 150 },
  );
});
