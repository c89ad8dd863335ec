// A gate's form where a passkey decides: shows exactly what will be signed, asks for the finger, and sends what was signed. The server passes it on.
import { inGroups } from './base64url.ts';
import { type Body, bodyOf, challengeOf, type DecisionData } from './decision-body.ts';
import { signedBy } from './passkey.ts';

/** Clocks that differ by more are told: what is signed goes by the server's. */
const CLOCK_MS = 5 * 60_000;

interface Asked {
  readonly body: Body;
  readonly challenge: ArrayBuffer;
}

for (const form of document.querySelectorAll<HTMLFormElement>('form[data-decision]')) attach(form);

function attach(form: HTMLFormElement): void {
  const data = JSON.parse(form.dataset.decision!) as DecisionData;
  const part = <E extends HTMLElement>(name: string): E => form.querySelector<E>(`[data-part="${name}"]`)!;
  const [ask, review, sign, again] = [part('ask'), part('review'), part<HTMLButtonElement>('sign'), part('again')];
  const offMs = Date.parse(data.now) - Date.now();
  let asked: Asked | undefined;
  let signed: string | undefined;

  const tell = (text: string, how: 'wait' | 'good' | 'bad'): void => {
    part('told').textContent = text;
    part('told').dataset.how = how;
  };
  const step = (to: HTMLElement): void => {
    for (const one of [ask, review, again]) one.hidden = one !== to;
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void prepare();
  });
  part('back').addEventListener('click', () => {
    asked = undefined;
    step(ask);
  });
  sign.addEventListener('click', () => void signAndSend());
  again.addEventListener('click', () => void send());

  async function prepare(): Promise<void> {
    const given = new FormData(form);
    const option = String(given.get('option') ?? '');
    const reason = String(given.get('reason') ?? '').trim();
    const chosen = data.options.find(({ name }) => name === option);
    if (data.keys.length === 0)
      return tell('You have no passkey that counts here: make one at /passkeys, and have an admin confirm it.', 'bad');
    if (chosen === undefined) return tell('Choose an option.', 'bad');
    if (reason === '') return tell('Give a reason: it is signed and kept.', 'bad');
    const body = bodyOf(data, { option, reason }, new Date(Date.now() + offMs));
    asked = { body, challenge: await challengeOf(body) };
    show(chosen.effect, asked);
    const off = Math.abs(offMs) > CLOCK_MS;
    tell(
      off ? `This device's clock is ${Math.round(Math.abs(offMs) / 60_000)} minutes off; the console's is used.` : '',
      'wait',
    );
    step(review);
    sign.focus();
  }

  function show(effect: string, { body, challenge }: Asked): void {
    const lines: [string, string][] = [
      ...([
        ['Option', body.option],
        ['What it does', effect],
        ['Reason', body.reason],
        ['Gate', body.gate],
      ] as const),
      ...([
        ['Campaign', body.campaign],
        ['Run', body.runChain],
        ['Evidence', body.evidenceHash],
      ] as const),
      ...([
        ['As', body.approver],
        ['Good until', body.expiresAt],
        ['SHA-256 of this', inGroups(challenge)],
      ] as const),
    ].map(([name, value]) => [name, value]);
    part('signed').replaceChildren(
      ...lines.flatMap(([name, value]) => {
        const [term, said] = [document.createElement('dt'), document.createElement('dd')];
        term.textContent = name;
        // Of its own direction: no letter in it turns what stands around it.
        const own = document.createElement('bdi');
        own.textContent = value;
        said.append(own);
        return [term, said];
      }),
    );
  }

  async function signAndSend(): Promise<void> {
    if (asked === undefined || sign.disabled) return;
    sign.disabled = true;
    try {
      tell('Asking your passkey…', 'wait');
      signed = await decisionOf(asked, data);
      await send();
    } catch (failure) {
      tell(`Nothing was signed: ${failure instanceof Error ? failure.message : String(failure)}`, 'bad');
    } finally {
      sign.disabled = false;
    }
  }

  /** The same decision however often: it is applied once. */
  async function send(): Promise<void> {
    tell('Sending…', 'wait');
    const headers = { 'content-type': 'application/json', 'x-anneal-csrf': data.csrf };
    const answer = await fetch(form.action, { method: 'POST', headers, body: signed!, redirect: 'error' }).catch(
      () => undefined,
    );
    if (answer === undefined || answer.status >= 500) {
      step(again);
      return tell('It was signed, and the console did not answer. Send it again: it counts once.', 'bad');
    }
    const said = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    step(answer.ok ? part('done') : ask);
    if (answer.ok) return tell(typeof said.message === 'string' ? said.message : 'Decided.', 'good');
    tell(
      `${said.title ?? 'Refused'}: ${said.message ?? answer.status}. ${said.action ?? ''} (${said.code ?? ''})`,
      'bad',
    );
  }
}

async function decisionOf({ body, challenge }: Asked, data: DecisionData): Promise<string> {
  return JSON.stringify({ body, ...(await signedBy(data, challenge)) });
}
