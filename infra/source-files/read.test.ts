import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSourceFile } from './read.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a file that is missing, or larger than memory, names the field and what was expected', async () => {
  await expect(readSourceFile(join(folder, 'none.jsonl'))).rejects.toMatchObject({
    code: 'tasks.source_failed',
    problems: [{ path: 'source', got: expect.stringContaining('none.jsonl: no such file') }],
  });
  const large = join(folder, 'large.jsonl');
  writeFileSync(large, '');
  truncateSync(large, 2.2e9);
  await expect(readSourceFile(large)).rejects.toMatchObject({
    problems: [{ path: 'source', expected: expect.stringContaining('at most 268435456'), got: '2200000000 bytes' }],
  });
});
