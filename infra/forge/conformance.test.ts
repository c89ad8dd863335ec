// What every adapter of the port `Forge` keeps to, against a *scripted* forge that speaks its interface, over HTTP, with a real git behind it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ChangeId, type CommitId, commitId } from '../../contracts/change.ts';
import { changeBranch, changeMark, type Forge, forgeSpec } from '../../contracts/forge.ts';
import { aChange, type BareRepository, bareRepository } from '../../tests/support/bare-repository.ts';
import { type Fault, forgeAt, type ScriptedForge, startScriptedForge } from '../../tests/support/scripted-forge.ts';
import { openForge } from './open.ts';

describe.each(['github', 'gitlab'] as const)('%s', (kind) => {
  let repository: BareRepository;
  let forge: ScriptedForge;
  let api: Forge;
  let tip: CommitId;
  const change: ChangeId = aChange();
  const branch = changeBranch(change);
  const token = (): string => join(repository.root, 'token');
  const open = () => api.open({ change, branch, onto: 'main', title: 'Mend it', text: 'So.' });
  const times = { pauseMs: 5, timeoutMs: 1_500, mostWaitMs: 2_500 };

  beforeEach(async () => {
    repository = bareRepository();
    forge = await startScriptedForge(kind, { folder: repository.path });
    writeFileSync(token(), `${forge.state.token}\n`);
    api = openForge(forgeSpec.parse(forgeAt(kind, forge, token())), times).api;
    repository.commit('More', { 'b.py': 'b\n' });
    tip = commitId.parse(repository.origin('rev-parse', 'main').trim());
    repository.origin('branch', branch, tip);
  });
  afterEach(async () => {
    await forge.close();
    repository.remove();
  });

  const made = (): string[] => forge.calls.filter((call) => /^POST .*\/(pulls|merge_requests)$/.test(call));

  test('opens a request once, and finds it again, open or closed', async () => {
    const first = await open();
    expect(first).toMatchObject({ state: 'open', head: tip, author: 'anneal-bot' });
    expect(await open()).toEqual(first);
    expect(forge.state.requests).toHaveLength(1);
    expect(forge.state.requests[0]).toMatchObject({ title: 'Mend it', branch, onto: 'main' });
    expect(forge.state.requests[0]!.body).toContain(changeMark(change));
    expect(await api.close(first.number)).toEqual({ ...first, state: 'closed' });
    expect(await open()).toMatchObject({ number: first.number, state: 'closed' });
    // Closed again it stays as it is, and so does what is merged.
    const from = forge.calls.length;
    await api.close(first.number);
    forge.state.requests[0]!.state = 'merged';
    expect(await api.close(first.number)).toMatchObject({ state: 'merged' });
    expect(forge.calls.slice(from).every((call) => call.startsWith('GET'))).toBe(true);
  });

  test('takes no request of a fork or of somebody else for its own', async () => {
    const foreign = {
      number: 900,
      branch,
      onto: 'main',
      title: 'Mine',
      state: 'open' as const,
      head: tip,
      author: 'stranger',
    };
    forge.state.requests.push({ ...foreign, body: changeMark(change), fork: true, comments: [], reviews: [] });
    expect((await open()).number).not.toBe(900);
    forge.state.requests.splice(0);
    forge.state.requests.push({ ...foreign, body: 'Not that change', comments: [], reviews: [] });
    await expect(open()).rejects.toMatchObject({ code: 'forge.rejected' });
    expect(forge.state.requests).toHaveLength(1);
  });

  describe('a call that fails is made again, and nothing is made twice', () => {
    const POST = /^POST .*\/(pulls|merge_requests)$/;
    test.each<[string, Omit<Fault, 'times'>, number]>([
      ['an error before it', { on: POST, what: 'error' }, 2],
      ['a break before it', { on: POST, what: 'reset-before' }, 2],
      ['its answer is lost', { on: POST, what: 'reset-after' }, 1],
      ['an error after it', { on: POST, what: 'error-after' }, 1],
      ['a limit', { on: POST, what: 'limit' }, 2],
      ['a limit that looks like a ban', { on: POST, what: 'limit-forbidden' }, 2],
      ['it is slow', { on: POST, what: 'slow' }, 1],
      ['the look fails', { on: /^GET .*\/(pulls|merge_requests)$/, what: 'error' }, 1],
      ['the look answers garbage', { on: /^GET .*\/(pulls|merge_requests)$/, what: 'garbage' }, 1],
    ])('%s', async (_, fault, posts) => {
      forge.faults.push({ ...fault });
      expect(await open()).toMatchObject({ state: 'open' });
      expect(forge.state.requests).toHaveLength(1);
      expect(made().length).toBeGreaterThanOrEqual(posts);
    });

    test('a list that does not show yet what was made', async () => {
      forge.faults.push(
        { on: POST, what: 'reset-after' },
        { on: /^GET .*\/(pulls|merge_requests)$/, what: 'empty-list', times: 2 },
      );
      expect(await open()).toMatchObject({ state: 'open' });
      expect(forge.state.requests).toHaveLength(1);
    });

    test('comments and checks', async () => {
      const { number } = await open();
      const say = () => api.comment({ number, what: `landed-${change}`, text: 'It has landed.' });
      const check = (state: 'pending' | 'passed' | 'failed') =>
        api.check({ commit: tip, name: 'anneal/tests', state, says: 'x'.repeat(300) });
      const NOTE = /^POST .*(comments|notes|statuses\/\w+)$/;
      forge.faults.push({ on: NOTE, what: 'reset-after' });
      await say();
      await say();
      forge.faults.push({ on: NOTE, what: 'error-after' });
      await check('pending');
      await check('passed');
      await check('passed');
      expect(forge.state.requests[0]!.comments).toHaveLength(1);
      expect(forge.state.statuses.map(({ state }) => state)).toEqual(['pending', 'success']);
      expect(forge.state.statuses[0]!.says.length).toBeLessThanOrEqual(140);
      // Whoever writes our mark into a comment does not keep ours away.
      forge.state.requests[0]!.comments.splice(0, 1, { body: `<!-- anneal: landed-${change} -->`, author: 'stranger' });
      await say();
      expect(forge.state.requests[0]!.comments).toHaveLength(2);
    });
  });

  test('reads all pages, however small, and what was reviewed', async () => {
    const { number } = await open();
    const [one] = forge.state.requests;
    for (let n = 0; n < 25; n += 1) one!.comments.push({ body: `remark ${n}`, author: 'somebody' });
    one!.comments.push({ body: '<!-- anneal: told -->', author: 'anneal-bot' });
    forge.state.pageSize = 4;
    await api.comment({ number, what: 'told', text: 'Once.' });
    expect(one!.comments).toHaveLength(26);
    const issue = (n: number) => ({
      ...{
        number: n,
        title: `T ${n}`,
        body: n % 2 ? null : 'text',
        author: 'somebody',
        labels: n % 3 ? ['anneal'] : [],
      },
      updatedAt: `2031-01-${String(n + 1).padStart(2, '0')}T00:00:00Z`,
    });
    forge.state.issues.push(...Array.from({ length: 20 }, (_, n) => issue(n)).reverse());
    const all = await Array.fromAsync(api.issues({}));
    expect(all.map((found) => found.number)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(all[1]).toMatchObject({ title: 'T 1', text: '', author: 'somebody', labels: ['anneal'] });
    expect(
      (await Array.fromAsync(api.issues({ since: '2031-01-10T00:00:00Z', labels: ['anneal'] }))).map(
        (found) => found.number,
      ),
    ).toEqual([10, 11, 13, 14, 16, 17, 19]);
    one!.reviews.push(
      { by: 'ada', said: 'approved' },
      { by: 'bob', said: 'changes-requested' },
      { by: 'cyd', said: 'commented' },
    );
    const reviews = await api.reviews(number);
    expect(reviews.toSorted((a, b) => (a.by < b.by ? -1 : 1))).toEqual([
      { by: 'ada', said: 'approved' },
      { by: 'bob', said: 'changes-requested' },
      { by: 'cyd', said: 'commented' },
    ]);
  });

  test('says one thing at an issue once, whatever befalls the call, and whoever has seen how it marks', async () => {
    const issue = { number: 7, title: 'T', body: null, author: 'a', labels: [], updatedAt: '2031-01-01T00:00:00Z' };
    const comments: { body: string; author: string }[] = [];
    forge.state.issues.push({ ...issue, comments });
    const POST = /^POST .*\/issues\/7\/(comments|notes)$/;
    for (const [at, what] of (
      ['reset-after', 'error-after', 'error', 'reset-before', 'limit', 'slow'] as const
    ).entries()) {
      forge.faults.push({ on: POST, what });
      const say = () => api.commentIssue({ number: 7, mark: `<!-- anneal: end-${at} -->`, text: 'It is over.' });
      await say();
      await say();
      expect(comments, what).toHaveLength(at + 1);
    }
    expect(await api.issueState(7)).toBe('open');
    forge.state.issues[0]!.closed = true;
    expect(await api.issueState(7)).toBe('closed');
    expect(await Array.fromAsync(api.issues({}))).toEqual([]);
    await expect(api.commentIssue({ number: 8, mark: '-', text: '-' })).rejects.toMatchObject({
      code: 'forge.not_found',
    });
  });

  test('issues as large as anybody can write them are read all the same, and only as far as somebody asks', async () => {
    const large = 'x'.repeat(900_000);
    forge.state.issues.push(
      ...Array.from({ length: 45 }, (_, n) => ({
        ...{ number: n + 1, title: `T ${n}`, body: n > 10 && n < 25 ? large : 'small', author: 'a', labels: [] },
        updatedAt: `2031-01-01T00:00:${String(n).padStart(2, '0')}Z`,
      })),
    );
    const read = (await Array.fromAsync(api.issues({}))).map(({ number }) => number);
    expect(read).toEqual(Array.from({ length: 45 }, (_, n) => n + 1));
    forge.state.pageSize = 4;
    forge.calls.length = 0;
    for await (const _ of api.issues({})) break;
    expect(forge.calls).toHaveLength(1);
  });

  test.each<[string, () => void, string, RegExp]>([
    ['a wrong token', () => writeFileSync(token(), 'another-token'), 'forge.unauthorised', /401/],
    ['no token', () => writeFileSync(token(), '\n'), 'forge.unauthorised', /no token/],
    [
      'a right that is missing',
      () => forge.faults.push({ on: /./, what: 'denied' }),
      'forge.unauthorised',
      /403: Resource/,
    ],
    [
      'a project that is not there',
      () => Object.assign(forge.state, { project: 'team/renamed' }),
      'forge.not_found',
      /404/,
    ],
    ['a branch that is not there', () => repository.origin('branch', '-D', branch), 'forge.rejected', /4(00|22)/],
    [
      'another address',
      () => forge.faults.push({ on: /./, what: 'redirect', times: 9 }),
      'forge.rejected',
      /not followed/,
    ],
    [
      'a proxy’s page, always',
      () => forge.faults.push({ on: /./, what: 'garbage', times: 99 }),
      'forge.unavailable',
      /no JSON/,
    ],
    ['errors, always', () => forge.faults.push({ on: /./, what: 'error', times: 99 }), 'forge.unavailable', /502/],
    ['limits, always', () => forge.faults.push({ on: /./, what: 'limit', times: 99 }), 'forge.unavailable', /429/],
  ])('says what is wrong: %s', async (_, plant, code, why) => {
    plant();
    const failure = await open().then(
      () => undefined,
      (error: unknown) => error as Error,
    );
    expect(failure).toMatchObject({ code, message: expect.stringMatching(why) });
    expect(String(failure?.message)).not.toContain(forge.state.token);
    expect(forge.state.requests).toHaveLength(0);
  });
});

test('a forge is not asked in the clear, and no address holds a password', () => {
  const good = { kind: 'github', url: 'https://forge.example', project: 'team/trainer', token: { env: 'FORGE_TOKEN' } };
  expect(forgeSpec.safeParse(good).success).toBe(true);
  for (const bad of [
    { url: 'http://forge.example' },
    { url: 'https://me:secret@forge.example' },
    { git: 'ssh://git@forge.example/team/trainer.git' },
    { git: 'ext::sh -c true' },
    { git: 'file:///srv/git' },
    { project: '../../admin' },
    { project: 'trainer' },
    { project: 'team/trainer?x=1' },
    { token: 'in the file' },
  ])
    expect(forgeSpec.safeParse({ ...good, ...bad }).success, JSON.stringify(bad)).toBe(false);
});
