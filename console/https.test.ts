// The console as people reach it in production: by https, through a proxy that ends TLS. What cookies, addresses, origins and passkeys are then,
// in a real browser; and what is worth nothing without TLS, or from a page of the same host that has none.
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import type { Decision } from '../contracts/gate.ts';
import { waitingEnrolments } from '../infra/people/enrolments.ts';
import { type HttpsConsole, openHttpsConsole, type Visit } from '../tests/support/https-console.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
withTemporal();
let there: HttpsConsole;
/** Pages of the same host without TLS, as whoever sits in the network makes them. */
let plain: Server;
let plainOrigin: string;
beforeAll(async () => {
  there = await openHttpsConsole();
  plain = createServer((_, answer) =>
    answer
      .writeHead(200, { 'content-type': 'text/html' })
      .end(
        `<!doctype html><title>Plain</title><form method="post" action="${there.origin}/sign-in/out"><input name="csrf" value="x"><button>Go</button></form>`,
      ),
  );
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  plainOrigin = `http://anneal.test:${(plain.address() as AddressInfo).port}`;
});
afterAll(async () => {
  plain?.closeAllConnections();
  plain?.close();
  await there?.close();
});

const SAFE = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', domain: 'anneal.test' };
const cookiesOf = async ({ context }: Visit) =>
  (await context.cookies()).filter(({ domain }) => domain.includes('anneal.test'));

/** Not by a browser, which would not say that it comes from elsewhere. */
function ask(method: string, path: string, headers: Record<string, string>, body = '') {
  const { hostname: servername, port, host } = new URL(there.origin);
  return new Promise<{ status: number | undefined; headers: NodeJS.Dict<string | string[]>; text: string }>(
    (resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, servername, method, path, rejectUnauthorized: false, headers: { host, ...headers } },
        (answer) =>
          void text(answer).then(
            (said) => resolve({ status: answer.statusCode, headers: answer.headers, text: said }),
            reject,
          ),
      );
      asked.on('error', reject).end(body);
    },
  );
}

async function signedIn(subject: string, name: string, group = 'leads'): Promise<Visit> {
  const visit = await there.visit(subject, { name, groups: [group] });
  await visit.page.goto(there.origin);
  await visit.page.getByRole('link', { name: 'Campaigns' }).waitFor();
  return visit;
}

test('a sign-in comes back to https, and its cookies belong to this host and to TLS alone', async () => {
  const visit = await there.visit('s-ada', { name: 'ada', groups: ['leads'] });
  const led: URL[] = [];
  const answers: [string, string[]][] = [];
  visit.page.on('request', (asked) => void led.push(new URL(asked.url())));
  visit.page.on('response', async (answer) => {
    const set = (await answer.headersArray()).filter(({ name }) => name.toLowerCase() === 'set-cookie');
    answers.push([new URL(answer.url()).pathname, set.map(({ value }) => value)]);
  });
  await visit.page.goto(`${there.origin}/campaigns?a=b`);
  await visit.page.getByRole('link', { name: 'Gates' }).first().waitFor();
  expect(visit.page.url()).toBe(`${there.origin}/campaigns?a=b`);
  const toProvider = led.find(({ origin, pathname }) => origin === there.provider.issuer && pathname === '/auth');
  expect(toProvider?.searchParams.get('redirect_uri')).toBe(`${there.origin}/sign-in/callback`);
  // Nobody was led to an address without TLS on the way, but to the test's provider, which has none.
  expect(led.filter(({ origin, protocol }) => protocol !== 'https:' && origin !== there.provider.issuer)).toEqual([]);

  const ours = new Map(answers.filter(([, set]) => set.length > 0));
  const [flow] = ours.get('/sign-in') ?? [];
  expect(flow).toMatch(
    /^__Host-anneal-flow-[0-9a-f]{16}=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=600$/,
  );
  const back = ours.get('/sign-in/callback') ?? [];
  expect(back.find((line) => line.startsWith('__Host-anneal='))).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
  expect(back.find((line) => line.startsWith('__Host-anneal-flow-'))).toMatch(/Secure; Max-Age=0$/);
  // On http they are called after the port, since cookies know none.
  expect(await cookiesOf(visit)).toEqual([expect.objectContaining({ ...SAFE, name: '__Host-anneal', expires: -1 })]);
  expect(visit.errors).toEqual([]);

  await visit.page.getByRole('button', { name: 'Sign out' }).click();
  await visit.page.getByText('This console has forgotten you').waitFor();
  expect(await cookiesOf(visit)).toEqual([]);
});

test('without TLS the session is nobody’s: it is not sent, not set, and not put in place by a page of the same host', async () => {
  const visit = await signedIn('s-ben', 'ben');
  const [session] = await cookiesOf(visit);
  const other = await visit.context.newPage();
  // The console’s own port, which a firewall should close, under the same name.
  const { port } = new URL(there.behind);
  const seen: (string | undefined)[] = [];
  other.on('request', async (asked) => void seen.push((await asked.allHeaders()).cookie));
  const [first] = await Promise.all([
    other.waitForResponse((answer) => new URL(answer.url()).port === port),
    other.goto(`http://anneal.test:${port}/campaigns`).catch(() => undefined),
  ]);
  expect([first.status(), first.headers().location]).toEqual([303, expect.stringMatching(/^\/sign-in\?/)]);
  expect(seen[0]).toBeUndefined();
  await other.goto(plainOrigin);
  const tried = [
    '__Host-anneal=evil; Path=/',
    '__Host-anneal=evil; Path=/; Secure',
    '__Host-anneal-flow-0=evil; Path=/',
  ];
  for (const one of tried) await other.evaluate(`document.cookie = ${JSON.stringify(one)}`);
  expect((await cookiesOf(visit)).filter(({ name }) => name.startsWith('__Host-'))).toEqual([session]);
  // Still signed in, where it counts.
  await visit.page.goto(`${there.origin}/campaigns`);
  expect(visit.page.url()).toBe(`${there.origin}/campaigns`);
});

