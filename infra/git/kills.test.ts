// Several that land at once, and landers that are killed: one winner, at most one landing, nothing left that would hold others up.
import { spawn } from 'node:child_process';
import { readdirSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChangeId, CommitId } from '../../contracts/change.ts';
import type { MergeRepository } from '../../contracts/merge.ts';
import { aChange, type BareRepository, bareRepository, message } from '../../tests/support/bare-repository.ts';
import { openMergeRepository } from './changes.ts';

const LANDER = fileURLToPath(new URL('lander.fixture.ts', import.meta.url));
const MOMENTS = Number(process.env.ANNEAL_MERGE_KILLS ?? 24);
let repository: BareRepository;
let open: MergeRepository;
let base: CommitId;

beforeEach(async () => {
  repository = bareRepository();
  open = await openMergeRepository(repository.path, 'main');
  base = await open.tip();
});
afterEach(() => repository.remove());

const write = async (on: CommitId, change: ChangeId, body = ''): Promise<CommitId> => {
  const edit = { bytes: Buffer.from(`${change}${body}`) };
  return (await open.commitEdits(on, new Map([[`${change}.py`, edit]]), message({ change }))).commit;
};
const commitsSince = (before: CommitId): number =>
  Number(repository.origin('rev-list', '--count', `${before}..main`).trim());

const locks = (): string[] =>
  readdirSync(repository.path, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.lock'));
const isOurs = /^anneal-merge\.(\d+)-/;
const workrooms = (pids: readonly number[]): string[] =>
  readdirSync(tmpdir()).filter((name) => pids.includes(Number(isOurs.exec(name)?.[1])));

interface Ended {
  readonly signal: string | null;
  readonly landed:
    | { readonly how: string; readonly commit: string; readonly runs: number; readonly ms: number }
    | undefined;
}
interface Lander {
  readonly pid: number;
  readonly opened: Promise<void>;
  readonly end: Promise<Ended>;
}

/** In a process group of its own, so that its git dies with it. */
function lander(commit: CommitId, of: ChangeId, ...dying: string[]): Lander {
  const args = [LANDER, repository.path, commit, of, ...dying];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  let out = '';
  const begun = Promise.withResolvers<void>();
  child.stdout.on('data', (some) => {
    out += some;
    begun.resolve();
  });
  const end = new Promise<Ended>((done) =>
    child.on('close', (_, signal) => {
      begun.resolve();
      const told = out.split('\n')[1];
      done({ signal, landed: told ? JSON.parse(told) : undefined });
    }),
  );
  return { pid: child.pid!, opened: begun.promise, end };
}

describe('of eight at once', () => {
  it('one wins, and the others are told; of the same change by eight, one lands, and all are told which', async () => {
    const changes = Array.from({ length: 8 }, (_, at) => aChange(at + 1));
    const commits = await Promise.all(changes.map((change) => write(base, change)));
    const ends = await Promise.all(commits.map((commit, at) => lander(commit, changes[at]!).end));
    expect(ends.map(({ landed }) => landed?.how).sort()).toEqual(['landed', ...Array(7).fill('moved')]);
    expect(commitsSince(base)).toBe(1);
    const tip = await open.tip();
    const same = await Promise.all(changes.map((_, at) => write(tip, aChange(99), String(at))));
    const told = (await Promise.all(same.map((commit) => lander(commit, aChange(99)).end))).map(({ landed }) => landed);
    expect(told.map((one) => one?.how).sort()).toEqual([...Array(7).fill('already'), 'landed']);
    expect(new Set(told.map((one) => one?.commit)).size).toBe(1);
    expect(commitsSince(base)).toBe(2);
    expect(locks()).toEqual([]);
  }, 120_000);
});

describe('SIGKILL', () => {
  /** Before or after, never between; and whoever comes next puts it right. */
  async function isWhole(commit: CommitId, of: ChangeId, before: CommitId): Promise<'before' | 'after'> {
    const tip = await open.tip();
    expect([before, commit]).toContain(tip);
    for (const name of locks()) utimesSync(join(repository.path, name), 1, 1);
    // Whoever opens it takes away what is dead; `land` does as well, for whoever had it open.
    expect(await open.land(commit, of)).toEqual({ how: tip === before ? 'landed' : 'already', commit });
    expect(commitsSince(before)).toBe(1);
    expect(locks()).toEqual([]);
    return tip === before ? 'before' : 'after';
  }

  it('at every run of git, before it and after it', async () => {
    let tip = await write(base, aChange(1));
    const { landed } = await lander(tip, aChange(1)).end;
    const seen: string[] = [];
    for (let nth = 1; nth <= landed!.runs; nth += 1)
      for (const when of ['before', 'after']) {
        const change = aChange(1_000 * nth + when.length);
        const commit = await write(tip, change);
        const { signal } = await lander(commit, change, String(nth), when).end;
        expect(signal).toBe('SIGKILL');
        seen.push(await isWhole(commit, change, tip));
        tip = commit;
      }
    // Killed before its last run of git or after that: the branch stands before it, or after it.
    expect(seen.slice(-2)).toEqual(['before', 'after']);
    expect(new Set(seen.slice(0, -1))).toEqual(new Set(['before']));
    repository.origin('fsck', '--strict');
  }, 300_000);

  it(`of all its processes at ${MOMENTS} moments of landing`, async () => {
    let tip = await write(base, aChange(1));
    const { landed } = await lander(tip, aChange(1)).end;
    const seen: string[] = [];
    const pids: number[] = [];
    for (let at = 0; at < MOMENTS; at += 1) {
      const commit = await write(tip, aChange(at + 2));
      const { pid, opened, end } = lander(commit, aChange(at + 2));
      pids.push(pid);
      await opened;
      // Far beyond the time that it took, since a busy machine takes longer.
      await new Promise((done) => setTimeout(done, landed!.ms * 4 * (at / MOMENTS) ** 2));
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
      await end;
      seen.push(await isWhole(commit, aChange(at + 2), tip));
      tip = commit;
    }
    expect(new Set(seen).size).toBe(2);
    expect(workrooms(pids)).toEqual([]);
    repository.origin('fsck', '--strict');
  }, 300_000);

  it('while a commit is made: what it worked in is gone when the next one opens the repository', async () => {
    const script = `const { openMergeRepository } = await import(${JSON.stringify(import.meta.resolve('./changes.ts'))});
      const open = await openMergeRepository(${JSON.stringify(repository.path)}, 'main');
      const edits = new Map(Array.from({ length: 2_000 }, (_, at) => ['f' + at, { bytes: Buffer.from('x' + at) }]));
      process.stdout.write('go');
      await open.commitEdits(await open.tip(), edits, { title: 'Many', body: '', at: '2031-01-01T00:00:00Z' });`;
    const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio, detached: true });
    const closed = new Promise((done) => child.on('close', done));
    await new Promise((done) => child.stdout.once('data', done));
    await expect.poll(() => workrooms([child.pid!])).toHaveLength(1);
    process.kill(-child.pid!, 'SIGKILL');
    await closed;
    expect(workrooms([child.pid!])).toHaveLength(1);
    await openMergeRepository(repository.path, 'main');
    expect(workrooms([child.pid!])).toEqual([]);
    expect(await open.tip()).toBe(base);
  }, 60_000);
});
