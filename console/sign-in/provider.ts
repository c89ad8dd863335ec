// An OpenID provider: where people are sent, what comes back, and what it says of them later. No error from here holds a token or a code: what the
// library throws has them in its causes.
import * as oidc from 'openid-client';
import { AnnealError } from '../../contracts/errors.ts';
import type { SignInSpec } from './configuration.ts';
import { personName } from './person.ts';

export const CALLBACK_PATH = '/sign-in/callback';
export const SIGNED_OUT_PATH = '/sign-in/out';

const TIMEOUT_SECONDS = 5;
/** A token is renewed this long before it ends. */
const EARLY_MS = 10_000;

/** What a sign-in that is on its way must come back with. */
export interface Expected {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}

/** What the provider gave. Replaced in place when it is renewed. */
export interface Grant {
  readonly subject: string;
  accessToken: string;
  refreshToken: string | undefined;
  expiresAt: number;
}

export interface Described {
  readonly name: string;
  readonly groups: readonly string[];
}

export interface Provider {
  begin(): Promise<{ readonly address: URL; readonly expected: Expected }>;
  /** @throws AnnealError `sign_in.refused`, `sign_in.unavailable` */
  finish(answer: URL, expected: Expected): Promise<Grant>;
  /** @returns undefined when the provider takes the grant no more. @throws AnnealError `sign_in.unavailable`, `sign_in.refused` when it gives no usable name */
  describe(grant: Grant): Promise<Described | undefined>;
  /** As far as the provider can and answers. */
  revoke(grant: Grant): Promise<void>;
  /** Where somebody signs out of the provider itself, when it has such a place. */
  endAddress(): Promise<URL | undefined>;
}

export function createProvider(spec: SignInSpec, now: () => number = Date.now): Provider {
  const redirect = `${spec.origin}${CALLBACK_PATH}`;
  const scope = [...new Set(['openid', ...spec.scopes])].join(' ');
  let discovered: Promise<oidc.Configuration> | undefined;

  function configuration(): Promise<oidc.Configuration> {
    discovered ??= discover(spec).catch((failure: unknown) => {
      discovered = undefined;
      throw unavailable(`${spec.issuer} cannot be used (${kindOf(failure)})`);
    });
    return discovered;
  }

  async function renew(grant: Grant): Promise<void> {
    if (grant.refreshToken === undefined || now() < grant.expiresAt - EARLY_MS) return;
    const tokens = await oidc.refreshTokenGrant(await configuration(), grant.refreshToken);
    grant.accessToken = tokens.access_token;
    grant.refreshToken = tokens.refresh_token ?? grant.refreshToken;
    grant.expiresAt = endOf(tokens.expires_in);
  }

  const endOf = (seconds: number | undefined): number =>
    seconds === undefined ? Number.POSITIVE_INFINITY : now() + seconds * 1_000;

  return {
    async begin() {
      const config = await configuration();
      const expected = {
        state: oidc.randomState(),
        nonce: oidc.randomNonce(),
        verifier: oidc.randomPKCECodeVerifier(),
      };
      const address = oidc.buildAuthorizationUrl(config, {
        ...{ response_type: 'code', redirect_uri: redirect, scope, state: expected.state, nonce: expected.nonce },
        code_challenge: await oidc.calculatePKCECodeChallenge(expected.verifier),
        code_challenge_method: 'S256',
      });
      return { address, expected };
    },

    async finish(answer, { state, nonce, verifier }) {
      const config = await configuration();
      // By our own spelling of the address: what the request's Host header says decides nothing.
      const address = new URL(`${redirect}${answer.search}`);
      try {
        const checks = {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        };
        const tokens = await oidc.authorizationCodeGrant(config, address, checks);
        const subject = tokens.claims()?.sub;
        if (subject === undefined) throw new AnnealError('sign_in.refused', 'the provider does not say who it is');
        const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = tokens;
        return { subject, accessToken, refreshToken, expiresAt: endOf(seconds) };
      } catch (failure) {
        if (failure instanceof AnnealError) throw failure;
        if (isRefusal(failure))
          throw new AnnealError('sign_in.refused', `its answer does not hold (${kindOf(failure)})`);
        throw unavailable(`${spec.issuer} did not finish the sign-in (${kindOf(failure)})`);
      }
    },

    async describe(grant) {
      const config = await configuration();
      let claims: oidc.UserInfoResponse;
      try {
        await renew(grant);
        claims = await oidc.fetchUserInfo(config, grant.accessToken, grant.subject);
      } catch (failure) {
        if (isRefusal(failure)) return undefined;
        throw unavailable(`${spec.issuer} did not say who is signed in (${kindOf(failure)})`);
      }
      return described(claims, spec);
    },

    async revoke({ accessToken, refreshToken }) {
      const config = await configuration().catch(() => undefined);
      if (config?.serverMetadata().revocation_endpoint === undefined) return;
      const tokens = [accessToken, ...(refreshToken === undefined ? [] : [refreshToken])];
      await Promise.all(tokens.map((token) => oidc.tokenRevocation(config, token).catch(() => undefined)));
    },

    async endAddress() {
      const config = await configuration().catch(() => undefined);
      if (config?.serverMetadata().end_session_endpoint === undefined) return undefined;
      // Without a hint: a token has no place in an address. The provider asks once more instead.
      return oidc.buildEndSessionUrl(config, {});
    },
  };
}

