// Has a passkey of the person's sign a hash: what decisions and changes of the registry of people have in common.
import { fromBase64url, toBase64url } from './base64url.ts';
import type { OwnKeys } from './form-data.ts';

export interface Signed {
  readonly keyId: string;
  readonly signature: string;
  readonly assertion: { readonly authenticatorData: string; readonly clientDataJson: string };
}

export async function signedBy({ rpId, keys }: OwnKeys, challenge: ArrayBuffer): Promise<Signed> {
  const publicKey: PublicKeyCredentialRequestOptions = {
    ...{ challenge, rpId, userVerification: 'required', timeout: 120_000 },
    allowCredentials: keys.map(({ credential }) => ({ type: 'public-key', id: fromBase64url(credential) })),
  };
  const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
  const key = keys.find((one) => one.credential === credential?.id);
  if (credential === null || key === undefined) throw new Error('it is not a passkey of yours that this console knows');
  const { authenticatorData, clientDataJSON, signature } = credential.response as AuthenticatorAssertionResponse;
  const assertion = { authenticatorData: toBase64url(authenticatorData), clientDataJson: toBase64url(clientDataJSON) };
  return { keyId: key.keyId, signature: toBase64url(signature), assertion };
}
