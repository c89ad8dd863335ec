// One suite for every kind of place: a file, a real web server, a branch of a real repository.
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditHead } from '../../../contracts/audit.ts';
import type { HeadPlace } from '../../../contracts/audit-heads.ts';
import { sha256 } from '../../../contracts/ids.ts';
import { type HeadsServer, headsServer } from '../../../tests/support/heads-server.ts';
import { placesOf, readAuditHeads } from './read.ts';

const TOKEN = 'a token of the tests';
let folder: string;
let server: HeadsServer;
let repository: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-places-'));
  server = await headsServer(TOKEN);
  repository = join(folder, 'origin.git');
  execFileSync('git', ['init', '-q', '--bare', repository]);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const head = (number: number): AuditHead => ({
  body: { schema: 'anneal/audit-head/v1', number, entry: sha256.parse(`${number % 10}`.repeat(64)) },
  ...{ keyId: sha256.parse('a'.repeat(64)), signature: 'c2lnbmVk' },
});
const numbers = async (place: HeadPlace) => (await place.heads())?.heads.map(({ body }) => body.number);
const only = (spec: Parameters<typeof placesOf>[0]['places'][number], home = 'home'): HeadPlace =>
  placesOf({ apiVersion: 'anneal/v1', kind: 'AuditHeads', places: [spec] }, join(folder, home))[0]!;

const KINDS: Record<string, (home?: string) => HeadPlace> = {
  file: () => only({ kind: 'file', path: join(folder, 'heads.jsonl') }),
  https: () => only({ kind: 'https', url: server.url, token: TOKEN, answers: true }),
  git: (home) => only({ kind: 'git', repository, branch: 'audit-heads' }, home),
};
/** So that nothing can be kept there any more. */
const BREAK: Record<string, () => Promise<unknown>> = {
  file: () => rm(folder, { recursive: true }),
  https: async () => {
    server.status = 503;
  },
  git: () => rm(repository, { recursive: true }),
};

describe.each(Object.keys(KINDS))('%s', (kind) => {
  test('is empty at first, and then has what was kept, in order, twice where it was kept twice', async () => {
    const place = KINDS[kind]!();
    expect(await place.heads()).toEqual({ heads: [], strange: 0 });
    for (const number of [1, 2, 2, 7]) await place.keep(head(number));
    expect(await place.heads()).toEqual({ heads: [1, 2, 2, 7].map(head), strange: 0 });
  });

  test('takes heads of several machines at a time, and loses none', async () => {
    const homes = ['one', 'two', 'three'].map((home) => KINDS[kind]!(home));
    await Promise.all(homes.map((place, at) => place.keep(head(at + 1))));
    expect((await numbers(homes[0]!))?.toSorted()).toEqual([1, 2, 3]);
    expect((await numbers(homes[2]!))?.toSorted()).toEqual([1, 2, 3]);
  });

  test('says so when it keeps nothing', async () => {
    const place = KINDS[kind]!();
    await place.keep(head(1));
    await BREAK[kind]!();
    await expect(place.keep(head(2))).rejects.toMatchObject({ code: 'audit.unkept' });
  });
});

test('a line that somebody else wrote, or that was cut off by a death, is counted and spoils no other', async () => {
  const path = join(folder, 'heads.jsonl');
  const place = only({ kind: 'file', path });
  await place.keep(head(1));
  await appendFile(path, '{"body":{"schema":"anneal/audit-he');
  await place.keep(head(2));
  expect(await place.heads()).toEqual({ heads: [head(1), head(2)], strange: 1 });
});

test('a wrong token is told without the address’s path, and a redirect is not followed', async () => {
  const place = only({ kind: 'https', url: server.url, token: 'another token of tests', answers: true });
  const failure = await place.keep(head(1)).catch((thrown: Error) => thrown.message);
  expect(failure).toBe(`${new URL(server.url).origin}: it answered 401`);
  server.status = 302;
  await expect(KINDS.https!().heads()).rejects.toMatchObject({ code: 'audit.unkept' });
  expect(server.lines).toEqual([]);
});

test('a server that only takes shows none', async () => {
  const place = only({ kind: 'https', url: server.url, token: TOKEN, answers: false });
  await place.keep(head(1));
  expect([await place.heads(), server.lines.length]).toEqual([undefined, 1]);
});

test('a branch is only ever added to: each head is a commit upon the one before', async () => {
  const place = KINDS.git!();
  for (const number of [1, 2]) await place.keep(head(number));
  const log = execFileSync('git', ['-C', repository, 'log', '--format=%s', 'audit-heads'], { encoding: 'utf8' });
  expect(log.trim().split('\n')).toEqual(['Head 2 of the audit log', 'Head 1 of the audit log']);
  await writeFile(join(repository, 'hooks', 'pre-receive'), '#!/bin/sh\nexit 1\n');
  await chmod(join(repository, 'hooks', 'pre-receive'), 0o755);
  await expect(place.keep(head(3))).rejects.toMatchObject({ code: 'audit.unkept' });
  expect(await numbers(place)).toEqual([1, 2]);
});

test('the file is read, and everything that is wrong with it is told without its values', async () => {
  const file = join(folder, 'audit-heads.yaml');
  await writeFile(
    file,
    'apiVersion: anneal/v1\nkind: AuditHeads\nplaces: [{ kind: file, path: /mnt/a }, { kind: git, repository: /srv/a.git }]\n',
  );
  expect((await readAuditHeads(file)).places).toMatchObject([{ kind: 'file' }, { kind: 'git', branch: 'audit-heads' }]);
  await writeFile(
    file,
    'apiVersion: anneal/v1\nkind: AuditHeads\nplaces: [{ kind: https, url: "http://example.org/", token: hush }, { kind: file, path: a }]\n',
  );
  const failure = await readAuditHeads(file).catch((thrown: unknown) => thrown);
  expect(failure).toMatchObject({ code: 'audit.heads_invalid' });
  expect((failure as { problems: { path: string }[] }).problems.map(({ path }) => path)).toEqual([
    'places.0.url',
    'places.0.token',
    'places.1.path',
  ]);
  expect(JSON.stringify(failure)).not.toContain('hush');
  expect(await readFile(file, 'utf8')).toContain('hush');
});
