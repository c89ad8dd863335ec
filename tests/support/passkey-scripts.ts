// What any script of a page can ask a browser for, ours or not: as text, since it runs there.
import { createHash } from 'node:crypto';
import type { Page } from 'playwright-core';
import { canonicalJson } from '../../contracts/canonical.ts';
import type { Decision } from '../../contracts/gate.ts';

type Verification = 'required' | 'discouraged';

const HELPERS = `
const bytes = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
`;

const run = <T>(page: Page, script: string, given: unknown): Promise<T> =>
  page.evaluate(`(async (given) => { ${HELPERS} ${script} })(${JSON.stringify(given)})`);

/** Sends something with the token of the page that is open. */
export const postFrom = (
  page: Page,
  path: string,
  body: unknown,
): Promise<{ status: number; code: string; message: string; challenge: string }> =>
  run(
    page,
    `const { dataset } = document.querySelector('[data-enrol],[data-decision]');
const { csrf } = JSON.parse(dataset.enrol ?? dataset.decision);
const headers = { 'content-type': 'application/json', 'x-anneal-csrf': csrf };
const answer = await fetch(given.path, { method: 'POST', headers, body: given.body });
return { status: answer.status, ...(await answer.json()) };`,
    { path, body: JSON.stringify(body) },
  );

export const makePasskey = (page: Page, challenge: string, verification: Verification): Promise<unknown> =>
  run(
    page,
    `const { response } = await navigator.credentials.create({ publicKey: {
  challenge: bytes(given.challenge), rp: { id: 'localhost', name: 'x' }, attestation: 'none',
  user: { id: new Uint8Array(16), name: 'x', displayName: 'x' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }],
  authenticatorSelection: { userVerification: given.verification },
} });
return { attestationObject: text(response.attestationObject), clientDataJson: text(response.clientDataJSON) };`,
    { challenge, verification },
  );

/** A decision with the assertion that a page gets for it, wherever it is. */
export async function signDecision(
  page: Page,
  body: Decision['body'],
  { keyId, passkey }: { keyId: Decision['keyId']; passkey: { credential: string } },
  verification: Verification,
): Promise<Decision> {
  const challenge = createHash('sha256').update(canonicalJson(body)).digest('base64url');
  const { signature, ...assertion } = await run<{
    signature: string;
    authenticatorData: string;
    clientDataJson: string;
  }>(
    page,
    `const { response } = await navigator.credentials.get({ publicKey: {
  challenge: bytes(given.challenge), rpId: 'localhost', userVerification: given.verification,
  allowCredentials: [{ type: 'public-key', id: bytes(given.credential) }],
} });
return { authenticatorData: text(response.authenticatorData), clientDataJson: text(response.clientDataJSON), signature: text(response.signature) };`,
    { challenge, credential: passkey.credential, verification },
  );
  return { body, keyId, signature, assertion };
}
