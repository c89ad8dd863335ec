// What a passkey signs: built where the person is, out of what the page shows, by the very code that the verifier hashes with.
import { canonicalJson } from '../../contracts/canonical.ts';
import { toBase64url } from './base64url.ts';

/** What stands on a gate's form, from the server. Nothing else goes into a decision but the person's option and reason. */
export interface DecisionData {
  readonly campaign: string;
  readonly runChain: string;
  readonly gate: string;
  readonly evidenceHash: string;
  readonly options: readonly { readonly name: string; readonly effect: string }[];
  readonly approver: string;
  /** The person's passkeys that count. */
  readonly keys: readonly { readonly keyId: string; readonly credential: string }[];
  readonly rpId: string;
  /** How long the decision may be used, in milliseconds. */
  readonly ttlMs: number;
  /** The server's clock when it made the page: a phone's may be an hour off. */
  readonly now: string;
  readonly csrf: string;
}

export interface Body {
  readonly schema: 'anneal/decision/v1';
  readonly id: string;
  readonly campaign: string;
  readonly runChain: string;
  readonly gate: string;
  readonly evidenceHash: string;
  readonly option: string;
  readonly approver: string;
  readonly reason: string;
  readonly unattended: false;
  readonly signedAt: string;
  readonly expiresAt: string;
  readonly nonce: string;
}

/** @param at by the server's clock */
export function bodyOf(data: DecisionData, { option, reason }: { option: string; reason: string }, at: Date): Body {
  const { campaign, runChain, gate, evidenceHash, approver } = data;
  return {
    ...{ schema: 'anneal/decision/v1', id: crypto.randomUUID(), campaign, runChain, gate, evidenceHash },
    ...{ option, approver, reason, unattended: false, signedAt: at.toISOString() },
    expiresAt: new Date(at.getTime() + data.ttlMs).toISOString(),
    nonce: toBase64url(crypto.getRandomValues(new Uint8Array(16))),
  };
}

/** What the authenticator is asked to sign. */
export const challengeOf = (body: Body): Promise<ArrayBuffer> =>
  crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJson(body)));
