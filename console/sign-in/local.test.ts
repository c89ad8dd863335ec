// The console of one machine: the link that opens it, and who else asks.
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCookieClient } from '../../tests/support/cookie-client.ts';
import { csrfOf } from '../../tests/support/sign-in-stage.ts';
import { type SmallConsole, startSmallConsole } from '../../tests/support/small-console.ts';
import { createLocalSignIn, type LocalSignIn } from './local.ts';
import { isLoopback } from './loopback.ts';

const KEY = 'a'.repeat(64);
let small: SmallConsole;
let signIn: LocalSignIn;
let origin: string;
let ahead = 0;

const open = (): LocalSignIn =>
  createLocalSignIn({ bind: '127.0.0.1', port: small.port, name: 'ada', keyId: KEY, now: () => Date.now() + ahead });

beforeEach(async () => {
  ahead = 0;
  small = await startSmallConsole();
  origin = `http://127.0.0.1:${small.port}`;
  signIn = open();
  small.use(signIn);
});
afterEach(() => small.stop());

describe('the link', () => {
  it('opens the console once, as the approver of this machine', async () => {
    const link = signIn.link('/gates/demo.release');
    const browser = createCookieClient();
    const page = await browser.follow(link);
    expect(page).toMatchObject({ status: 200, url: `${origin}/gates/demo.release` });
    expect(page.text).toContain('ada admin local');
    const again = await createCookieClient().follow(link);
    expect([again.status, again.text]).toEqual([403, expect.stringContaining('sign_in.link_spent')]);
    expect((await browser.send(origin)).status).toBe(200);
    const cookie = [...browser.cookies.get('127.0.0.1')!].map((pair) => pair.join('=')).join('; ');
    expect(
      await signIn.personOf(new Request(origin, { headers: { cookie, host: `127.0.0.1:${small.port}` } })),
    ).toEqual({ name: 'ada', issuer: 'local', subject: KEY });
  });

  it('is of no use after ten minutes, or when it is made up', async () => {
    const link = signIn.link();
    ahead = 10 * 60_000;
    const tries = [link, `${origin}/sign-in/link?token=`, `${origin}/sign-in/link`, `${link}x`];
    for (const one of tries) expect((await createCookieClient().follow(one)).status, one).toBe(403);
  });

  it('of which two use it at once opens one', async () => {
    const link = signIn.link();
    const answers = await Promise.all([1, 2, 3, 4].map(() => createCookieClient().send(link)));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403, 403, 403]);
  });

  it('leads nowhere else, and is told to nobody', async () => {
    const answer = await createCookieClient().send(`${signIn.link()}&next=//evil.example`);
    expect(answer.location).toBe(`${origin}/`);
    expect(answer.headers.get('referrer-policy')).toBe('same-origin');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('cannot be guessed in time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, at) => createCookieClient().send(`${origin}/sign-in/link?token=${at}`)),
    );
    // It fills again at one a second, and the machine may be slow.
    expect(answers.filter(({ status }) => status === 429).length).toBeGreaterThan(0);
  });
});

it('without a session a page says how to get one, and a restart ends those there were', async () => {
  const browser = createCookieClient();
  expect((await browser.follow(origin)).text).toContain('Open the link that the console printed');
  await browser.follow(signIn.link());
  small.use(open());
  expect((await browser.follow(origin)).status).toBe(403);
});

it('signing out ends the session, by a request of one’s own page only', async () => {
  const browser = createCookieClient();
  const csrf = csrfOf(await browser.follow(signIn.link()));
  const out = (headers: Record<string, string>) =>
    browser.send(`${origin}/sign-in/out`, { method: 'POST', headers, body: new URLSearchParams({ csrf }) });
  expect((await out({ origin: 'http://evil.example' })).status).toBe(403);
  expect((await browser.send(origin)).status).toBe(200);
  expect((await out({ origin })).text).toContain('Signed out');
  expect((await browser.follow(origin)).status).toBe(403);
});

it.each(['0.0.0.0', '::', '192.168.1.4', 'anneal.example.org', '127.0.0.1.evil.example', ''])(
  'does not listen at %j',
  (bind) => {
    const code = expect.objectContaining({ code: 'cli.usage' });
    expect(() => createLocalSignIn({ bind, port: 1, name: 'ada', keyId: KEY })).toThrow(code);
  },
);

it('knows this machine by address', () => {
  expect(['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost'].filter(isLoopback)).toHaveLength(5);
  expect(['127.0.0.1.x', '127.1', '0127.0.0.1', 'localhost.evil.example', '1.127.0.0.1'].filter(isLoopback)).toEqual(
    [],
  );
});

/** As a browser asks after a name of somebody else has come to mean this machine: fetch writes the header itself. */
const askAs = (host: string, path: string, cookie: string): Promise<{ status: number; location: string | undefined }> =>
  new Promise((resolve, reject) => {
    request({ port: small.port, host: '127.0.0.1', path, headers: { host, cookie } }, (response) => {
      response.resume();
      resolve({ status: response.statusCode!, location: response.headers.location });
    })
      .on('error', reject)
      .end();
  });

it.each(['evil.example', 'evil.example:PORT', '127.0.0.1', '127.0.0.1:1', 'localhost.evil.example:PORT'])(
  'answers nobody who calls it %s',
  async (host) => {
    const browser = createCookieClient();
    await browser.follow(signIn.link());
    const [[name, value]] = [...browser.cookies.get('127.0.0.1')!] as [[string, string]];
    const called = host.replace('PORT', String(small.port));
    expect((await askAs(called, '/', `${name}=${value}`)).status).toBe(403);
    const link = new URL(signIn.link());
    expect((await askAs(called, `${link.pathname}${link.search}`, '')).status).toBe(403);
    // Not spent by that, and good under every name of this machine.
    expect((await askAs(`LOCALHOST:${small.port}`, `${link.pathname}${link.search}`, '')).location).toBe(
      `http://localhost:${small.port}/`,
    );
  },
);
