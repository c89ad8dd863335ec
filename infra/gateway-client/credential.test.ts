import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { credentialClaims } from '../../contracts/trajectory.ts';
import { createCredentials } from './credential.ts';

/** The same file is read by gateway/credential.test.ts: the two sides may not import one another. */
const vector = JSON.parse(readFileSync(new URL('../../tests/fixtures/credential.json', import.meta.url), 'utf8')) as {
  secretHex: string;
  claims: unknown;
  token: string;
};

test('mints the credential that the gateway is tested with', () => {
  const credentials = createCredentials(Buffer.from(vector.secretHex, 'hex'));
  expect(credentials.mint(credentialClaims.parse(vector.claims))).toBe(vector.token);
});
