// How long somebody is signed in, and what ends it: a real provider takes back what it gave.
import { describe, expect, it } from 'vitest';
import { createCookieClient } from '../../tests/support/cookie-client.ts';
import { csrfOf, useSignInStage } from '../../tests/support/sign-in-stage.ts';

const HOUR = 3_600_000;
const stage = useSignInStage();
describe('a session', () => {
  it('ends at once when the groups are taken away: the next decision is nobody’s', async () => {
    const page = await stage.browser.follow(stage.origin);
    expect((await stage.post('/do', csrfOf(page))).text).toBe('done');
    stage.provider.people.set('s-ada', { name: 'ada', groups: ['staff'] });
    expect((await stage.post('/do', csrfOf(page))).status).toBe(401);
    expect(stage.console.done).toHaveLength(1);
    // Nor is it back with the groups: it is over.
    stage.provider.people.set('s-ada', { name: 'ada', groups: ['ml-leads'] });
    expect((await stage.post('/do', csrfOf(page))).status).toBe(401);
  });

  it('ends in every browser of theirs', async () => {
    const page = await stage.browser.follow(stage.origin);
    const phone = createCookieClient();
    await phone.follow(stage.origin);
    stage.provider.people.set('s-ada', { name: 'ada', groups: [] });
    await stage.post('/do', csrfOf(page));
    stage.provider.people.set('s-ada', { name: 'ada', groups: ['ml-leads'] });
    expect((await phone.send(stage.origin)).status).toBe(303);
  });

  it('ends when the token is refused, the person is gone, or has another name', async () => {
    for (const change of [
      () => stage.provider.takeBack(stage.provider.secrets.find((one) => one.length < 100)!),
      () => stage.provider.people.delete('s-ada'),
      () => stage.provider.people.set('s-ada', { name: 'adam', groups: ['ml-leads'] }),
    ]) {
      await stage.start();
      const page = await stage.browser.follow(stage.origin);
      await change();
      expect((await stage.post('/do', csrfOf(page))).status, String(change)).toBe(401);
    }
    expect(stage.console.done).toEqual([]);
  });

  it('has another role as soon as the provider says so', async () => {
    await stage.browser.follow(stage.origin);
    stage.provider.people.set('s-ada', { name: 'ada', groups: ['ml-readers'] });
    stage.ahead = 31_000;
    expect((await stage.browser.send(stage.origin)).text).toContain('ada viewer');
  });

  it('is asked about at most every 30 seconds while somebody only reads, and then once for all their pages', async () => {
    await stage.browser.follow(stage.origin);
    const before = stage.asked('/me');
    await Promise.all(Array.from({ length: 10 }, () => stage.browser.send(stage.origin)));
    expect(stage.asked('/me')).toBe(before);
    stage.ahead = 31_000;
    await Promise.all(Array.from({ length: 10 }, () => stage.browser.send(stage.origin)));
    expect(stage.asked('/me')).toBe(before + 1);
    stage.provider.people.set('s-ada', { name: 'ada', groups: [] });
    stage.ahead = 62_000;
    expect((await stage.browser.send(stage.origin)).status).toBe(303);
  });

  it('decides nothing while the provider is away, and goes on afterwards', async () => {
    const page = await stage.browser.follow(stage.origin);
    stage.provider.mood = 500;
    const answer = await stage.post('/do', csrfOf(page));
    expect([answer.status, answer.text]).toEqual([503, expect.stringContaining('sign_in.unavailable')]);
    stage.ahead = 31_000;
    expect((await stage.browser.send(stage.origin)).status).toBe(503);
    stage.provider.mood = undefined;
    expect((await stage.post('/do', csrfOf(page))).text).toBe('done');
    expect(stage.console.done).toHaveLength(1);
  });

  it('does not wait for ever for a provider that is silent', { timeout: 20_000 }, async () => {
    const page = await stage.browser.follow(stage.origin);
    stage.provider.mood = 0;
    const began = Date.now();
    expect((await stage.post('/do', csrfOf(page))).status).toBe(503);
    expect(Date.now() - began).toBeLessThan(9_000);
  });

  it('renews a token that ends, once for all who ask at that moment', async () => {
    await stage.start({ refresh: true, accessSeconds: 60 });
    const page = await stage.browser.follow(stage.origin);
    stage.ahead = 55_000;
    const answers = await Promise.all([1, 2, 3].map(() => stage.post('/do', csrfOf(page))));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(stage.asked('/token')).toBe(2);
    stage.provider.people.delete('s-ada');
    expect((await stage.post('/do', csrfOf(page))).status).toBe(401);
  });

  it('ends after an hour of nothing, and after twelve whatever happens', async () => {
    await stage.browser.follow(stage.origin);
    stage.ahead = HOUR - 1_000;
    expect((await stage.browser.send(stage.origin)).status).toBe(200);
    // What a page asks for by itself keeps nobody signed in.
    stage.ahead = 2 * HOUR - 2_000;
    expect((await stage.browser.send(stage.origin, { headers: { 'sec-fetch-dest': 'empty' } })).status).toBe(200);
    stage.ahead = 2 * HOUR + 1_000;
    expect((await stage.browser.send(stage.origin)).status).toBe(303);
    await stage.start({ accessSeconds: 24 * 3_600 });
    stage.ahead = 0;
    await stage.browser.follow(stage.origin);
    for (stage.ahead = 0; stage.ahead < 12 * HOUR; stage.ahead += HOUR / 2)
      expect((await stage.browser.send(stage.origin)).status).toBe(200);
    expect((await stage.browser.send(stage.origin)).status).toBe(303);
  });

  it('is over by signing out, here and for its token, and only by a request of one’s own page', async () => {
    const page = await stage.browser.follow(stage.origin);
    const cookie = `${stage.sessionCookie()}=${stage.jar().get(stage.sessionCookie())}`;
    expect((await stage.post('/sign-in/out', 'wrong')).status).toBe(403);
    expect((await stage.browser.send(`${stage.origin}/sign-in/out`)).text).toContain('ada approver');
    const out = await stage.post('/sign-in/out', csrfOf(page));
    expect(out.text).toContain('Signed out');
    expect(out.text).toContain(`${stage.provider.issuer}/session/end`);
    expect(stage.jar().has(stage.sessionCookie())).toBe(false);
    expect((await stage.browser.send(stage.origin, { headers: { cookie } })).status).toBe(303);
    expect(stage.asked('/token/revocation')).toBe(1);
  });
});
