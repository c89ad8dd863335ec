// Checking rollout and pool credentials: `anr_<base64url of JSON claims>.<base64url of HMAC-SHA256>`, the MAC taken over
// everything before the dot. Minting lives with the worker's client; tests/fixtures/credential.json binds the two.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import { AnnealError } from '../contracts/errors.ts';
import { type CredentialClaims, credentialClaims } from '../contracts/trajectory.ts';
import { createRecent } from './replicas.ts';

const FORM = /^(anr_([A-Za-z0-9_-]{1,4096}))\.([A-Za-z0-9_-]{43})$/;

/** Credentials whose signature has been checked. */
const KNOWN = 4_096;

/** What a rollout's credential says once its optional members are known to be there. */
export type RolloutClaims = CredentialClaims & {
  readonly scope: 'rollout';
  readonly rollout: NonNullable<CredentialClaims['rollout']>;
  readonly policy: NonNullable<CredentialClaims['policy']>;
};

/**
 * The claims of an `Authorization` header.
 * @param nowSeconds Unix seconds.
 * @throws AnnealError `gateway.unauthorised`; the message never repeats the credential.
 */
export function authenticate(
  header: string | undefined,
  secret: Uint8Array | KeyObject,
  nowSeconds: number,
): CredentialClaims {
  const token = /^Bearer (\S+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw refused('no credential: send Authorization: Bearer anr_…');
  return current(readCredential(token, secret), nowSeconds);
}

/** For tokens that come again and again: an agent has one for all its requests. */
export function createAuthenticator(secret: KeyObject): (token: string | undefined) => CredentialClaims {
  const known = createRecent<CredentialClaims>(KNOWN);
  return (token) => {
    if (token === undefined) throw refused('no credential: send it as API key, or as /r/CREDENTIAL in the base URL');
    const claims = known.get(token) ?? readCredential(token, secret);
    known.set(token, claims);
    return current(claims, Math.floor(Date.now() / 1000));
  };
}

function readCredential(token: string, secret: Uint8Array | KeyObject): CredentialClaims {
  const form = FORM.exec(token);
  if (form === null) throw refused('the credential has a wrong form');
  // As text: its last character has bits that no byte has, so that several would be read alike.
  const expected = Buffer.from(createHmac('sha256', secret).update(form[1]!).digest('base64url'));
  const given = Buffer.from(form[3]!);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused('the signature is wrong');
  const claims = credentialClaims.safeParse(parseJson(Buffer.from(form[2]!, 'base64url').toString('utf8')));
  if (!claims.success) throw refused('the claims are not valid');
  return claims.data;
}

function current(claims: CredentialClaims, nowSeconds: number): CredentialClaims {
  if (claims.expires <= nowSeconds) throw refused('the credential has expired');
  return claims;
}

/** @throws AnnealError `gateway.unauthorised` when the credential is not a rollout's own. */
export function asRollout(claims: CredentialClaims): RolloutClaims {
  const { scope, rollout, policy, campaign } = claims;
  if (scope !== 'rollout') throw refused(`a credential of scope ${scope} cannot ask a model`);
  if (rollout === undefined || policy === undefined) throw refused('the credential names no rollout or no policy');
  if (!rollout.startsWith(`${campaign}/`)) throw refused('the rollout belongs to another campaign');
  return { ...claims, scope, rollout, policy };
}

/** @throws AnnealError `gateway.unauthorised` unless it opens the pool for ids that start with `prefix`. */
export function requirePool(claims: CredentialClaims, prefix: string): void {
  if (claims.scope !== 'pool') throw refused(`a credential of scope ${claims.scope} cannot use the pool`);
  if (!prefix.startsWith(`${claims.campaign}/`)) throw refused(`the credential opens only ${claims.campaign}/`);
}

function refused(message: string): AnnealError {
  return new AnnealError('gateway.unauthorised', message);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
