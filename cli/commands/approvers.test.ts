// approvers, as it is typed: a registry from nothing, and what it refuses.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test, vi } from 'vitest';
import { softwarePasskey } from '../../tests/support/software-passkey.ts';

vi.setConfig({ testTimeout: 300_000 });
const home = mkdtempSync(join(tmpdir(), 'anneal-approvers-'));
afterAll(() => rmSync(home, { recursive: true }));
const main = join(import.meta.dirname, '..', 'main.ts');

const anneal = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [main, ...args], {
    env: { ...process.env, ANNEAL_HOME: home, NO_COLOR: '1', COLUMNS: '200' },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

test('people, roles, passkeys, delegations and revocations, each noted, and listed', async () => {
  const phone = softwarePasskey('ada', 'ES256').entry;
  const file = join(home, 'enrolment.json');
  writeFileSync(file, JSON.stringify(phone.passkey));
  expect(await anneal('approvers', 'add', 'ada', '--issuer', 'https://id.example.org', '--subject', 'ada-1')).toEqual({
    ...{ code: 0, stdout: 'ada is there, as approver (entry 1).\n', stderr: '' },
  });
  await anneal('approvers', 'add', 'ben', '--role', 'submitter');
  expect((await anneal('approvers', 'passkey', 'ada', '--file', file)).stdout).toContain(phone.keyId.slice(0, 16));
  const lent = ['--to', '2099-01-01T00:00:00Z', '--kinds', 'release,promotion'];
  expect((await anneal('approvers', 'delegate', 'ada', 'ben', ...lent)).code).toBe(0);
  const { stdout } = await anneal('approvers');
  expect(stdout).toMatch(/^ada +approver +passkey [0-9a-f]{16} +registry$/m);
  expect(stdout).toMatch(/^local +admin +key [0-9a-f]{16} +approvers.json$/m);
  expect(stdout).toContain('ben answers release, promotion in the name of ada');

  const listed = JSON.parse((await anneal('approvers', '--json')).stdout);
  expect(listed).toMatchObject({ number: 4, delegations: [{ from: 'ada', to: 'ben' }] });
  expect((await anneal('approvers', 'end', listed.delegations[0].id)).code).toBe(0);
  expect((await anneal('approvers', 'revoke', phone.keyId.slice(0, 12))).stdout).toContain('is revoked');
  expect((await anneal('approvers', 'role', 'ben', 'approver')).code).toBe(0);
  expect((await anneal('approvers', 'revoke', 'ben')).code).toBe(0);
  const after = (await anneal('approvers')).stdout;
  expect(after).toMatch(/^ben +revoked/m);
  expect(after).toContain('(revoked)');
  expect(after).not.toContain('in the name of');

  const verified = JSON.parse((await anneal('audit', 'verify', '--json')).stdout);
  expect(verified).toMatchObject({ entries: 8, problems: [] });
  const folder = join(home, 'export');
  await anneal('audit', 'export', folder);
  expect((await promisify(execFile)(process.execPath, [join(folder, 'verify.mjs')])).stdout).toMatch(/^8 entries/);
});

test('what cannot be is told, and changes nothing', async () => {
  for (const [args, exit, said] of [
    [['role', 'ben', 'king'], 2, 'a role is one of'],
    [['role', 'nobody', 'viewer'], 3, 'nobody is called nobody'],
    [['add', 'Ada'], 3, 'ada is there already'],
    [['delegate', 'ada', 'local', '--to', 'tomorrow'], 2, '--to takes an instant'],
    [['passkey', 'ada', '--file', join(home, 'nothing.json')], 2, 'cannot be read'],
    [['add', 'eve', '--issuer', 'https://id.example.org'], 2, 'together'],
    [['revoke', 'local'], 3, 'nobody takes from themselves'],
  ] as const) {
    const { code, stderr } = await anneal('approvers', ...args);
    expect([args, code, stderr]).toEqual([args, exit, expect.stringContaining(said)]);
  }
  expect(JSON.parse((await anneal('approvers', '--json')).stdout).number).toBe(8);
});
