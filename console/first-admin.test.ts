// The first admin, to the end and over https: the command's link, a passkey, and what that admin then confirms of others.
import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import { waitingEnrolments } from '../infra/people/enrolments.ts';
import { FIRST_ADMIN_PATH } from '../infra/people/first-admin.ts';
import { type HttpsConsole, openHttpsConsole } from '../tests/support/https-console.ts';
import { withTemporal } from '../tests/support/play-campaign.ts';

vi.setConfig({ testTimeout: 180_000, hookTimeout: 120_000 });
withTemporal();
let there: HttpsConsole;
const running = new Set<ChildProcessByStdio<null, Readable, Readable>>();
beforeAll(async () => {
  there = await openHttpsConsole();
});
afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  running.clear();
});
afterAll(() => there?.close());

const MAIN = resolve(import.meta.dirname, '../cli/main.ts');
const environment = () => ({ ...process.env, ANNEAL_HOME: there.world.folder, NO_COLOR: '1', COLUMNS: '200' });

/** A command that waits, and its link. */
async function invited(name: string, ...options: string[]) {
  const argv = [MAIN, 'approvers', 'first-admin', name, '--console', there.origin, ...options];
  const child = spawn(process.execPath, argv, { env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const said = text(child.stderr);
  const ended = once(child, 'close');
  const out: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (part: string) => out.push(part));
  await Promise.race([expect.poll(() => out.join(''), { timeout: 60_000 }).toContain('\n'), ended]);
  const link = out.join('').split('\n')[0] ?? '';
  return {
    link,
    stop: () => child.kill('SIGINT'),
    async end() {
      const [code] = (await ended) as [number | null];
      return { code, stdout: out.join(''), stderr: await said };
    },
  };
}

/** The link, the sign-in behind it, and the passkey. @returns what the page says */
async function follow(page: Page, link: string): Promise<string> {
  await page.goto(link);
  // The code is in no address from here on.
  await page.getByRole('link', { name: 'Sign in and make the passkey' }).click();
  await page.waitForURL(`${there.origin}/passkeys`);
  return made(page);
}

async function made(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Make a passkey on this device' }).click();
  return page.locator('[data-part=told]:is([data-how=good],[data-how=bad])').innerText();
}

const waits = async () =>
  (await waitingEnrolments(there.world.store, await there.people.current())).map(({ enrolment }) => enrolment.name);
const admins = async () => [...(await there.people.current()).people.values()].filter(({ role }) => role === 'admin');

test('a link that was taken back, or is somebody else’s, makes nobody an admin', async () => {
  const gone = await invited('cleo');
  gone.stop();
  expect(await gone.end()).toMatchObject({ code: 130, stderr: expect.stringContaining('worth nothing') });
  const cleo = await there.visit('s-cleo', { name: 'cleo', groups: ['admins'] });
  expect(await follow(cleo.page, gone.link)).toContain('proved by your link');

  // For somebody else, and for another account of the name.
  const [other, account] = await Promise.all([
    invited('dora'),
    invited('cleo', '--issuer', there.provider.issuer, '--subject', 's-another'),
  ]);
  const eve = await there.visit('s-eve', { name: 'eve', groups: ['leads'] });
  expect(await follow(eve.page, other.link)).toContain('proved');
  expect(await follow(cleo.page, account.link)).toContain('proved');
  const refused = await account.end();
  expect([refused.code, refused.stderr]).toEqual([3, expect.stringContaining('it was made as s-cleo')]);
  other.stop();
  expect((await other.end()).code).toBe(130);
  expect(await admins()).toEqual([]);
  expect(await waits()).toEqual(expect.arrayContaining(['cleo', 'eve']));
  // Without the code nothing is kept, and the page says so.
  await eve.page.goto(there.origin + FIRST_ADMIN_PATH);
  await eve.page.getByText('The link is not whole').waitFor();
  expect(await eve.page.getByRole('link', { name: 'Sign in and make' }).isVisible()).toBe(false);
  expect([cleo.errors, eve.errors]).toEqual([[], []]);
});

test('a link, a passkey, an admin: who confirms the next, and no second link is printed', async () => {
  const ada = await there.visit('s-ada', { name: 'ada', groups: ['admins'] });
  const command = await invited('ada');
  const { origin, pathname, hash } = new URL(command.link);
  expect([origin, pathname]).toEqual([there.origin, FIRST_ADMIN_PATH]);
  const asked: string[] = [];
  ada.page.on('request', (request) => asked.push(`${request.url()} ${request.headers().referer ?? ''}`));
  expect(await follow(ada.page, command.link)).toContain('proved by your link');
  expect(asked.filter((line) => line.split('#')[0]?.includes(hash.slice(1)))).toEqual([]);
  expect(asked.filter((line) => line.startsWith(there.provider.issuer) && line.includes(hash.slice(1)))).toEqual([]);
  const ended = await command.end();
  expect(ended.code, ended.stderr).toBe(0);
  expect(ended.stdout).toMatch(/ada is there, as admin \(entry 1\)\.\nada has the passkey [0-9a-f]{16} \(entry 2\)\./);
  const shown = (await ada.page.locator('[data-part=fingerprint]').innerText()).trim();
  expect(ended.stderr).toContain(shown);
  expect((await there.people.current()).people.get('ada')).toMatchObject({
    role: 'admin',
    signIn: { subject: 's-ada' },
  });

  const ben = await there.visit('s-ben', { name: 'ben', groups: ['leads'] });
  await ben.page.goto(`${there.origin}/passkeys`);
  expect(await made(ben.page)).toContain('once an admin has confirmed it');
  const fingerprint = await ben.page.locator('[data-part=fingerprint]').innerText();
  await ada.page.goto(`${there.origin}/people`);
  const article = ada.page.locator('article', { has: ada.page.getByRole('heading', { name: 'ben', exact: true }) });
  await article.getByLabel(/The fingerprint/).fill(fingerprint);
  await article.getByRole('button', { name: 'Confirm with your passkey' }).click();
  await expect.poll(() => article.locator('[data-part=told]').innerText()).toContain('Confirmed: ben');
  const entries = await there.people.entries();
  expect(entries.map(({ entry }) => [entry.body.by, entry.body.change.what, entry.assertion !== undefined])).toEqual([
    [there.world.identity.approver, 'person-added', false],
    [there.world.identity.approver, 'passkey-added', false],
    ['ada', 'person-added', true],
    ['ada', 'passkey-added', true],
  ]);

  // A further one would be no first, and the link of before does nothing more.
  const second = await invited('eve');
  expect(await second.end()).toMatchObject({
    code: 3,
    stdout: '',
    stderr: expect.stringContaining('ada is an admin already'),
  });
  const again = await there.visit('s-ada', { name: 'ada', groups: ['admins'] });
  expect(await follow(again.page, command.link)).toContain('proved');
  expect((await there.people.entries()).length).toBe(4);

  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [MAIN, ...args], { env: environment() }).then(({ stdout }) => stdout);
  const log = JSON.parse(await run('audit', '--json')) as {
    entries: { event: { what: string; name?: string } }[];
    problems: unknown[];
  };
  expect(log.problems).toEqual([]);
  const invitations = log.entries.filter(({ event }) => event.what === 'admin-invited').map(({ event }) => event.name);
  expect(invitations.toSorted()).toEqual(['ada', 'cleo', 'cleo', 'dora']);
  expect(await run('audit')).toContain('printed the link of the first admin, ada');
  // The code is in nothing that was kept.
  const code = hash.slice(1);
  const kept = await promisify(execFile)('grep', ['-rlF', code, there.world.folder]).then(
    ({ stdout }) => stdout,
    () => '',
  );
  expect(kept).toBe('');
  expect([ada.errors, ben.errors, again.errors]).toEqual([[], [], []]);
});

