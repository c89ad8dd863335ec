import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { readSignIn } from './configuration.ts';

const WHOLE = `apiVersion: anneal/v1
kind: SignIn
issuer: https://login.example.org
client: { id: anneal, secret: hush-hush }
origin: https://anneal.example.org/
claims: { name: email }
roles: { readers: viewer, leads: approver }
`;

let path: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-sign-in-'));
  path = join(folder, 'sign-in.yaml');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function failureOf(text: string): Promise<AnnealError> {
  writeFileSync(path, text);
  const failure: unknown = await readSignIn(path).catch((error: unknown) => error);
  if (!(failure instanceof AnnealError)) throw new Error('it was accepted');
  return failure;
}

it('reads a whole file, with what it leaves out', async () => {
  writeFileSync(path, WHOLE);
  expect(await readSignIn(path)).toMatchObject({
    ...{ origin: 'https://anneal.example.org', claims: { name: 'email', groups: 'groups' }, behindProxy: false },
    ...{ scopes: ['profile', 'email'], session: { absolute: '12h', idle: '1h' }, client: { auth: 'basic' } },
  });
});

it('tells every problem at once', async () => {
  const failure = await failureOf(`apiVersion: anneal/v1
kind: SignIn
issuer: http://login.example.org
client: { id: "", secrets: hush-hush }
origin: https://anneal.example.org/console
claims: {}
roles: { leads: boss }
session: { idle: 60 }
`);
  expect(failure.code).toBe('sign_in.configuration');
  expect(failure.problems.map(({ path: at }) => at).sort()).toEqual(
    ['issuer', 'client', 'client.id', 'origin', 'claims.name', 'roles.leads', 'session.idle'].sort(),
  );
  expect(JSON.stringify(failure.problems)).not.toContain('hush-hush');
});

it.each([
  ['no role', 'roles: { readers: viewer, leads: approver }', 'roles: {}', 'roles'],
  ['an origin that anybody on the way reads', 'https://anneal.example.org/', 'http://anneal.example.org', 'origin'],
  ['a host that only begins like this machine', 'https://login.example.org', 'http://127.0.0.1.evil.example', 'issuer'],
  ['no web address', 'https://anneal.example.org/', 'javascript:alert(1)', 'origin'],
])('refuses %s', async (_, from, to, at) => {
  expect((await failureOf(WHOLE.replace(from, to))).problems.map((one) => one.path)).toContain(at);
});

it('takes plain http on this machine', async () => {
  writeFileSync(path, WHOLE.replace('https://login.example.org', 'http://localhost:9000'));
  expect((await readSignIn(path)).issuer).toBe('http://localhost:9000');
});

it('shows no line of a file that it cannot read: it may be the one with the secret', async () => {
  const failure = await failureOf(WHOLE.replace('secret: hush-hush', 'secret: "hush-hush'));
  expect(failure.code).toBe('spec.syntax');
  expect(`${failure.message} ${failure.stack} ${String(failure.cause)}`).not.toContain('hush-hush');
  rmSync(path);
  await expect(readSignIn(path)).rejects.toEqual(expect.objectContaining({ code: 'spec.missing_file' }));
});
