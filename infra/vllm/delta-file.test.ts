import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { applyDelta, writeDelta } from './delta-file.ts';

let folder: string;
const at = (name: string): string => join(folder, name);
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-delta-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Larger than what is read at once, with changes at the edges of what is. */
async function twoVersions(): Promise<[Buffer, Buffer]> {
  const before = randomBytes(5_000_000);
  const after = Buffer.from(before);
  for (const place of [0, 1 << 20, (1 << 20) - 1, 3 << 20, 4_999_999]) after[place] = after[place]! ^ 0xff;
  for (let place = 7; place < after.length; place += 200) after[place] = after[place]! ^ 1;
  await writeFile(at('before'), before);
  await writeFile(at('after'), after);
  return [before, after];
}

it('turns one file into the other, again, and after a kill half way', async () => {
  const [before, after] = await twoVersions();
  expect(await writeDelta(at('before'), at('after'), at('delta'))).toBe(sha256(after));
  expect((await stat(at('delta'))).size).toBeLessThan(5 * 25_000 + 100);
  await writeFile(at('file'), before);
  expect(await applyDelta(at('delta'), at('file'))).toBe(sha256(after));
  expect(await applyDelta(at('delta'), at('file'))).toBe(sha256(after));
  await writeFile(at('file'), Buffer.concat([after.subarray(0, 2_000_000), before.subarray(2_000_000)]));
  expect(await applyDelta(at('delta'), at('file'))).toBe(sha256(after));
  expect(Buffer.compare(await readFile(at('file')), after)).toBe(0);
});

it.each([
  ['longer', 2_500_000],
  ['shorter', 700_000],
  ['empty', 0],
])('works where the new file is %s', async (_, bytes) => {
  const [before] = await twoVersions();
  const start = before.subarray(0, 1_500_000);
  const now = Buffer.concat([start, randomBytes(1_500_000)]).subarray(0, bytes);
  await writeFile(at('a'), start);
  await writeFile(at('b'), now);
  await writeDelta(at('a'), at('b'), at('delta'));
  await applyDelta(at('delta'), at('a'));
  expect(Buffer.compare(await readFile(at('a')), now)).toBe(0);
});

it('refuses a file that it was not made from, a damaged delta, and one that was cut', async () => {
  const [before] = await twoVersions();
  await writeDelta(at('before'), at('after'), at('delta'));
  await writeFile(at('other'), randomBytes(before.length));
  const other = applyDelta(at('delta'), at('other'));
  await expect(other).rejects.toMatchObject({
    code: 'weights.corrupt',
    message: expect.stringMatching(/became .*, not /),
  });
  await writeFile(at('file'), before);
  await truncate(at('delta'), 60_000);
  await expect(applyDelta(at('delta'), at('file'))).rejects.toThrow(/it ends early/);
  await writeFile(at('delta'), 'anything else');
  await expect(applyDelta(at('delta'), at('file'))).rejects.toThrow(/not a delta/);
});

it('takes memory for pieces, not for files', async () => {
  const bytes = 64 << 20;
  const piece = Buffer.alloc(4 << 20, 2);
  await writeFile(at('large'), Buffer.alloc(bytes, 1));
  await writeFile(at('other'), Buffer.concat([piece, Buffer.alloc(bytes - piece.length, 1)]));
  globalThis.gc?.();
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }, 5);
  await writeDelta(at('large'), at('other'), at('delta'));
  await applyDelta(at('delta'), at('large'));
  clearInterval(watch);
  // Buffers that wait for the collector are in it.
  expect(most).toBeLessThan(bytes / 2);
  expect(Buffer.compare(await readFile(at('large')), await readFile(at('other')))).toBe(0);
});
