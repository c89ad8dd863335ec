import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type CredentialClaims, credentialClaims } from '../contracts/trajectory.ts';
import { asRollout, authenticate, requirePool } from './credential.ts';

/** The same file is read by infra/gateway-client/credential.test.ts: the two sides may not import one another. */
const vector = JSON.parse(readFileSync(new URL('../tests/fixtures/credential.json', import.meta.url), 'utf8')) as {
  secretHex: string;
  claims: unknown;
  token: string;
};
const secret = Buffer.from(vector.secretHex, 'hex');
const claims: CredentialClaims = credentialClaims.parse(vector.claims);
const header = `Bearer ${vector.token}`;

describe('the shared credential', () => {
  test('is accepted until the second in which it expires', () => {
    expect(authenticate(header, secret, claims.expires - 1)).toEqual(claims);
    expect(() => authenticate(header, secret, claims.expires)).toThrow('expired');
  });

  test('is refused when any one character differs, and the refusal does not repeat it', () => {
    for (let at = 'Bearer anr_'.length; at < header.length; at += 1) {
      // The last character of a MAC carries four bits: its two low ones are padding.
      const other = at === header.length - 1 ? (header[at] === 'A' ? 'Q' : 'A') : header[at] === 'A' ? 'B' : 'A';
      const altered = header.slice(0, at) + other + header.slice(at + 1);
      let message = '';
      try {
        authenticate(altered, secret, 0);
      } catch (failure) {
        message = (failure as Error).message;
      }
      expect(message, `character ${at}`).toMatch(/signature is wrong|wrong form/);
      expect(message).not.toContain(vector.token.slice(4, 20));
    }
  });

  test('names a rollout of its own campaign', () => {
    expect(asRollout(claims).policy).toBe('demo.v0');
    expect(() => asRollout({ ...claims, campaign: 'dem' as CredentialClaims['campaign'] })).toThrow('another campaign');
  });

  test('opens no pool; a pool credential opens that of one campaign', () => {
    expect(() => requirePool(claims, 'demo/')).toThrow('scope rollout');
    const pool: CredentialClaims = { ...claims, scope: 'pool' };
    expect(() => requirePool(pool, 'demo/r1')).not.toThrow();
    for (const prefix of ['', 'demo', 'demo2/r1', 'other/'])
      expect(() => requirePool(pool, prefix)).toThrow('only demo/');
  });
});
