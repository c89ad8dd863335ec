// For admins: who may what, and the passkeys that wait to be confirmed.
import { personKey, type Registry } from '../../contracts/people.ts';
import { instant } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { WaitingEnrolment } from '../../infra/people/enrolments.ts';
import type { ConfirmData, OwnKeys } from '../assets/form-data.ts';
import { moduleAddress } from '../passkeys/modules.ts';
import type { Viewer } from '../viewer.ts';

export const PEOPLE_PATH = '/people';
export const NEXT_ENTRY_PATH = `${PEOPLE_PATH}/next`;
export const PEOPLE_ENTRIES_PATH = `${PEOPLE_PATH}/entries`;

export interface PeoplePage {
  readonly registry: Registry;
  readonly waiting: readonly WaitingEnrolment[];
  readonly viewer: Viewer;
  /** The admin's own, that sign; undefined where the machine's key does, by the command. */
  readonly own: OwnKeys | undefined;
}

export function peoplePage({ registry, waiting, viewer, own }: PeoplePage): Html {
  const people = [...registry.people.values()];
  return html`<div class="headline"><h1>People</h1></div>
<section aria-labelledby="h-waiting"><h2 id="h-waiting">${waiting.length === 0 ? 'No passkey waits' : `${waiting.length} ${waiting.length === 1 ? 'passkey waits' : 'passkeys wait'} to be confirmed`}</h2>
${waiting.length > 0 && html`<p>Ask each person, by another way than this console, to read out the fingerprint that their device showed them. Type what they say: it is compared with what lies here.</p>`}
${waiting.map((one, at) => waitingOne(one, at, viewer, own))}</section>
<section aria-labelledby="h-known"><h2 id="h-known">Who may what</h2>
${
  people.length === 0
    ? html`<p>Nobody stands in the registry yet: <code>./anneal approvers add NAME</code></p>`
    : html`<div class="scroll" tabindex="0" role="region" aria-label="People"><table><thead><tr><th scope="col">name</th><th scope="col">role</th><th scope="col">keys</th><th scope="col">since</th></tr></thead><tbody>${people.map(
        ({ name, role, revokedAt, addedAt }) =>
          html`<tr data-row><th scope="row">${name}</th><td>${revokedAt === undefined ? role : html`<span class="bad">revoked</span>`}</td><td>${keysOf(registry, name)}</td><td class="nowrap">${instant(addedAt)}</td></tr>`,
      )}</tbody></table></div>`
}</section>${own !== undefined && waiting.length > 0 && html`<script type="module" src="${moduleAddress('confirm')}"></script>`}`;
}

function waitingOne(
  { enrolment, changes, trouble }: WaitingEnrolment,
  at: number,
  viewer: Viewer,
  own: PeoplePage['own'],
) {
  const { name, issuer, subject, keyId, passkey } = enrolment;
  const isNew = changes.some(({ what }) => what === 'person-added');
  return html`<article class="waiting" aria-labelledby="h-waiting-${at}"><h3 id="h-waiting-${at}">${name}</h3>
<dl class="facts"><div><dt>signed in as</dt><dd>${subject} of ${issuer}</dd></div><div><dt>key</dt><dd><code class="hash">${keyId}</code></dd></div><div><dt>for</dt><dd>${passkey.rpId}</dd></div></dl>
${isNew && html`<p class="note">Nobody here is called ${name}: they are added as an approver with it, and you sign twice.</p>`}
${
  trouble !== undefined
    ? html`<p class="trouble"><strong>It cannot be confirmed:</strong> ${trouble}.</p>`
    : own === undefined
      ? html`<p class="note"><code class="command">./anneal approvers confirm ${keyId.slice(0, 16)} --fingerprint "…"</code></p>`
      : confirmForm({ enrolment, changes }, at, viewer, own)
}
<form method="post" action="${PEOPLE_PATH}/enrolments/${keyId}/refuse"><input type="hidden" name="csrf" value="${viewer.csrf}"><button>Refuse the passkey of ${name}</button></form></article>`;
}

function confirmForm(
  { enrolment, changes }: Pick<WaitingEnrolment, 'enrolment' | 'changes'>,
  at: number,
  viewer: Viewer,
  own: OwnKeys,
): Html {
  if (own.keys.length === 0)
    return html`<p class="note">You have no passkey that counts here. Until another admin has confirmed yours: <code class="command">./anneal approvers confirm ${enrolment.keyId.slice(0, 16)} --fingerprint "…"</code></p>`;
  const data: ConfirmData = {
    ...{ ...own, csrf: viewer.csrf, by: viewer.name, enrolment, changes },
    ...{ next: NEXT_ENTRY_PATH, entries: PEOPLE_ENTRIES_PATH },
  };
  return html`<form data-confirm="${JSON.stringify(data)}"><label class="field" for="fingerprint-${at}">The fingerprint that ${enrolment.name} reads out</label>
<textarea id="fingerprint-${at}" name="fingerprint" rows="2" required autocomplete="off" autocapitalize="none" spellcheck="false"></textarea>
<div class="actions"><button class="primary" data-part="confirm">Confirm with your passkey</button></div>
<p role="status" data-part="told"></p><noscript><p>Passkeys need JavaScript.</p></noscript></form>`;
}

function keysOf(registry: Registry, name: string): string {
  const own = [...registry.keys.values()].filter((one) => personKey(one.name) === personKey(name));
  const words = own.map(
    (one) =>
      `${'passkey' in one ? 'passkey' : 'key'} ${one.keyId.slice(0, 16)}${registry.revoked.has(one.keyId) ? ' (revoked)' : ''}`,
  );
  return words.join(', ') || 'none';
}
