// Signing in with a real OpenID provider.
import { describe, expect, it } from 'vitest';
import { isCallback, useSignInStage } from '../../tests/support/sign-in-stage.ts';

const stage = useSignInStage();
describe('signing in', () => {
  it('leads back to where somebody was, with the highest role of their groups', async () => {
    stage.provider.people.set('s-ada', { name: 'ada', groups: ['ml-readers', 'ml-leads', 'staff'] });
    const page = await stage.browser.follow(`${stage.origin}/gates/demo.release?tab=diff`);
    expect(page).toMatchObject({ status: 200, url: `${stage.origin}/gates/demo.release?tab=diff` });
    expect(page.text).toContain('ada approver oidc');
    expect(
      await stage.signIn.personOf(
        new Request(stage.origin, {
          headers: { cookie: `${stage.sessionCookie()}=${stage.jar().get(stage.sessionCookie())}` },
        }),
      ),
    ).toEqual({ name: 'ada', issuer: stage.provider.issuer, subject: 's-ada' });
  });

  it('asks with S256, a state, a nonce, and exactly one address to come back to', async () => {
    const { location } = await stage.browser.send(`${stage.origin}/sign-in`);
    const asks = new URL(location!).searchParams;
    expect(Object.fromEntries(asks)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', redirect_uri: `${stage.origin}/sign-in/callback` },
      ...{ client_id: 'anneal', scope: 'openid profile groups' },
    });
    for (const one of ['state', 'nonce', 'code_challenge']) expect(asks.get(one)!.length).toBeGreaterThanOrEqual(43);
    asks.set('redirect_uri', `${stage.origin}/sign-in/callback/../../elsewhere`);
    const answer = await stage.browser.send(`${stage.provider.issuer}/auth?${asks}`);
    expect([answer.status, answer.location]).toEqual([400, undefined]);
  });

  it('keeps its cookies from scripts and from other sites', async () => {
    const begun = await stage.browser.send(`${stage.origin}/sign-in`);
    const flow = begun.headers.getSetCookie();
    const back = await stage.browser.send((await stage.browser.follow(begun.location!, isCallback)).location!);
    const cookies = [...flow, ...back.headers.getSetCookie()];
    expect(cookies).toHaveLength(3);
    for (const cookie of cookies) expect(cookie).toMatch(/; Path=\/; HttpOnly; SameSite=Lax/);
  });

  it('refuses whoever is in no group that has a role, with a page that says so', async () => {
    stage.provider.who = 's-eve';
    const page = await stage.browser.follow(stage.origin);
    stage.expectRefused(page, 'sign_in.no_role');
    expect(page.text).toContain('Eve is in no group that this console knows');
    expect(page.text).toContain('What to do');
    stage.provider.people.set('s-eve', { name: 'eve', groups: undefined });
    stage.expectRefused(await stage.browser.follow(stage.origin), 'sign_in.no_role');
  });

  it.each([['local'], ['\u001b[31m'], [''], ['a'.repeat(101)]])('refuses the name %j', async (name) => {
    stage.provider.people.set('s-ada', { name, groups: ['ml-leads'] });
    stage.expectRefused(await stage.browser.follow(stage.origin), 'sign_in.refused');
  });

  it('after a restart of the console is one redirect, back to the same page', async () => {
    await stage.browser.follow(stage.origin);
    stage.restart();
    const page = await stage.browser.follow(`${stage.origin}/gates/demo.release`);
    expect(page).toMatchObject({ status: 200, url: `${stage.origin}/gates/demo.release` });
  });

  it('as a public client needs no secret', async () => {
    await stage.start({ secret: undefined });
    stage.restart({ client: { id: 'anneal', auth: 'basic' } });
    expect((await stage.browser.follow(stage.origin)).text).toContain('ada approver');
  });

  it('says so when the provider is away, and goes on when it is back', async () => {
    stage.provider.mood = 503;
    stage.expectRefused(await stage.browser.follow(stage.origin), 'sign_in.unavailable', 503);
    stage.provider.mood = undefined;
    expect((await stage.browser.follow(stage.origin)).text).toContain('ada approver');
  });
});
