// An admin's page of people, and the pages of signing in: a passkey that somebody made waits there, and is confirmed by the fingerprint that they
// read out and by what the admin's own passkey signs. Each page in each look, without anything that axe finds.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import type { PeopleChange } from '../contracts/people.ts';
import { readApprovers } from '../infra/identity/keys.ts';
import { waitingEnrolments } from '../infra/people/enrolments.ts';
import { createPeople, type People } from '../infra/people/registry.ts';
import { auditIn } from '../tests/support/audit.ts';
import { expectGoodInEachLook } from '../tests/support/axe.ts';
import { startChromium } from '../tests/support/console-browser.ts';
import { type ConsoleWorld, openConsoleWorld } from '../tests/support/console-world.ts';
import { type OidcServer, startOidcServer } from '../tests/support/oidc-server.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';
import { freePort } from '../tests/support/temporal-server.ts';
import { loadAssets } from './assets.ts';
import { frameOf } from './pages/layout.ts';
import { mountPasskeys } from './passkeys/mounted.ts';
import { type Served, serveConsole } from './serve.ts';
import { parseSignIn } from './sign-in/configuration.ts';
import { createLocalSignIn } from './sign-in/local.ts';
import { createOidcSignIn } from './sign-in/oidc.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
withTemporal();
let world: ConsoleWorld;
let provider: OidcServer;
let browser: Browser;
let here: Served;
let people: People;
let origin: string;
/** For looking at them while working. */
const pictures = process.env.ANNEAL_CONSOLE_PICTURES;

beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  [world, browser, provider] = await Promise.all([
    openConsoleWorld(),
    startChromium(),
    startOidcServer({ redirects: [`${origin}/sign-in/callback`] }),
  ]);
  const keys = join(world.folder, 'keys');
  const audit = auditIn(world.folder, world.store, world.identity);
  people = createPeople({ store: world.store, roots: () => readApprovers(keys), audit });
  const spec = parseSignIn(
    {
      ...{ apiVersion: 'anneal/v1', kind: 'SignIn', issuer: provider.issuer, client: { id: 'anneal' }, origin },
      ...{ claims: { name: 'preferred_username' }, roles: { leads: 'approver', admins: 'admin' } },
      scopes: ['profile', 'groups'],
    },
    'sign-in.yaml',
  );
  const layout = frameOf(loadAssets());
  const signIn = createOidcSignIn(spec, { layout });
  const ports = world.ports({ people: () => people.current(), registry: people });
  here = await serveConsole(ports, signIn, {
    ...{ address: '127.0.0.1', port },
    passkeys: mountPasskeys(ports, { signIn, origin, layout }),
  });
});
afterAll(async () => {
  await browser?.close();
  await here?.close();
  await provider?.stop();
  await world?.close();
});

async function change(one: PeopleChange): Promise<void> {
  const body = await people.propose(one, world.identity.approver);
  await people.add({ body, ...world.identity.signBytes(canonicalJson(body)) });
}

async function visit(subject: string, name: string, groups: string[]): Promise<{ page: Page; errors: string[] }> {
  provider.people.set(subject, { name, groups });
  provider.who = subject;
  const context = await browser.newContext({ bypassCSP: true });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(origin);
  await page.getByText(/Gates/).first().waitFor();
  const devices = await context.newCDPSession(page);
  await devices.send('WebAuthn.enable');
  const options = {
    protocol: 'ctap2',
    transport: 'internal',
    hasResidentKey: true,
    hasUserVerification: true,
  } as const;
  await devices.send('WebAuthn.addVirtualAuthenticator', {
    options: { ...options, isUserVerified: true, automaticPresenceSimulation: true },
  });
  return { page, errors };
}

async function enrolled(page: Page): Promise<string> {
  await page.goto(`${origin}/passkeys`);
  await page.getByRole('button', { name: 'Make a passkey on this device' }).click();
  await page.waitForSelector('[data-part=told][data-how=good]');
  return page.innerText('[data-part=fingerprint]');
}

