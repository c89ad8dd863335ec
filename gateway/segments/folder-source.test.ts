import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replicaName } from '../../contracts/segment.ts';
import { createFolderSource } from './folder-source.ts';
import { openLog } from './log.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'anneal-folder-source-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));
const replica = replicaName.parse('here');

async function logged(texts: readonly string[]): Promise<void> {
  const options = { segmentBytes: 30, fsyncIntervalMs: 0, log: () => undefined };
  const log = await openLog({ dir: join(dir, 'completions'), ...options }, { record: () => undefined });
  for (const text of texts) await log.append(text);
  await log.close();
}

test('every segment but the one that may still grow is sealed, and gives its records', async () => {
  const texts = Array.from({ length: 9 }, (_, n) => JSON.stringify({ n, text: 'é' }));
  await logged(texts);
  const read = async (ended: boolean) => {
    const source = createFolderSource({ dir, replica, ended });
    const found: { sequence: number; records: string[] }[] = [];
    for await (const segment of source.list()) {
      const records: string[] = [];
      for await (const json of source.records(segment)) records.push(json);
      expect(segment).toMatchObject({ replica: 'here', stream: 'completions', records: records.length });
      found.push({ sequence: segment.sequence, records });
    }
    return found;
  };
  const whole = await read(true);
  expect(whole.flatMap(({ records }) => records)).toEqual(texts);
  expect(await read(false)).toEqual(whole.slice(0, -1));
});

test('a sealed segment that was cut short is damage', async () => {
  await logged(['"a long enough record for one segment"', '"b"']);
  await truncate(join(dir, 'completions', 'seg-00000001.log'), 20);
  const listing = createFolderSource({ dir, replica }).list()[Symbol.asyncIterator]();
  await expect(listing.next()).rejects.toMatchObject({ code: 'gateway.segment_corrupt' });
});

test('a gateway that has captured nothing has no segments', async () => {
  const found: unknown[] = [];
  for await (const segment of createFolderSource({ dir, replica }).list()) found.push(segment);
  expect(found).toEqual([]);
});
