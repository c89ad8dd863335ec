// A branch that follows a forge's, over real HTTP with a real git behind a *scripted* forge: what lands is pushed there first, by lease, and whatever
// breaks between leaves one landing or none.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ChangeId, type CommitId, changeId } from '../../contracts/change.ts';
import { changeBranch, forgeSpec } from '../../contracts/forge.ts';
import type { MergeRepository } from '../../contracts/merge.ts';
import {
  aChange,
  type BareRepository,
  bareRepository,
  gitAt,
  message,
  spy,
} from '../../tests/support/bare-repository.ts';
import { type Fault, forgeAt, type ScriptedForge, startScriptedForge } from '../../tests/support/scripted-forge.ts';
import { openForge } from '../forge/open.ts';
import { openMergeRepository } from './changes.ts';

vi.setConfig({ testTimeout: 60_000 });

/** `origin.git` is the forge's; `mirror.git` is what the worker has. */
let repository: BareRepository;
let forge: ScriptedForge;
let mirror: string;
let open: MergeRepository;
let base: CommitId;
const change: ChangeId = aChange();

const remote = () => openForge(forgeSpec.parse(forgeAt('github', forge, join(repository.root, 'token')))).remote;
const reopen = () => openMergeRepository(mirror, 'main', remote());
const there = (ref = 'main'): string => repository.origin('rev-parse', '--verify', ref).trim();
const here = (): string => gitAt(mirror, 'rev-parse', 'main').trim();
const write = async (on: CommitId, path: string, id = change): Promise<CommitId> =>
  (await open.commitEdits(on, new Map([[path, { bytes: Buffer.from(`${path}\n`) }]]), message({ change: id }))).commit;
const PUSH = /^POST .*git-receive-pack/;

beforeEach(async () => {
  repository = bareRepository();
  mirror = join(repository.root, 'mirror.git');
  gitAt(repository.root, 'clone', '-q', '--bare', repository.path, mirror);
  forge = await startScriptedForge('github', { folder: repository.path });
  writeFileSync(join(repository.root, 'token'), forge.state.token);
  open = await reopen();
  base = await open.tip();
});
afterEach(async () => {
  await forge.close();
  repository.remove();
});

test('what somebody pushed to the forge is here before anything is made upon it', async () => {
  const moved = repository.commit('More', { 'b.py': 'b\n' });
  expect(here()).toBe(base);
  expect(await open.tip()).toBe(moved);
  expect(here()).toBe(moved);
  expect([...(await open.snapshot(moved)).keys()]).toContain('b.py');
  // No name of the forge's other branches or tags came along, and none of its pieces is left elsewhere.
  expect(gitAt(mirror, 'for-each-ref', '--format=%(refname)').trim()).toBe('refs/heads/main');
});

test('lands at the forge and here, with its tag, once', async () => {
  const commit = await write(base, 'c.py');
  await open.offer(commit, change);
  expect(there(changeBranch(change))).toBe(commit);
  expect(there()).toBe(base);
  expect(await open.land(commit, change)).toEqual({ how: 'landed', commit });
  expect([there(), here()]).toEqual([commit, commit]);
  await open.tag('anneal/one', commit);
  await open.tag('anneal/one', commit);
  expect(there('refs/tags/anneal/one')).toBe(commit);
  expect(await open.land(commit, change)).toEqual({ how: 'already', commit });
  expect(await (await reopen()).landed(change)).toBe(commit);
  await open.withdraw(change);
  await open.withdraw(change);
  expect(repository.origin('branch', '--list').trim()).toBe('* main');
});

test('whoever pushes in between is seen: it is made again upon theirs', async () => {
  const commit = await write(base, 'c.py');
  const moved = repository.commit('Quicker', { 'b.py': 'b\n' });
  expect(await open.land(commit, change)).toEqual({ how: 'moved', tip: moved });
  // Between the look and the push, which only the lease sees.
  const next = await write(moved, 'c.py');
  await open.offer(next, change);
  let late = base;
  const does = (): void => {
    late = repository.commit('Quicker still', { 'd.py': 'd\n' });
  };
  // The branch of the change stands there already, so that the next push is the branch's own.
  forge.faults.push({ on: PUSH, what: 'nothing', does, times: 1 });
  expect(await open.land(next, change)).toEqual({ how: 'moved', tip: late });
  expect(there()).toBe(late);
  expect(here()).toBe(there());
});