test('what is wrong on the command line, and a proof of another’s passkey', async () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [MAIN, 'approvers', 'first-admin', ...args], { env: environment() }).then(
      () => [0, ''],
      ({ code, stderr }) => [code, stderr],
    );
  for (const [args, said] of [
    [['ada'], 'say where the console is'],
    [['ada', '--console', 'https://anneal.test/people'], 'an origin'],
    [['ada', '--console', there.origin, '--minutes', '0'], '--minutes takes 1 to 60'],
    [['ada', '--console', there.origin, '--issuer', 'https://a.example'], 'together'],
    [['-\u0007', '--console', there.origin], 'unknown option'],
  ] as const)
    expect([args, ...(await run(...args))]).toEqual([args, 2, expect.stringContaining(said)]);

  const gil = await there.visit('s-gil', { name: 'gil', groups: ['leads'] });
  await gil.page.goto(`${there.origin}/passkeys`);
  await made(gil.page);
  const dan = await there.visit('s-dan', { name: 'dan', groups: ['leads'] });
  const waiting = await waitingEnrolments(there.world.store, await there.people.current());
  const one = waiting.find(({ enrolment }) => enrolment.name === 'gil');
  await dan.page.goto(`${there.origin}/passkeys`);
  const sent = await dan.page.evaluate(`(async () => {
    const { csrf } = JSON.parse(document.querySelector('[data-enrol]').dataset.enrol);
    const body = ${JSON.stringify(canonicalJson({ keyId: one!.enrolment.keyId, proof: 'a'.repeat(64) }))};
    const answer = await fetch('/passkeys/proof', { method: 'POST', headers: { 'content-type': 'application/json', 'x-anneal-csrf': csrf }, body });
    return (await answer.json()).code;
  })()`);
  expect(sent).toBe('people.refused');
});

test('a server that says of another key that it was made is found out by the browser', async () => {
  const fay = await there.visit('s-fay', { name: 'fay', groups: ['leads'] });
  await fay.page.addInitScript(`const real = fetch;
    globalThis.fetch = async (path, init) => {
      const answer = await real(path, init);
      if (path !== '/passkeys') return answer;
      const said = await answer.json();
      return Response.json({ ...said, enrolment: { ...said.enrolment, keyId: 'b'.repeat(64) } });
    };`);
  expect(await follow(fay.page, `${there.origin}${FIRST_ADMIN_PATH}#code`)).toContain('Nothing was proved');
});
