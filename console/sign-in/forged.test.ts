// What another page sends in somebody's name, by hand and in a real browser.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { csrfOf, useSignInStage } from '../../tests/support/sign-in-stage.ts';
import { CSRF_HEADER } from './forged.ts';

const stage = useSignInStage();

describe('by hand', () => {
  let csrf: string;
  beforeEach(async () => {
    csrf = csrfOf(await stage.browser.follow(stage.origin));
  });
  const send = async (headers: Record<string, string>, body: RequestInit['body']): Promise<number> =>
    (
      await stage.browser.send(`${stage.origin}/do`, {
        method: 'POST',
        headers,
        ...(body === undefined ? {} : { body }),
      })
    ).status;
  const form = (token: string): URLSearchParams => new URLSearchParams({ csrf: token });
  const multipart = (token: string): FormData => {
    const data = new FormData();
    data.set('csrf', token);
    return data;
  };

  it('is done with the token, from our own page', async () => {
    const { origin } = stage;
    expect(await send({ origin }, form(csrf))).toBe(200);
    expect(await send({ origin }, multipart(csrf))).toBe(200);
    expect(await send({ origin, [CSRF_HEADER]: csrf, 'content-type': 'application/json' }, '{}')).toBe(200);
    expect(await send({ 'sec-fetch-site': 'same-origin', [CSRF_HEADER]: csrf }, undefined)).toBe(200);
    expect(stage.console.done).toEqual(['ada form', 'ada form', 'ada form', 'ada empty']);
  });

  it('is refused without it, with another one, and with two', async () => {
    const { origin } = stage;
    const other = `${csrf.slice(0, -1)}${csrf.endsWith('A') ? 'B' : 'A'}`;
    const twice = new URLSearchParams([
      ['csrf', csrf],
      ['csrf', csrf],
    ]);
    for (const body of [undefined, form(other), form(''), form(csrf.slice(1)), multipart(other), twice])
      expect(await send({ origin }, body)).toBe(403);
    expect(await send({ origin, [CSRF_HEADER]: other }, form(csrf))).toBe(403);
    expect(await send({ origin, 'content-type': 'text/plain' }, `csrf=${csrf}`)).toBe(403);
    expect(await send({ origin }, new URLSearchParams({ pad: 'x'.repeat(300_000), csrf }))).toBe(403);
    expect(stage.console.done).toEqual([]);
  });

  it('is refused from elsewhere, token or not', async () => {
    const elsewhere = [
      'http://evil.example',
      'null',
      `${stage.origin}.evil.example`,
      stage.origin.replace('http', 'https'),
    ];
    for (const origin of elsewhere) expect(await send({ origin }, form(csrf)), origin).toBe(403);
    for (const site of ['cross-site', 'same-site', 'none'])
      expect(await send({ origin: stage.origin, 'sec-fetch-site': site }, form(csrf)), site).toBe(403);
    expect(await send({}, form(csrf))).toBe(403);
    expect(stage.console.done).toEqual([]);
  });

  it('is refused with the token of another session of the same person', async () => {
    const { origin } = stage;
    const second = csrfOf(await stage.browser.follow(`${origin}/sign-in`));
    expect([await send({ origin }, form(csrf)), await send({ origin }, form(second))]).toEqual([403, 200]);
  });
});

describe('in Chromium', () => {
  let chrome: Browser;
  let context: BrowserContext;
  let page: Page;
  let hostile: Server;
  beforeAll(async () => {
    chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  });
  afterAll(() => chrome.close());
  beforeEach(async () => {
    hostile = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(pageOf(new URL(request.url!, 'http://evil').searchParams.get('how')!, `${stage.origin}/do`));
    });
    await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
    context = await chrome.newContext();
    page = await context.newPage();
    await page.goto(stage.origin);
    expect(await page.textContent('#who')).toBe('ada approver oidc');
  });
  afterEach(async () => {
    await context.close();
    hostile.closeAllConnections();
    await new Promise((resolve) => hostile.close(resolve));
  });

  it('one’s own page does it', async () => {
    await page.click('#do');
    await page.waitForURL('**/do');
    expect(stage.console.done).toEqual(['ada form']);
  });

  // Another port is another origin of the same site: the cookie goes along. Another host is another site: it does not.
  it.each([
    ['form', '127.0.0.1', 403],
    ['fetch', '127.0.0.1', 403],
    ['beacon', '127.0.0.1', 403],
    ['form', 'localhost', 401],
    ['fetch', 'localhost', 401],
  ])('a %s of a hostile page at another port of %s does not', async (how, host, status) => {
    const answered = page.waitForResponse((response) => response.url().endsWith('/do'));
    await page.goto(`http://${host}:${(hostile.address() as AddressInfo).port}/?how=${how}`);
    expect((await answered).status()).toBe(status);
    expect(stage.console.done).toEqual([]);
    await page.goto(stage.origin);
    expect(await page.textContent('#who')).toBe('ada approver oidc');
  });

  it('nor does it read the token, or show our sign-in inside itself', async () => {
    const { port } = hostile.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/?how=nothing`);
    const read = await page.evaluate(
      async (url) =>
        fetch(url, { credentials: 'include' }).then(
          (answer) => answer.text(),
          () => 'refused',
        ),
      stage.origin,
    );
    expect(read).toBe('refused');
    await page.goto(`http://127.0.0.1:${port}/?how=frame`);
    const frame = page.frames().find((one) => one !== page.mainFrame());
    await expect.poll(() => frame?.url()).toBe('chrome-error://chromewebdata/');
  });
});

function pageOf(how: string, target: string): string {
  const form = `<form id="f" method="post" action="${target}"><input name="csrf" value="guess"></form>`;
  const scripts: Record<string, string> = {
    form: "document.getElementById('f').submit()",
    fetch: `fetch('${target}', { method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({ csrf: 'guess' }) })`,
    beacon: `navigator.sendBeacon('${target}', new URLSearchParams({ csrf: 'guess' }))`,
    nothing: '',
    frame: `document.body.append(Object.assign(document.createElement('iframe'), { src: '${new URL('/sign-in', target).href}' }))`,
  };
  return `<!doctype html><body>${form}<script>${scripts[how]}</script>`;
}