function discover({ issuer, client }: SignInSpec): Promise<oidc.Configuration> {
  const { id, secret, auth } = client;
  const shown =
    secret === undefined
      ? oidc.None()
      : auth === 'basic'
        ? oidc.ClientSecretBasic(secret)
        : oidc.ClientSecretPost(secret);
  const address = new URL(issuer);
  const insecure = address.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
  return oidc.discovery(address, id, {}, shown, {
    // The token's signature is checked too, not only the connection that it came by.
    execute: [oidc.enableNonRepudiationChecks, ...insecure],
    timeout: TIMEOUT_SECONDS,
  });
}

function described(claims: oidc.UserInfoResponse, { claims: wanted }: SignInSpec): Described {
  const name = personName.safeParse(claims[wanted.name]);
  // What this machine's own key is called: its campaigns are not those of whoever has that name elsewhere.
  if (!name.success || name.data === 'local')
    throw new AnnealError('sign_in.refused', `the provider's claim ${wanted.name} holds no name that can be used here`);
  const groups = claims[wanted.groups];
  const list = Array.isArray(groups) ? groups : [groups];
  return { name: name.data, groups: list.filter((group) => typeof group === 'string') };
}

/** The provider, or the check of its answer, says no; anything else may pass. */
function isRefusal(failure: unknown): boolean {
  if (failure instanceof oidc.AuthorizationResponseError) return true;
  const status = statusOf(failure);
  if (status !== undefined) return status < 500 && status !== 429 && status !== 408;
  return failure instanceof oidc.ClientError && failure.code !== 'OAUTH_TIMEOUT';
}

function statusOf(failure: unknown): number | undefined {
  if (failure instanceof oidc.ResponseBodyError || failure instanceof oidc.WWWAuthenticateChallengeError)
    return failure.status;
  return failure instanceof Error && failure.cause instanceof Response ? failure.cause.status : undefined;
}

/** A word for people who run it, out of what cannot hold a secret. */
function kindOf(failure: unknown): string {
  const word = (text: unknown): string | undefined =>
    typeof text === 'string' && /^[A-Za-z_]{1,60}$/.test(text) ? text : undefined;
  if (failure instanceof oidc.AuthorizationResponseError || failure instanceof oidc.ResponseBodyError)
    return word(failure.error) ?? 'refused';
  const status = statusOf(failure);
  if (status !== undefined) return `status ${status}`;
  return (failure instanceof Error && 'code' in failure ? word(failure.code) : undefined) ?? 'no answer';
}

const unavailable = (why: string): AnnealError => new AnnealError('sign_in.unavailable', why);