const seen = (page: Page, name: string) => async (look: string) => {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage: true });
};
const told = (page: Page, name: string): Promise<string> =>
  page.locator('article', { hasText: name }).locator('[data-part=told]:is([data-how=good],[data-how=bad])').innerText();
const waits = async (): Promise<string[]> =>
  (await waitingEnrolments(world.store, await people.current())).map(({ enrolment }) => enrolment.name).sort();

test('a passkey waits on the admins’ page, and is confirmed by its fingerprint and the admin’s own passkey', async () => {
  const ben = await visit('s-ben', 'ben', ['leads']);
  const dan = await visit('s-dan', 'dan', ['leads']);
  const [fingerprint, other] = [await enrolled(ben.page), await enrolled(dan.page)];
  // Whoever is no admin sees no such page, and no link to it.
  expect((await ben.page.goto(`${origin}/people`))?.status()).toBe(403);
  await ben.page.goto(origin);
  expect(await ben.page.getByRole('link', { name: 'People' }).count()).toBe(0);

  const cleo = await visit('s-cleo', 'cleo', ['admins']);
  await enrolled(cleo.page);
  expect(await waits()).toEqual(['ben', 'cleo', 'dan']);
  await cleo.page.goto(`${origin}/people`);
  await cleo.page.getByRole('heading', { name: '3 passkeys wait to be confirmed' }).waitFor();
  await cleo.page.getByText('You have no passkey that counts here').first().waitFor();
  // The first admin is made by a command, on a machine whose key is the root of trust.
  const own = (await waitingEnrolments(world.store, await people.current())).find(
    (one) => one.enrolment.name === 'cleo',
  );
  await change({ what: 'person-added', name: 'cleo', role: 'admin' });
  await change(own!.changes.at(-1)!);

  await cleo.page.goto(`${origin}/people`);
  await cleo.page.getByRole('heading', { name: '2 passkeys wait to be confirmed' }).waitFor();
  await expectGoodInEachLook(cleo.page, seen(cleo.page, 'people'));
  const form = cleo.page.locator('article', { hasText: 'ben' }).locator('form[data-confirm]');
  // Somebody else's, as whoever changed the store would have it confirmed.
  await form.getByLabel(/The fingerprint/).fill(other);
  await form.getByRole('button').click();
  expect(await told(cleo.page, 'ben')).toContain('another fingerprint');
  expect(await waits()).toEqual(['ben', 'dan']);
  await form.getByLabel(/The fingerprint/).fill(fingerprint.toUpperCase());
  await form.getByRole('button').click();
  await expect.poll(() => told(cleo.page, 'ben')).toContain('Confirmed: ben');
  const registry = await people.current();
  expect(registry.people.get('ben')).toMatchObject({ role: 'approver', signIn: { subject: 's-ben' } });
  expect([...registry.keys.values()].map(({ name }) => name).sort()).toEqual(['ben', 'cleo']);
  expect((await people.entries()).at(-1)?.entry).toMatchObject({ body: { by: 'cleo' }, assertion: expect.anything() });

  const { gate, result } = await world.open('confirmed.release-1');
  await ben.page.goto(`${origin}/gates/${gate}`);
  await ben.page.check('input[value=keep]');
  await ben.page.getByLabel(/Reason/).fill('Not yet.');
  await ben.page.getByRole('button', { name: 'Look at what will be signed' }).click();
  await ben.page.getByRole('button', { name: 'Sign with your passkey' }).click();
  expect(await result()).toMatchObject({ option: 'keep', decision: { body: { approver: 'ben' } } });

  await cleo.page.goto(`${origin}/people`);
  await cleo.page.getByRole('button', { name: 'Refuse the passkey of dan' }).click();
  await cleo.page.getByRole('heading', { name: 'No passkey waits' }).waitFor();
  expect(await waits()).toEqual([]);
  expect([ben.errors, dan.errors, cleo.errors]).toEqual([[], [], []]);
});

