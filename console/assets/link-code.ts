// The code of the first admin's link, while its tab is open: kept beside the sign-in, so that no provider sees it, and used once.
import { canonicalJson } from '../../contracts/canonical.ts';

const KEPT = 'anneal-first-admin';

/** Takes it out of the address, which may be shown, shared and remembered. @returns whether there is one */
export function keepCode(): boolean {
  const code = location.hash.slice(1);
  if (code !== '') {
    sessionStorage.setItem(KEPT, code);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(KEPT) !== null;
}

export const keptCode = (): string | null => sessionStorage.getItem(KEPT);
export const forgetCode = (): void => sessionStorage.removeItem(KEPT);

/** As infra/people/first-admin.ts makes it. */
export async function proofOf(code: string, enrolment: unknown): Promise<string> {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey('raw', bytes(code), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  return hexOf(await crypto.subtle.sign('HMAC', key, bytes(`anneal/first-admin/v1\n${canonicalJson(enrolment)}`)));
}

export const hexOf = (bytes: ArrayBuffer): string =>
  Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
