// What only the folder adapter can get wrong; the rest is in tests/conformance/artifact-store.ts.
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFolderStore } from './folder.ts';

const code = (wanted: string) => expect.objectContaining({ code: wanted });
let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'anneal-folder-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

it('refuses a name whose content has any bit flipped, is torn, or was put in another place', async () => {
  const store = createFolderStore(root);
  await store.createNamed('a', 'content');
  await store.createNamed('b', 'content');
  const file = join(root, 'names/a/@000000001');
  const intact = await readFile(file);
  for (let bit = 0; bit < intact.length * 8; bit += 1) {
    const flipped = Buffer.from(intact);
    flipped[bit >> 3] = flipped[bit >> 3]! ^ (1 << (bit & 7));
    await writeFile(file, flipped);
    await expect(store.readNamed('a'), `bit ${bit}`).rejects.toEqual(code('store.corrupt_object'));
  }
  await expect(store.swapNamed('a', null, 'x')).rejects.toEqual(code('store.corrupt_object'));
  for (let length = 0; length < intact.length; length += 1) {
    await writeFile(file, intact);
    await truncate(file, length);
    await expect(store.readNamed('a'), `length ${length}`).rejects.toEqual(code('store.corrupt_object'));
  }
  await cp(join(root, 'names/b/@000000001'), file);
  await expect(store.readNamed('a')).rejects.toEqual(code('store.corrupt_object'));
});

it('goes on from a power cut that undid the newest link', async () => {
  const store = createFolderStore(root);
  await store.createNamed('a', 'one');
  await store.swapNamed('a', (await store.readNamed('a'))!.tag, 'two');
  await rm(join(root, 'names/a/@000000002'));
  const found = await store.readNamed('a');
  expect(new TextDecoder().decode(found!.bytes)).toBe('one');
  expect(await store.swapNamed('a', found!.tag, 'two again')).toBe(true);
});

it('never follows a symbolic link in place of an object or a name', async () => {
  const store = createFolderStore(root);
  const ref = await store.put('secret');
  const place = join(root, ref.uri.slice('store:'.length));
  await cp(place, join(root, 'elsewhere'));
  await rm(place);
  await symlink(join(root, 'elsewhere'), place);
  await expect(store.get(ref)).rejects.toEqual(code('store.corrupt_object'));
  await store.put('secret');
  expect(new TextDecoder().decode(await store.get(ref))).toBe('secret');

  await store.createNamed('a', 'x');
  await cp(join(root, 'names/a/@000000001'), join(root, 'name'));
  await rm(join(root, 'names/a/@000000001'));
  await symlink(join(root, 'name'), join(root, 'names/a/@000000001'));
  await expect(store.readNamed('a')).rejects.toEqual(code('store.corrupt_object'));
});

it('empties old contents of a name, and keeps their numbers', async () => {
  const store = createFolderStore(root);
  for (let count = 0; count < 20; count += 1) {
    await store.swapNamed('a', (await store.readNamed('a'))?.tag ?? null, 'x'.repeat(1_000));
  }
  const names = await readdir(join(root, 'names/a'));
  const sizes = await Promise.all(names.map(async (name) => (await readFile(join(root, 'names/a', name))).length));
  expect(names).toHaveLength(20);
  expect(sizes.filter((size) => size > 0)).toHaveLength(16);
});

it('sweeps what killed processes left, but not what others are writing', async () => {
  await mkdir(join(root, 'tmp'), { recursive: true });
  await writeFile(join(root, 'tmp/old'), 'x');
  await writeFile(join(root, 'tmp/new'), 'x');
  const dayBefore = new Date(Date.now() - 25 * 3_600_000);
  await utimes(join(root, 'tmp/old'), dayBefore, dayBefore);
  await createFolderStore(root).put('content');
  expect(await readdir(join(root, 'tmp'))).toEqual(['new']);
});

it('works again after its folder was removed', async () => {
  const store = createFolderStore(root);
  const ref = await store.put('content');
  await rm(root, { recursive: true });
  await expect(store.get(ref)).rejects.toEqual(code('store.not_found'));
  await store.put('content').catch(() => undefined);
  await store.put('content');
  expect(await store.has(ref)).toBe(true);
});

it('names a folder that cannot be one', async () => {
  await writeFile(join(root, 'file'), '');
  await expect(createFolderStore(join(root, 'file')).put('x')).rejects.toEqual(code('store.unavailable'));
});

/** Mounting needs rights that not every machine gives. */
function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'none', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it('says store.no_space, leaves nothing behind, and goes on once there is space', async ({ skip }) => {
  if (!mountSmall(root)) skip();
  try {
    const store = createFolderStore(root);
    const small = await store.put('small');
    await store.createNamed('a', 'one');
    await expect(store.put(new Uint8Array(1 << 20))).rejects.toEqual(code('store.no_space'));
    await expect(store.createNamed('b', new Uint8Array(1 << 20))).rejects.toEqual(code('store.no_space'));
    const big = join(tmpdir(), `anneal-big-${process.pid}`);
    await writeFile(big, new Uint8Array(1 << 20));
    await expect(store.putFile(big)).rejects.toEqual(code('store.no_space'));
    await rm(big);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
    expect(await store.readNamed('b')).toBeUndefined();
    expect(new TextDecoder().decode(await store.get(small))).toBe('small');
    const middle = await store.put(new Uint8Array(100_000));
    expect(await store.has(middle)).toBe(true);

    const { store: roomy, root: other } = await largeObject();
    await expect(roomy.store.getFile(roomy.ref, join(root, 'out'))).rejects.toEqual(code('store.no_space'));
    expect((await readdir(root)).sort()).toEqual(['names', 'objects', 'tmp']);
    await rm(other, { recursive: true });
  } finally {
    execFileSync('umount', [root]);
  }
});

async function largeObject() {
  const other = await mkdtemp(join(tmpdir(), 'anneal-folder-'));
  const store = createFolderStore(other);
  return { root: other, store: { store, ref: await store.put(new Uint8Array(1 << 20)) } };
}