test('what changes something comes from https, also where the host is the same', async () => {
  const visit = await signedIn('s-cleo', 'cleo');
  const page = await visit.context.newPage();
  await page.goto(plainOrigin);
  await page.getByRole('button', { name: 'Go' }).click();
  await page.waitForURL(`${there.origin}/sign-in/out`);
  // It came without the cookie, and takes none away.
  await page.getByText('sign_in.forged').waitFor();
  expect(await cookiesOf(visit)).toHaveLength(1);
  await visit.page.goto(`${there.origin}/passkeys`);
  const { csrf } = JSON.parse((await visit.page.locator('[data-enrol]').getAttribute('data-enrol'))!);
  const [{ name, value } = { name: '', value: '' }] = await cookiesOf(visit);
  const post = (from: Record<string, string>) =>
    ask(
      'POST',
      '/passkeys/options',
      {
        ...{
          cookie: `${name}=${value}`,
          'content-type': 'application/json',
          'x-anneal-csrf': csrf,
          'content-length': '2',
        },
        ...from,
      },
      '{}',
    );
  expect(JSON.parse((await post({ origin: there.origin })).text)).toMatchObject({ rp: { id: 'anneal.test' } });
  const { host, hostname } = new URL(there.origin);
  for (const origin of [
    `http://${host}`,
    `http://${hostname}`,
    `https://${hostname}`,
    `https://evil.${host}`,
    'null',
  ]) {
    const answer = await post({ origin });
    expect([origin, answer.status, JSON.parse(answer.text).code]).toEqual([origin, 403, 'sign_in.forged']);
  }
  expect((await post({ origin: there.origin, 'sec-fetch-site': 'same-site' })).status).toBe(403);
});

test('a passkey is made for the https address, signs it, and decides; pages hear of it through the proxy', async () => {
  const dan = await signedIn('s-dan', 'dan');
  await dan.page.goto(`${there.origin}/passkeys`);
  await dan.page.getByRole('button', { name: 'Make a passkey on this device' }).click();
  await dan.page.waitForSelector('[data-part=told][data-how=good]');
  const [waiting] = await waitingEnrolments(there.world.store, await there.people.current());
  expect(waiting?.enrolment.passkey).toMatchObject({ rpId: 'anneal.test', origins: [there.origin] });
  for (const change of waiting!.changes) {
    const body = await there.people.propose(change, there.world.identity.approver);
    await there.people.add({ body, ...there.world.identity.signBytes(canonicalJson(body)) });
  }
  const { gate, result } = await there.world.open('secured.release-1');
  const looking = await dan.context.newPage();
  await looking.goto(`${there.origin}/gates/${gate}`);
  await looking.getByRole('heading', { level: 1 }).waitFor();
  await dan.page.goto(`${there.origin}/gates/${gate}`);
  await dan.page.check('input[value=keep]');
  await dan.page.getByLabel(/Reason/).fill('Not yet.');
  await dan.page.getByRole('button', { name: 'Look at what will be signed' }).click();
  await dan.page.getByRole('button', { name: 'Sign with your passkey' }).click();
  const { decision } = (await result()) as { decision: Decision };
  const said = JSON.parse(Buffer.from(decision.assertion!.clientDataJson, 'base64url').toString());
  expect(said).toMatchObject({ type: 'webauthn.get', origin: there.origin, crossOrigin: false });
  // Its stream of events goes through the proxy as it comes.
  await looking
    .getByText(/decided by/)
    .first()
    .waitFor();
  expect(dan.errors).toEqual([]);
});

test('a certificate that nobody vouches for is no https: the browser shows no console', async () => {
  const { chromium } = await import('playwright-core');
  const strict = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP anneal.test 127.0.0.1'],
  });
  try {
    const page = await strict.newPage();
    await expect(page.goto(there.origin)).rejects.toThrow('ERR_CERT');
  } finally {
    await strict.close();
  }
});

// The last: nobody of this address signs in for a minute afterwards.
test('whom the proxy names is whose tries are counted, and no host that somebody makes up is led to', async () => {
  // The last entry is the proxy’s; what comes before it is whoever’s.
  const tries = await Promise.all(
    Array.from({ length: 150 }, (_, at) =>
      ask('GET', '/sign-in', { 'x-forwarded-for': `10.0.0.${at}`, host: 'evil.example' }),
    ),
  );
  const led = tries.filter(({ status }) => status === 303);
  expect(led.length).toBeGreaterThan(0);
  for (const { headers } of led)
    expect(new URL(String(headers.location)).searchParams.get('redirect_uri')).toBe(`${there.origin}/sign-in/callback`);
  expect(tries.some(({ status }) => status === 429)).toBe(true);
});
