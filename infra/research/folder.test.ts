// Documents of all kinds in a folder: those that are texts are read, the others are named with the reason.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFolderStore } from '../store/folder.ts';
import { DOCUMENT_LIMITS, readDocuments } from './folder.ts';
import { openWebSearch } from './web-search.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anneal-folder-'));
  mkdirSync(join(root, 'docs'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));
const store = () => createFolderStore(join(root, 'store'));
const put = (name: string, bytes: string | Uint8Array): void => writeFileSync(join(root, 'docs', name), bytes);

test('reads texts, and says why the others are not', async () => {
  put('a.md', '# A\n');
  put('b.html', '<p>b</p>');
  put('CHANGELOG', 'c');
  put('code.ts', 'const a = 1;');
  put('latin1.txt', Buffer.from([0x61, 0x0a, 0xe9]));
  put('zero.txt', 'a\0b');
  put('empty.md', ' \n');
  put('large.md', 'x'.repeat(2_000));
  symlinkSync('/etc/passwd', join(root, 'docs', 'link.md'));
  const read = await readDocuments(join(root, 'docs'), store(), { ...DOCUMENT_LIMITS, bytes: 1_000 });
  expect(read.documents.map(({ path, form }) => [path, form])).toEqual([
    ['CHANGELOG', 'text'],
    ['a.md', 'markdown'],
    ['b.html', 'html'],
  ]);
  expect(Object.fromEntries(read.refused.map(({ path, why }) => [path, why]))).toEqual({
    'link.md': expect.stringContaining('link'),
    'empty.md': 'is empty',
    'large.md': 'has 2000 bytes, more than 1000',
    'latin1.txt': 'is not UTF-8 (line 2)',
    'zero.txt': expect.stringContaining('byte 0'),
  });
});

test.each([
  ['is not there', async () => readDocuments(join(root, 'none'), store())],
  ['is empty', async () => readDocuments(join(root, 'docs'), store())],
  [
    'has too many',
    async () => {
      for (const name of ['a.md', 'b.md', 'c.md']) put(name, name);
      return readDocuments(join(root, 'docs'), store(), { ...DOCUMENT_LIMITS, files: 2 });
    },
  ],
])('a folder that %s', async (_, work) => {
  await expect(work()).rejects.toMatchObject({ code: 'research.unreadable' });
});

test('a search server is asked for one address, and what it answers is bounded', async () => {
  const asked: string[] = [];
  const page = { url: 'https://example.org/a', title: 'A', text: 'words' };
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const query = new URL(request.url ?? '', 'http://x').searchParams.get('q');
    if (query === 'elsewhere') response.writeHead(302, { location: '/stolen' }).end();
    else if (query === 'garbage') response.end('<html>');
    else if (query === 'flood') response.end('x'.repeat(3 * 2 ** 20));
    else response.end(JSON.stringify({ results: [page] }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const search = openWebSearch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/find?key=1`);
  const never = new AbortController().signal;
  try {
    expect(await search('gates & locks', never)).toEqual([page]);
    for (const query of ['elsewhere', 'garbage', 'flood'])
      await expect(search(query, never), query).rejects.toMatchObject({ code: 'research.search_failed' });
    expect(asked).toHaveLength(4);
    expect(asked[0]).toBe('/find?key=1&q=gates+%26+locks');
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
