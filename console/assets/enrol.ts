// Makes a passkey on this device and shows what an admin is to confirm.
import { fromBase64url, toBase64url } from './base64url.ts';
import { forgetCode, hexOf, keptCode, proofOf } from './link-code.ts';

interface Enrol {
  readonly csrf: string;
  readonly options: string;
  readonly submit: string;
  readonly proof: string;
}

for (const place of document.querySelectorAll<HTMLElement>('[data-enrol]')) attach(place);

function attach(place: HTMLElement): void {
  const enrol = JSON.parse(place.dataset.enrol!) as Enrol;
  const part = <E extends HTMLElement>(name: string): E => place.querySelector<E>(`[data-part="${name}"]`)!;
  const button = part<HTMLButtonElement>('make');
  const tell = (text: string, how: 'wait' | 'good' | 'bad'): void => {
    part('told').textContent = text;
    part('told').dataset.how = how;
  };

  async function post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json', 'x-anneal-csrf': enrol.csrf };
    const answer = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), redirect: 'error' });
    const said = (await answer.json()) as Record<string, unknown>;
    if (!answer.ok) throw new Error(`${said.title}: ${said.message}. ${said.action} (${said.code})`);
    return said;
  }

  async function make(): Promise<void> {
    tell('Asking this device…', 'wait');
    const asked = (await post(enrol.options, {})) as unknown as PublicKeyCredentialCreationOptionsJSON;
    const credential = (await navigator.credentials.create({ publicKey: optionsOf(asked) })) as PublicKeyCredential;
    const response = credential.response as AuthenticatorAttestationResponse;
    const { attestationObject, clientDataJSON } = response;
    const made = { attestationObject: toBase64url(attestationObject), clientDataJson: toBase64url(clientDataJSON) };
    const { enrolment, fingerprint } = await post(enrol.submit, made);
    const text = `${JSON.stringify(enrolment, null, 2)}\n`;
    part('fingerprint').textContent = String(fingerprint);
    part('json').textContent = text;
    part<HTMLAnchorElement>('download').href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
    part('made').hidden = false;
    if (keptCode() === null) return tell('Made. It counts once an admin has confirmed it.', 'good');
    await prove(enrolment as { keyId: string }, response.getPublicKey());
    tell('Made, and proved by your link: the machine that printed it confirms it in a moment, and says so.', 'good');
  }

  /** The code proves one key: that of this device, whatever the server has sent back. */
  async function prove(enrolment: { keyId: string }, own: ArrayBuffer | null): Promise<void> {
    const code = keptCode() ?? '';
    if (own === null || hexOf(await crypto.subtle.digest('SHA-256', own)) !== enrolment.keyId)
      throw new Error('The server says of another key that it was made here. Nothing was proved.');
    await post(enrol.proof, { keyId: enrolment.keyId, proof: await proofOf(code, enrolment) });
    forgetCode();
  }

  button.addEventListener('click', () => {
    button.disabled = true;
    make()
      .catch((failure: unknown) => tell(failure instanceof Error ? failure.message : String(failure), 'bad'))
      .finally(() => {
        button.disabled = false;
      });
  });
}

function optionsOf(json: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  return {
    ...(json as unknown as PublicKeyCredentialCreationOptions),
    challenge: fromBase64url(json.challenge),
    user: { ...json.user, id: fromBase64url(json.user.id) },
    excludeCredentials: (json.excludeCredentials ?? []).map(({ id }) => ({
      type: 'public-key',
      id: fromBase64url(id),
    })),
  };
}
