// What an attacker changes on the way between browser, console and a real provider.
import { describe, expect, it } from 'vitest';
import type { Answer } from '../../tests/support/cookie-client.ts';
import { createCookieClient } from '../../tests/support/cookie-client.ts';
import { startOidcServer } from '../../tests/support/oidc-server.ts';
import { CLIENT_SECRET, csrfOf, isCallback, useSignInStage } from '../../tests/support/sign-in-stage.ts';

const stage = useSignInStage();
describe('an attacker on the way', () => {
  it('with another state, with none, or in another browser gets nowhere, and no code is spent', async () => {
    const { location } = await stage.beforeCallback();
    const changed = new URL(location!);
    changed.searchParams.set('state', 'x'.repeat(43));
    stage.expectRefused(await stage.browser.send(changed), 'sign_in.refused');
    changed.searchParams.delete('state');
    stage.expectRefused(await stage.browser.send(changed), 'sign_in.refused');
    const victim = createCookieClient();
    const theirs = await victim.send(location!);
    expect([theirs.status, victim.cookies.get('127.0.0.1')?.size]).toEqual([403, 0]);
    // In the browser that began it, it goes on.
    expect(stage.asked('/token')).toBe(0);
    expect((await stage.browser.follow(location!)).text).toContain('ada approver');
  });

  it('with a cookie of another sign-in, or one that was made up', async () => {
    const first = await stage.beforeCallback();
    const [flow] = [...stage.jar().keys()].filter((name) => name.includes('-flow-'));
    const kept = stage.jar().get(flow!)!;
    const other = createCookieClient();
    const theirs = await other.follow(stage.origin, isCallback);
    const [theirFlow] = [...other.cookies.get('127.0.0.1')!.keys()].filter((name) => name.includes('-flow-'));
    stage.jar().set(theirFlow!, kept);
    stage.expectRefused(await stage.browser.send(theirs.location!), 'sign_in.refused');
    const flipped = Buffer.from(kept, 'base64url');
    flipped[40] = flipped[40]! ^ 1;
    for (const sealed of [flipped.toString('base64url'), 'AAAA', '']) {
      stage.jar().set(flow!, sealed);
      stage.expectRefused(await stage.browser.send(first.location!), 'sign_in.refused');
    }
  });

  it('with another nonce: an id token that answers another question', async () => {
    const begun = new URL((await stage.browser.send(`${stage.origin}/sign-in`)).location!);
    begun.searchParams.set('nonce', 'n'.repeat(43));
    const answer = await stage.browser.follow(begun);
    stage.expectRefused(answer, 'sign_in.refused');
    expect(stage.asked('/token')).toBe(1);
  });

  it('with another challenge: a code that was asked for elsewhere', async () => {
    const begun = new URL((await stage.browser.send(`${stage.origin}/sign-in`)).location!);
    begun.searchParams.set('code_challenge', 'c'.repeat(43));
    stage.expectRefused(await stage.browser.follow(begun), 'sign_in.refused');
    expect(stage.reported.at(-1)?.message).toContain('invalid_grant');
  });

  it('who plays a code again: it is refused, and the provider takes back what it gave', async () => {
    const { location } = await stage.beforeCallback();
    const cookies = new Map(stage.jar());
    const page = await stage.browser.follow(location!);
    expect(page.text).toContain('ada approver');
    const thief = createCookieClient();
    thief.cookies.set('127.0.0.1', cookies);
    const again = await thief.send(location!);
    expect(again.status).toBe(403);
    expect(again.text).toContain('sign_in.refused');
    // The provider's rule for a code that comes twice: its tokens end, and so does the session at the next thing that changes anything.
    expect((await stage.post('/do', csrfOf(page))).status).toBe(401);
    expect(stage.console.done).toEqual([]);
  });

  it('who mixes up providers: an answer of another one is not taken to ours', async () => {
    const evil = await startOidcServer({ redirects: [`${stage.origin}/sign-in/callback`], secret: CLIENT_SECRET });
    try {
      evil.people.set('s-ada', { name: 'ada', groups: ['ml-admins'] });
      evil.who = 's-ada';
      const begun = new URL((await stage.browser.send(`${stage.origin}/sign-in`)).location!);
      const mixed = new URL(`${evil.issuer}${begun.pathname}${begun.search}`);
      stage.expectRefused(await stage.browser.follow(mixed), 'sign_in.refused');
      // Nor with the name of the provider left out: ours says that it always tells it.
      const second = new URL((await stage.browser.send(`${stage.origin}/sign-in`)).location!);
      const answer = await stage.browser.follow(`${evil.issuer}${second.pathname}${second.search}`, isCallback);
      const nameless = new URL(answer.location!);
      nameless.searchParams.delete('iss');
      stage.expectRefused(await stage.browser.send(nameless), 'sign_in.refused');
      expect([stage.asked('/token'), evil.asked.get('/token') ?? 0]).toEqual([0, 0]);
    } finally {
      await evil.stop();
    }
  });

  it('who answers too late', async () => {
    const { location } = await stage.beforeCallback();
    stage.ahead = 601_000;
    const late = await stage.browser.send(location!);
    stage.expectRefused(late, 'sign_in.refused');
    expect(late.text).toContain('more than ten minutes');
  });

  it('whose provider says no: the reason is told, and nothing else of the answer', async () => {
    const begun = new URL((await stage.browser.send(`${stage.origin}/sign-in`)).location!);
    const state = begun.searchParams.get('state');
    const answer = await stage.browser.send(
      `${stage.origin}/sign-in/callback?error=access_denied&error_description=%3Cscript%3E&state=${state}&iss=${encodeURIComponent(stage.provider.issuer)}`,
    );
    stage.expectRefused(answer, 'sign_in.refused');
    expect(answer.text).toContain('access_denied');
    expect(answer.text).not.toContain('script');
  });

  it.each([
    ['//evil.example/'],
    ['/\\evil.example'],
    ['/.//evil.example'],
    ['/%2e//evil.example'],
    ['/\t/evil.example'],
    ['https://evil.example/'],
    ['javascript:alert(1)'],
    ['/sign-in/out'],
    ['evil.example'],
  ])('who wants it to end at %j', async (to) => {
    const answer = await stage.browser.follow(`${stage.origin}/sign-in?next=${encodeURIComponent(to)}`);
    expect(new URL(answer.url).origin).toBe(stage.origin);
    expect(answer.text).toContain('ada approver');
  });

  it('who fixes the session beforehand: the cookie changes, and the old one opens nothing', async () => {
    stage.jar().set(stage.sessionCookie(), 'of-the-attacker');
    await stage.browser.follow(stage.origin);
    const first = stage.jar().get(stage.sessionCookie())!;
    expect(first).not.toBe('of-the-attacker');
    await stage.browser.follow(`${stage.origin}/sign-in`);
    expect(stage.jar().get(stage.sessionCookie())).not.toBe(first);
    for (const cookie of ['of-the-attacker', first]) {
      const answer = await stage.browser.send(stage.origin, {
        headers: { cookie: `${stage.sessionCookie()}=${cookie}` },
      });
      expect(answer.status).toBe(303);
    }
  });

  it('who makes up a cookie, or sets a second one', async () => {
    await stage.browser.follow(stage.origin);
    const good = stage.jar().get(stage.sessionCookie())!;
    const flipped = `${good.slice(0, -2)}${good.at(-2) === 'A' ? 'B' : 'A'}${good.at(-1)}`;
    for (const cookie of [flipped, good.slice(1), '', `x; ${stage.sessionCookie()}=${good}`]) {
      const answer = await stage.browser.send(stage.origin, {
        headers: { cookie: `${stage.sessionCookie()}=${cookie}` },
      });
      expect(answer.status, cookie).toBe(303);
    }
  });

  it('who tries and tries is put off, alone', async () => {
    const answers = await Promise.all(
      Array.from({ length: 80 }, () => stage.browser.send(`${stage.origin}/sign-in/callback?state=x`)),
    );
    expect(answers.filter(({ status }) => status === 403).length).toBeGreaterThanOrEqual(60);
    const over = answers.filter(({ status }) => status === 429);
    // It fills again at one a second, and the machine may be slow.
    expect(over.length).toBeGreaterThan(0);
    expect(over[0]!.headers.get('retry-after')).toBe('60');
    stage.ahead = 61_000;
    expect((await stage.browser.send(`${stage.origin}/sign-in/callback?state=x`)).status).toBe(403);
  });

  it('whose page begins a sign-in inside itself', async () => {
    const answer = await stage.browser.send(`${stage.origin}/sign-in`, { headers: { 'sec-fetch-dest': 'image' } });
    stage.expectRefused(answer, 'sign_in.forged');
  });
});
it('no token, code, secret or cookie is on a page or in what is reported', async () => {
  const pages: Answer[] = [];
  const { location } = await stage.beforeCallback();
  const code = new URL(location!).searchParams.get('code')!;
  const cookies = new Map(stage.jar());
  pages.push(await stage.browser.follow(location!));
  const thief = createCookieClient();
  thief.cookies.set('127.0.0.1', cookies);
  pages.push(await thief.send(location!));
  stage.provider.mood = 500;
  pages.push(await stage.post('/do', csrfOf(pages[0]!)), await stage.post('/sign-in/out', csrfOf(pages[0]!)));
  const hidden = [CLIENT_SECRET, code, ...stage.provider.secrets, ...cookies.values(), ...stage.jar().values()];
  expect(hidden.length).toBeGreaterThan(5);
  const said = JSON.stringify([
    pages.map(({ text }) => text),
    stage.reported.map(({ message, stack, cause }) => [message, stack, cause]),
  ]);
  for (const one of hidden) expect(said).not.toContain(one);
  expect(stage.reported).not.toEqual([]);
});
