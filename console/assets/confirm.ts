// An admin confirms a passkey that somebody has made: what its person reads out must be the fingerprint of what stands on this page, and the
// admin's own passkey signs the change, which is built here. The server passes it on.
import { canonicalJson } from '../../contracts/canonical.ts';
import type { ConfirmData } from './form-data.ts';
import { signedBy } from './passkey.ts';

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-confirm]')) attach(form);

function attach(form: HTMLFormElement): void {
  const data = JSON.parse(form.dataset.confirm!) as ConfirmData;
  const part = <E extends HTMLElement>(name: string): E => form.querySelector<E>(`[data-part="${name}"]`)!;
  const button = part<HTMLButtonElement>('confirm');
  const tell = (text: string, how: 'wait' | 'good' | 'bad'): void => {
    part('told').textContent = text;
    part('told').dataset.how = how;
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    confirm()
      .catch((failure: unknown) => tell(failure instanceof Error ? failure.message : String(failure), 'bad'))
      .finally(() => {
        button.disabled = false;
      });
  });

  async function confirm(): Promise<void> {
    const typed = String(new FormData(form).get('fingerprint') ?? '')
      .replaceAll(/[\s:.-]/g, '')
      .toLowerCase();
    if (typed !== (await hexOf(data.enrolment)))
      return tell('That is another fingerprint: it is not this passkey that they made. Confirm nothing.', 'bad');
    const added = data.changes.at(-1);
    if (added?.what !== 'passkey-added' || canonicalJson(added.passkey) !== canonicalJson(data.enrolment.passkey))
      return tell('The page would have another passkey signed than the one it shows.', 'bad');
    for (const change of data.changes) {
      tell(`Asking your passkey: ${change.what}…`, 'wait');
      const { number, previous, at } = await asked(data.next);
      const body = { schema: 'anneal/people-entry/v1', number, previous, at, by: data.by, change };
      const signed = await signedBy(data, await crypto.subtle.digest('SHA-256', bytesOf(body)));
      await asked(data.entries, { body, ...signed });
    }
    tell(`Confirmed: ${data.enrolment.name} decides with it from now on.`, 'good');
    button.hidden = true;
  }

  async function asked(path: string, body?: unknown): Promise<Record<string, unknown>> {
    const headers = { 'content-type': 'application/json', 'x-anneal-csrf': data.csrf };
    const init = body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await fetch(path, { ...init, redirect: 'error' });
    const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    if (!answer.ok)
      throw new Error(`${said.title ?? 'Refused'}: ${said.message ?? answer.status} (${said.code ?? ''})`);
    return said;
  }
}

const bytesOf = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(canonicalJson(value));

async function hexOf(value: unknown): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(value)));
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