describe('a push that breaks', () => {
  test.each<[string, Fault[], 'landed' | 'already']>([
    ['before it begins', [{ on: PUSH, what: 'error' }], 'landed'],
    ['by a closed line', [{ on: PUSH, what: 'reset-before' }], 'landed'],
    ['and the branch has moved', [{ on: PUSH, what: 'reset-after', times: 2 }], 'already'],
    ['by an error after it', [{ on: PUSH, what: 'error-after', times: 2 }], 'already'],
  ])('%s', async (_, faults, how) => {
    const commit = await write(base, 'c.py');
    forge.faults.push(...faults);
    const first = await open.land(commit, change).then(
      (landed) => landed.how,
      (failure: { code?: string }) => failure.code,
    );
    expect(['landed', 'forge.unavailable']).toContain(first);
    const again = await (await reopen()).land(commit, change);
    expect(again).toMatchObject({ commit });
    if (first !== 'landed') expect(['landed', 'already']).toContain(again.how);
    expect([there(), here()]).toEqual([commit, commit]);
    expect(repository.origin('rev-list', '--count', 'main').trim()).toBe('2');
    expect(how).toBeDefined();
  });

  test('a worker that dies after the push, before the branch here has moved', async () => {
    const commit = await write(base, 'c.py');
    gitAt(mirror, 'push', '-q', repository.path, `${commit}:refs/heads/main`);
    expect(here()).toBe(base);
    const other = await reopen();
    expect(await other.landed(change)).toBe(commit);
    expect(await other.land(commit, change)).toEqual({ how: 'already', commit });
    expect(here()).toBe(commit);
  });

  test('a rule of the forge that refuses it', async () => {
    const hook = join(repository.path, 'hooks', 'pre-receive');
    writeFileSync(
      hook,
      '#!/bin/sh\nwhile read old new ref; do [ "$ref" = refs/heads/main ] && { echo "GH006: Protected branch" >&2; exit 1; }; done\nexit 0\n',
    );
    chmodSync(hook, 0o755);
    const commit = await write(base, 'c.py');
    await expect(open.land(commit, change)).rejects.toMatchObject({
      code: 'forge.rejected',
      message: expect.stringContaining('GH006'),
    });
    expect([there(), here()]).toEqual([base, base]);
  });
});

test('a repository here that went another way, a branch that somebody set back, and one that is gone are told', async () => {
  const own = gitAt(mirror, 'commit-tree', '-p', base, '-m', 'Own', `${base}^{tree}`).trim();
  gitAt(mirror, 'update-ref', 'refs/heads/main', own);
  await expect(open.tip()).rejects.toMatchObject({ code: 'forge.diverged' });
  repository.commit('Elsewhere', { 'b.py': 'b\n' });
  await expect(open.tip()).rejects.toMatchObject({ code: 'forge.diverged' });
  expect(here()).toBe(own);
  repository.origin('update-ref', '-d', 'refs/heads/main');
  await expect(open.tip()).rejects.toMatchObject({ code: 'forge.not_found' });
});

test('a branch of a change that somebody else pushed to is left as it is, and keeps nothing from landing', async () => {
  const commit = await write(base, 'c.py');
  await open.offer(commit, change);
  const theirs = gitAt(repository.path, 'commit-tree', '-p', commit, '-m', 'Theirs', `${commit}^{tree}`).trim();
  repository.origin('update-ref', `refs/heads/${changeBranch(change)}`, theirs);
  await expect(open.offer(commit, change)).rejects.toMatchObject({ code: 'forge.rejected' });
  expect(await open.land(commit, change)).toMatchObject({ how: 'landed' });
  await open.withdraw(change);
  expect(there(changeBranch(change))).toBe(theirs);
});

test('a tag that stands elsewhere at the forge is told', async () => {
  const commit = await write(base, 'c.py');
  await open.land(commit, change);
  repository.origin('tag', 'anneal/one', base);
  await expect(open.tag('anneal/one', commit)).rejects.toMatchObject({ code: 'merge.tag_taken' });
});

describe('the token', () => {
  test('stands in no argument of a process, no object, no message; a wrong one is told', async () => {
    const commit = await write(base, 'c.py');
    const basic = Buffer.from(`x-access-token:${forge.state.token}`).toString('base64');
    const seen: string[] = [];
    const looking = setInterval(() => {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        try {
          seen.push(readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        } catch {
          // It has ended.
        }
    }, 5);
    await open.land(commit, change);
    clearInterval(looking);
    expect(seen.some((line) => line.includes('push') && line.includes('--force-with-lease'))).toBe(true);
    expect(seen.filter((line) => line.includes(forge.state.token) || line.includes(basic))).toEqual([]);
    const kept = spawnSync('grep', ['-rlF', '-e', forge.state.token, '-e', basic, mirror], { encoding: 'utf8' });
    expect([kept.status, kept.stdout]).toEqual([1, '']);
  });

  test('that is refused', async () => {
    writeFileSync(join(repository.root, 'token'), 'another-token-0123456789');
    const failure = await open.tip().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'forge.unauthorised' });
    expect(String(failure)).not.toContain('another-token');
    rmSync(join(repository.root, 'token'));
    await expect(open.tip()).rejects.toMatchObject({ code: 'forge.unauthorised' });
  });
});

