// Files as people write them, and worse.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FoundTicket } from '../../contracts/ticket.ts';
import { ticketFolder } from './folder.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-ticket-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const read = (repository?: string): Promise<FoundTicket[]> => Array.fromAsync(ticketFolder(folder, repository).list());
const file = (name: string, content: string | Uint8Array): void => writeFileSync(join(folder, name), content);

test('tickets are read in the order of their names, with what their front matter says', async () => {
  file('b.md', '---\ntitle: Second\nrepository: trainer\n---\n');
  file(
    'a.md',
    '---\r\ntitle: First\r\npriority: high\r\nlabels: [x]\r\nauthor: ada\r\n---\r\n\r\nWhat is *wanted*.\r\n',
  );
  file('notes.txt', 'no ticket');
  expect(await read('trainer')).toMatchObject([
    {
      ...{ how: 'found', key: `file:${folder}/a.md` },
      draft: {
        ...{ title: 'First', text: 'What is *wanted*.', repository: 'trainer', priority: 'high', labels: ['x'] },
        ...{ author: 'ada', origin: { kind: 'file', path: 'a.md' } },
      },
    },
    { how: 'found', draft: { title: 'Second', text: '', priority: 'normal', author: null } },
  ]);
});

test.each<[string, string | Uint8Array, RegExp]>([
  ['no front matter', 'just text', /does not begin with front matter/],
  ['no YAML', '---\ntitle: [\n---\n', /is no YAML/],
  ['a title twice', '---\ntitle: a\ntitle: b\n---\n', /is no YAML/],
  ['no title', '---\nrepository: trainer\n---\n', /^title: /],
  ['a field that is not known', '---\ntitle: a\nrepository: trainer\nvouched: yes\n---\n', /vouched/],
  ['where it says it is from', '---\ntitle: a\nrepository: trainer\norigin: { kind: cli }\n---\n', /origin/],
  ['no repository', '---\ntitle: a\n---\n', /^repository: /],
  ['a repository that is a path', '---\ntitle: a\nrepository: ../x\n---\n', /^repository: /],
  ['an alias', '---\ntitle: &a x\nauthor: *a\nrepository: trainer\n---\n', /aliases/],
  ['a text that is too long', `---\ntitle: a\nrepository: trainer\n---\n${'x'.repeat(20_001)}`, /^text: /],
  ['no UTF-8', Buffer.from([45, 45, 45, 10, 0xff]), /no text in UTF-8/],
  ['huge', Buffer.alloc(70_000, 'x'), /70000 bytes, and may have/],
  ['nothing', '', /front matter/],
])('%s is told, and the others are read', async (_, content, why) => {
  file('a.md', content);
  file('b.md', '---\ntitle: Fine\nrepository: trainer\n---\n');
  const [first, second] = await read();
  expect(first).toMatchObject({ how: 'unfit', why: expect.stringMatching(why) });
  expect(second).toMatchObject({ how: 'found' });
});

test('links, folders and pipes are no tickets, and nobody waits for them', async () => {
  file('elsewhere.txt', '---\ntitle: a\nrepository: trainer\n---\n');
  symlinkSync(join(folder, 'elsewhere.txt'), join(folder, 'link.md'));
  execFileSync('mkfifo', [join(folder, 'pipe.md')]);
  execFileSync('mkdir', [join(folder, 'folder.md')]);
  expect((await read()).map(({ how }) => how)).toEqual(['unfit', 'unfit', 'unfit']);
});

test('a folder that is not there', async () => {
  rmSync(folder, { recursive: true });
  await expect(read()).rejects.toMatchObject({ code: 'spec.missing_file' });
  folder = mkdtempSync(join(tmpdir(), 'anneal-ticket-folder-'));
});
