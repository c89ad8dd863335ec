// Checkpoints from the store: a whole one, and the deltas since.
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ArtifactRef, ArtifactStore } from '../../contracts/artifact.ts';
import { sha256 } from '../../contracts/ids.ts';
import { makeWeightTag, type WeightManifest } from '../../contracts/weight-update.ts';
import { createFolderStore } from '../store/folder.ts';
import { baseWeightsName, readBaseWeights } from './base-weights.ts';
import { bringCheckpoint, fetchCheckpoint } from './checkpoint.ts';
import { writeDelta } from './delta-file.ts';
import { digestOfFiles } from './weights.ts';

let room: string;
let store: ArtifactStore;
beforeEach(async () => {
  room = await mkdtemp(join(tmpdir(), 'anneal-checkpoint-'));
  store = createFolderStore(join(room, 'store'));
});
afterEach(() => rm(room, { recursive: true, force: true }));

type Files = Readonly<Record<string, Buffer>>;
const hash = (bytes: Buffer) => sha256.parse(createHash('sha256').update(bytes).digest('hex'));

async function keep(version: number, files: Files, content: WeightManifest['content']) {
  const list = Object.entries(files).map(([path, bytes]) => ({ path, bytes: bytes.length, sha256: hash(bytes) }));
  const digest = sha256.parse(digestOfFiles(list));
  const made = { schema: 'anneal/weights/v1', version, base: 'a/b', files: list, digest, content } as const;
  const manifest = await store.put(JSON.stringify(made satisfies WeightManifest));
  return { tag: makeWeightTag(version, digest), manifest };
}

async function whole(version: number, files: Files) {
  for (const bytes of Object.values(files)) await store.put(bytes);
  return keep(version, files, { kind: 'full' });
}

async function changed(version: number, parent: Awaited<ReturnType<typeof whole>>, before: Files, files: Files) {
  const deltas: { path: string; delta: ArtifactRef }[] = [];
  for (const [path, bytes] of Object.entries(files)) {
    if (before[path]?.equals(bytes)) continue;
    const [a, b, delta] = [join(room, 'a'), join(room, 'b'), join(room, 'delta')];
    await writeFile(a, before[path] ?? '');
    await writeFile(b, bytes);
    await writeDelta(a, b, delta);
    deltas.push({ path, delta: await store.putFile(delta) });
  }
  return keep(version, files, { kind: 'delta', parent, deltas });
}

async function read(folder: string): Promise<Record<string, string>> {
  const names = (await readdir(folder)).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, hash(await readFile(join(folder, name)))])),
  );
}

test('a version is the last whole one with all deltas since, byte for byte', async () => {
  const one: Files = { a: randomBytes(5_000), b: randomBytes(300) };
  const two: Files = { ...one, a: Buffer.concat([one.a!.subarray(0, 4_000), randomBytes(2_000)]) };
  const three: Files = { ...two, c: randomBytes(80) };
  const first = await whole(1, one);
  const second = await changed(2, first, one, two);
  const third = await changed(3, second, two, three);
  for (const [ref, files] of [
    [first, one],
    [second, two],
    [third, three],
  ] as const) {
    const folder = join(room, ref.tag);
    await fetchCheckpoint(store, ref.manifest, folder);
    expect(await read(folder)).toEqual(
      Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, hash(bytes)])),
    );
  }
  // From what is there only the last delta is needed.
  const folder = join(room, second.tag);
  await bringCheckpoint(store, third.manifest, folder, { base: null, deltas: [third.manifest] });
  expect(await read(folder)).toEqual(await read(join(room, third.tag)));
});

test('a disk that is not what the delta begins with is found out', async () => {
  const one: Files = { a: randomBytes(5_000), b: randomBytes(300) };
  const two: Files = { ...one, a: Buffer.concat([randomBytes(10), one.a!.subarray(10)]) };
  const second = await changed(2, await whole(1, one), one, two);
  const folder = join(room, 'disk');
  await mkdir(folder);
  await writeFile(join(folder, 'a'), one.a!);
  const bring = () => bringCheckpoint(store, second.manifest, folder, { base: null, deltas: [second.manifest] });
  await expect(bring()).rejects.toMatchObject({
    code: 'weights.corrupt',
    message: expect.stringMatching(/^b of .*nothing/),
  });
  await writeFile(join(folder, 'b'), randomBytes(300));
  await expect(bring()).rejects.toThrow(/^b of 2-/);
  await writeFile(join(folder, 'b'), one.b!);
  await bring();
});

test('the weights of a base model are those that are published under its name', async () => {
  await expect(readBaseWeights(store, 'a/b')).rejects.toMatchObject({ code: 'weights.not_published' });
  const base = await whole(0, { a: randomBytes(10) });
  await store.createNamed(baseWeightsName('a/b'), JSON.stringify(base));
  expect(await readBaseWeights(store, 'a/b')).toEqual(base);
  // Somebody else's, and a later version.
  await store.createNamed(baseWeightsName('other/one'), JSON.stringify(base));
  await expect(readBaseWeights(store, 'other/one')).rejects.toMatchObject({ code: 'weights.corrupt' });
  const later = await whole(4, { a: randomBytes(10) });
  const kept = await store.readNamed(baseWeightsName('a/b'));
  await store.swapNamed(baseWeightsName('a/b'), kept!.tag, JSON.stringify(later));
  await expect(readBaseWeights(store, 'a/b')).rejects.toThrow(/not version 0/);
});