test('settings of the repository here send it nowhere else, and run nothing', async () => {
  const { program, mark } = spy(repository.root);
  const config = (name: string, value: string): string => gitAt(mirror, 'config', name, value);
  for (const name of [
    'core.sshCommand',
    'core.askPass',
    'credential.helper',
    'core.gitProxy',
    'core.fsmonitor',
    'remote.origin.receivepack',
    'push.gpgSign',
  ])
    config(name, program);
  config(`url.http://127.0.0.1:1/.insteadOf`, forge.url);
  config(`url.http://127.0.0.1:1/.pushInsteadOf`, forge.url);
  config('http.proxy', 'http://127.0.0.1:1');
  config('http.extraHeader', 'X-Planted: yes');
  config('protocol.ext.allow', 'always');
  for (const name of ['pre-push', 'reference-transaction', 'post-update']) {
    writeFileSync(join(mirror, 'hooks', name), `#!/bin/sh\n${program}\nexit 1\n`);
    chmodSync(join(mirror, 'hooks', name), 0o755);
  }
  rmSync(mark, { force: true });
  open = await reopen();
  const commit = await write(base, 'c.py');
  expect(await open.land(commit, change)).toEqual({ how: 'landed', commit });
  expect(() => readFileSync(mark)).toThrow();
});

test('a redirect is not followed, so that the token goes nowhere else', async () => {
  const asked: string[] = [];
  const elsewhere = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization ?? ''}`);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
  const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x.git/info/refs?service=git-upload-pack`;
  forge.faults.push({ on: /info\/refs/, what: 'redirect', to, times: 9 });
  await expect(open.tip()).rejects.toMatchObject({ code: expect.stringMatching(/^forge\.(rejected|unavailable)$/) });
  expect(asked).toEqual([]);
  await new Promise((resolve) => elsewhere.close(resolve));
});

test('words of a message that a forge acts on are tamed', async () => {
  const body = 'Fixes #12, closes: https://forge.example/x/1, cc @admin [skip ci] !7 GH-3';
  const { commit } = await open.commitEdits(
    base,
    new Map([['x.py', { bytes: Buffer.from('x') }]]),
    message({ change, title: 'Closes #1 @all', body }),
  );
  const said = gitAt(mirror, 'log', '-1', '--format=%B', commit);
  expect(said).not.toMatch(/#\d|@\w|!\d|GH-\d|\[skip ci\]|closes:? https/i);
  expect(said).toContain(`Anneal-Change: ${change}`);
});

test('SIGKILL before and after runs of git: landed at the forge or not, and whoever comes next lands it once', {
  timeout: 600_000,
}, async () => {
  const LANDER = join(import.meta.dirname, 'lander.fixture.ts');
  const settings = JSON.stringify(forgeAt('github', forge, join(repository.root, 'token')));
  const lander = (commit: string, id: string, ...dying: string[]): Promise<{ signal: string | null; out: string }> =>
    new Promise((done) => {
      const child = spawn(process.execPath, [LANDER, mirror, commit, id, ...dying], {
        ...{ stdio: ['ignore', 'pipe', 'inherit'], detached: true },
        env: { ...process.env, ANNEAL_LANDER_FORGE: settings },
      });
      let out = '';
      child.stdout?.on('data', (some) => {
        out += String(some);
      });
      child.on('close', (_, signal) => done({ signal, out }));
    });
  let from = await open.tip();
  const first = await write(from, 'first.py', aChange(1));
  const { out } = await lander(first, aChange(1));
  const { runs } = JSON.parse(out.split('\n')[1]!) as { runs: number };
  from = first;
  expect(runs).toBeGreaterThan(10);
  const seen = new Set<string>();
  // Each of the last, where the pushes and the moves are; of those before, which only read, a few.
  const chosen = Array.from({ length: runs }, (_, at) => at + 1).filter((nth) => nth > runs - 10 || nth % 5 === 0);
  for (const nth of chosen)
    for (const when of ['before', 'after']) {
      const id = changeId.parse(createHash('sha256').update(`${nth} ${when}`).digest('hex'));
      const commit = await write(from, `n${nth}-${when}.py`, id);
      const { signal } = await lander(commit, id, String(nth), when);
      expect(signal).toBe('SIGKILL');
      const [far, near] = [there(), here()];
      expect([from, commit]).toContain(far);
      // Never here without being there.
      if (near === commit) expect(far).toBe(commit);
      seen.add(`${far === commit ? 'there' : '-'} ${near === commit ? 'here' : '-'}`);
      for (const lock of readdirSync(mirror, { recursive: true })
        .map(String)
        .filter((name) => name.endsWith('.lock')))
        utimesSync(join(mirror, lock), 1, 1);
      const landed = await (await reopen()).land(commit, id);
      expect(landed).toEqual({ how: far === commit ? 'already' : 'landed', commit });
      expect([there(), here()]).toEqual([commit, commit]);
      from = commit;
    }
  expect(Number(repository.origin('rev-list', '--count', 'main').trim())).toBe(2 + 2 * chosen.length);
  expect([...seen].sort()).toEqual(['- -', 'there -', 'there here']);
});