test('what no admin signed, what somebody else signed, and what comes from elsewhere changes nobody', async () => {
  const { page } = await visit('s-cleo', 'cleo', ['admins']);
  const post = (headers: object, body: unknown) =>
    page.evaluate(
      `fetch('/people/entries', { method: 'POST', headers: ${JSON.stringify({ 'content-type': 'application/json', ...headers })}, body: ${JSON.stringify(JSON.stringify(body))} }).then(async (answer) => (await answer.json()).code)`,
    );
  await page.goto(`${origin}/people`);
  const csrf = await page.locator('input[name=csrf]').first().getAttribute('value');
  const body = await people.propose({ what: 'person-added', name: 'eve', role: 'admin' }, 'cleo');
  const signed = { body, ...world.identity.signBytes(canonicalJson(body)) };
  const number = (await people.current()).number;
  expect(await post({}, signed)).toBe('sign_in.forged');
  expect(await post({ 'x-anneal-csrf': csrf }, signed)).toBe('people.refused');
  const assertion = { authenticatorData: 'AAAA', clientDataJson: 'AAAA' };
  expect(await post({ 'x-anneal-csrf': csrf }, { ...signed, assertion })).toMatch(
    /^(people\.refused|decision\.altered)$/,
  );
  const other = { ...signed, assertion, body: { ...body, by: 'ada' } };
  expect(await post({ 'x-anneal-csrf': csrf }, other)).toBe('people.refused');
  const revokes = { ...signed, assertion, body: { ...body, change: { what: 'person-revoked', name: 'ben' } } };
  expect(await post({ 'x-anneal-csrf': csrf }, revokes)).toBe('people.refused');
  expect((await people.current()).number).toBe(number);
});

test('an account of another person is told, and not offered', async () => {
  await change({
    what: 'person-added',
    name: 'fay',
    role: 'approver',
    signIn: { issuer: 'https://a.example', subject: '1' },
  });
  const { page } = await visit('s-fay', 'fay', ['leads']);
  await enrolled(page);
  const cleo = await visit('s-cleo', 'cleo', ['admins']);
  await cleo.page.goto(`${origin}/people`);
  await cleo.page.getByText('It cannot be confirmed: fay signs in as 1').waitFor();
  expect(await cleo.page.locator('form[data-confirm]').count()).toBe(0);
});

test('the pages of signing in: a passkey, signed out, no role, a link that is gone', async () => {
  const { page } = await visit('s-gil', 'gil', ['leads']);
  await page.goto(`${origin}/passkeys`);
  await expectGoodInEachLook(page, seen(page, 'passkey'));
  await page.getByRole('button', { name: 'Make a passkey on this device' }).click();
  await page.waitForSelector('[data-part=told][data-how=good]');
  await expectGoodInEachLook(page, seen(page, 'passkey-made'));
  await page.goto(origin);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('This console has forgotten you').waitFor();
  await expectGoodInEachLook(page, seen(page, 'signed-out'));
  provider.people.set('s-gil', { name: 'gil', groups: [] });
  await page.goto(origin);
  await page.getByText('sign_in.no_role').waitFor();
  await expectGoodInEachLook(page, seen(page, 'no-role'));

  const port = await freePort();
  const { approver: name, keyId } = world.identity;
  const local = createLocalSignIn({ bind: '127.0.0.1', port, name, keyId, layout: frameOf(loadAssets()) });
  const alone = await serveConsole(world.ports(), local, { address: '127.0.0.1', port });
  try {
    await page.goto(alone.url);
    await page.getByText('Open the link that the console printed').waitFor();
    await expectGoodInEachLook(page, seen(page, 'sign-in'));
    const link = local.link();
    await page.goto(link);
    await page.goto(link);
    await page.context().clearCookies();
    await page.goto(link);
    await page.getByText('sign_in.link_spent').waitFor();
    await expectGoodInEachLook(page, seen(page, 'link-spent'));
  } finally {
    await alone.close();
  }
});
