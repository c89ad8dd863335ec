// The console of several people, whole: an identity provider, a passkey that is made, confirmed by an admin in the registry, decides a gate on a
// real Temporal, and is taken back.
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import type { PeopleChange } from '../contracts/people.ts';
import { readApprovers } from '../infra/identity/keys.ts';
import { type Enrolment, enrolment } from '../infra/people/enrolments.ts';
import { createPeople, type People } from '../infra/people/registry.ts';
import { auditIn } from '../tests/support/audit.ts';
import { openPage, startChromium } from '../tests/support/console-browser.ts';
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

withTemporal();
let world: ConsoleWorld;
let provider: OidcServer;
let browser: Browser;
let here: Served;
let people: People;
let origin: string;
beforeAll(async () => {
  const port = await freePort();
  origin = `http://localhost:${port}`;
  [world, browser, provider] = await Promise.all([
    openConsoleWorld({ promotion: 2 }),
    startChromium(),
    startOidcServer({ redirects: [`${origin}/sign-in/callback`] }),
  ]);
  const keys = join(world.folder, 'keys');
  const audit = auditIn(world.folder, world.store, world.identity);
  people = createPeople({ store: world.store, roots: () => readApprovers(keys), audit });
  const spec = parseSignIn(
    {
      ...{ apiVersion: 'anneal/v1', kind: 'SignIn', issuer: provider.issuer, client: { id: 'anneal' }, origin },
      ...{ claims: { name: 'preferred_username' }, roles: { leads: 'approver', readers: 'viewer' } },
      scopes: ['profile', 'groups'],
    },
    'sign-in.yaml',
  );
  const layout = frameOf(loadAssets());
  const signIn = createOidcSignIn(spec, { layout });
  const ports = world.ports({ people: () => people.current() });
  const passkeys = mountPasskeys(ports, { signIn, origin, layout });
  here = await serveConsole(ports, signIn, { address: '127.0.0.1', port, passkeys });
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

/** Somebody with a phone, signed in. */
async function visit(
  subject: string,
  person: { name: string; groups: string[] },
): Promise<{ page: Page; errors: string[]; devices: CDPSession }> {
  provider.people.set(subject, person);
  provider.who = subject;
  const { page, errors } = await openPage(browser);
  await page.goto(origin);
  await page.getByRole('link', { name: 'Campaigns' }).waitFor();
  const devices = await page.context().newCDPSession(page);
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
  return { page, errors, devices };
}

async function enrol(page: Page): Promise<Enrolment> {
  await page.getByRole('link', { name: 'Passkey' }).click();
  await page.getByRole('button', { name: 'Make a passkey on this device' }).click();
  await page.waitForSelector('[data-part=told][data-how=good]');
  return enrolment.parse(JSON.parse(await page.innerText('[data-part=json]')));
}

async function sign(page: Page, gate: string, option: string): Promise<string> {
  await page.goto(`${origin}/gates/${gate}`);
  await page.check(`input[value=${option}]`);
  await page.getByLabel(/Reason/).fill('The gain holds.');
  await page.getByRole('button', { name: 'Look at what will be signed' }).click();
  const button = page.getByRole('button', { name: 'Sign with your passkey' });
  const told = page.locator('[data-part=told]:is([data-how=good],[data-how=bad])');
  await button.or(told).first().waitFor();
  if (await button.isVisible()) await button.click();
  // The page hears of its gate's end as well, and may be there first.
  const closed = page.getByRole('heading', { name: /decided by/ });
  return told.or(closed).first().innerText();
}

test('a passkey is made, confirmed, decides, and is refused once it is taken back', async () => {
  const ben = { name: 'ben', groups: ['leads'] };
  const { page, errors } = await visit('s-ben', ben);
  const first = await world.open('together.release-1');
  const second = await world.open('together.release-2');
  const third = await world.open('together.release-3');
  const { keyId, passkey } = await enrol(page);
  expect(await sign(page, first.gate, 'release')).toContain('no passkey that counts here');

  await change({ what: 'person-added', name: 'ben', role: 'approver' });
  await change({ what: 'passkey-added', name: 'ben', keyId, passkey });
  expect(await sign(page, first.gate, 'release')).toMatch(/^Decided: release\.$|^release, decided by ben/);
  expect(await first.result()).toMatchObject({
    ...{ how: 'decided', option: 'release' },
    decision: { keyId, assertion: expect.anything(), body: { approver: 'ben', evidenceHash: first.evidence.sha256 } },
  });
  await page.goto(`${origin}/gates/${first.gate}`);
  await page.getByRole('heading', { name: /release, decided by ben on/ }).waitFor();

  // The page is open while an admin takes the key back: the gate refuses what it signs.
  await page.goto(`${origin}/gates/${second.gate}`);
  await page.check('input[value=release]');
  await page.getByLabel(/Reason/).fill('Still mine?');
  await page.getByRole('button', { name: 'Look at what will be signed' }).click();
  await change({ what: 'key-revoked', keyId });
  await page.getByRole('button', { name: 'Sign with your passkey' }).click();
  const told = page.locator('[data-part=told]:is([data-how=good],[data-how=bad])');
  await expect.poll(() => told.innerText()).toMatch(/decision\.unknown_signer|decision\.not_permitted/);
  expect(await sign(page, second.gate, 'release')).toContain('no passkey that counts here');

  // Of no group any more: the very next thing that changes something is refused, and the page is a sign-in.
  ben.groups = [];
  expect(await page.evaluate(`fetch('/passkeys/options', { method: 'POST' }).then((answer) => answer.status)`)).toBe(
    401,
  );
  await page.goto(`${origin}/gates/${third.gate}`);
  await page.getByText('sign_in.no_role').waitFor();
  expect(errors).toEqual([]);
});

test('a viewer sees a gate and no form; signing out forgets them', async () => {
  const { gate } = await world.open('seen.release-1');
  const { page, errors } = await visit('s-vic', { name: 'vic', groups: ['readers'] });
  await page.goto(`${origin}/gates/${gate}`);
  await page.getByText('You are here as a viewer').waitFor();
  expect(await page.getByRole('radio').count()).toBe(0);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('This console has forgotten you').waitFor();
  provider.who = 'nobody';
  expect(
    (await page.request.get(`${origin}/gates/${gate}`, { headers: { accept: 'text/html' }, maxRedirects: 0 })).status(),
  ).toBe(303);
  expect(errors).toEqual([]);
});

test('on one machine: the link that was printed opens the console once, and the form of its page decides', async () => {
  const { gate, result } = await world.open('alone.release-1');
  const port = await freePort();
  const { approver: name, keyId } = world.identity;
  const signIn = createLocalSignIn({ bind: '127.0.0.1', port, name, keyId, layout: frameOf(loadAssets()) });
  const alone = await serveConsole(world.ports(), signIn, { address: '127.0.0.1', port });
  try {
    const { page, errors, refused } = await openPage(browser);
    await page.goto(`${alone.url}/gates/${gate}`);
    await page.getByText('Open the link that the console printed').waitFor();
    const link = signIn.link();
    await page.goto(link);
    await page.getByRole('link', { name: 'Release alone.v4 of alone?' }).click();
    await page.getByRole('radio', { name: /^release/ }).check();
    await page.getByLabel(/Reason/).fill('The gain holds.');
    await page.getByRole('button', { name: 'Sign and send' }).click();
    await page.getByRole('heading', { name: /release, decided by ada on/ }).waitFor();
    expect(await result()).toMatchObject({ how: 'decided', option: 'release' });
    const other = await openPage(browser);
    await other.page.goto(link);
    await other.page.getByText('sign_in.link_spent').waitFor();
    expect({ errors, refused }).toEqual({ errors: [], refused: [] });
    const strange = await fetch(`${alone.url}/`, { headers: { host: 'evil.example' } }).catch(() => undefined);
    expect(strange?.status ?? 403).not.toBe(200);
  } finally {
    await alone.close();
  }
});

test('where two people are needed the page says who has answered, and the second one closes the gate', async () => {
  const cleo = { name: 'cleo', groups: ['leads'] };
  const { page, errors } = await visit('s-cleo', cleo);
  const { keyId, passkey } = await enrol(page);
  await change({ what: 'person-added', name: 'cleo', role: 'approver' });
  await change({ what: 'passkey-added', name: 'cleo', keyId, passkey });
  const options = ['promote', 'hold'].map((name) => ({ name, effect: `It is to ${name}.` }));
  const shown = { kind: 'promotion', options, recommended: 'promote', safe: 'hold' } as const;
  const { gate, result } = await world.open('shared.promotion-1', shown);
  await page.goto(`${origin}/gates/${gate}`);
  await page.getByText('2 people have to say the same, but for hold. Nobody has answered yet.').waitFor();
  expect(await sign(page, gate, 'promote')).toMatch(/^1 of 2 people have said promote/);
  await page.goto(`${origin}/gates/${gate}`);
  await page.getByText(/cleo said promote on/).waitFor();
  expect(await sign(page, gate, 'promote')).toContain('decision.same_person');
  await world.answer(gate, 'promote');
  expect(await result()).toMatchObject({
    ...{ how: 'decided', option: 'promote', decision: { body: { approver: 'ada' } } },
    seconds: [{ decision: { body: { approver: 'cleo' } } }],
  });
  expect(errors).toEqual([]);
});
