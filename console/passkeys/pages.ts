// What stands on the pages where passkeys are made and decide. The scripts fill in the parts (console/assets/).
import { html } from 'hono/html';
import type { DecisionData } from '../assets/decision-body.ts';
import type { Viewer } from '../viewer.ts';
import { moduleAddress } from './modules.ts';

export const ENROL_PATH = '/passkeys';
export const ENROL_OPTIONS_PATH = '/passkeys/options';
export const PROOF_PATH = '/passkeys/proof';
export const DECISIONS_PATH = '/decisions';

export function enrolContent({ name, csrf }: Viewer) {
  const data = JSON.stringify({ csrf, options: ENROL_OPTIONS_PATH, submit: ENROL_PATH, proof: PROOF_PATH });
  return html`<section data-enrol="${data}">
<p>A passkey on this device will sign what you decide, as <strong>${name}</strong>. Your finger, face or PIN never leaves the device. It counts once an admin has confirmed it.</p>
<p><button type="button" class="primary" data-part="make">Make a passkey on this device</button></p>
<p role="status" data-part="told"></p>
<div data-part="made" hidden>
<p>Tell an admin this fingerprint by another way than this page, and hand them the file:</p>
<p><code data-part="fingerprint"></code></p>
<p><a data-part="download" download="enrolment.json">enrolment.json</a></p>
<pre data-part="json"></pre>
</div>
</section>
<script type="module" src="${moduleAddress('enrol')}"></script>`;
}

/** Where the link of the first admin leads, before anybody is signed in: the code is kept from the identity provider. */
export function firstAdminContent() {
  return html`<section data-first-admin>
<p>This link makes whoever opens it the first admin: sign in under the name that it was made for, on the device that will decide, and make a passkey there.</p>
<p><a class="primary" href="${ENROL_PATH}" data-part="go" hidden>Sign in and make the passkey</a></p>
<p role="status" data-part="told"></p>
<noscript><p>Passkeys need JavaScript.</p></noscript>
</section>
<script type="module" src="${moduleAddress('first-admin')}"></script>`;
}

/** The form of an open gate for somebody who decides with a passkey. */
export function decisionForm(data: DecisionData) {
  const options = data.options.map(
    ({ name, effect }) =>
      html`<p><label><input type="radio" name="option" value="${name}" required> <strong>${name}</strong> <bdi>${effect}</bdi></label></p>`,
  );
  return html`<form method="post" action="${DECISIONS_PATH}" data-decision="${JSON.stringify(data)}">
<div data-part="ask">
<fieldset><legend>Option</legend>${options}</fieldset>
<p><label>Reason, which is signed and kept<br><textarea name="reason" rows="3" maxlength="4000" required></textarea></label></p>
<p><button type="submit" class="primary">Look at what will be signed</button></p>
</div>
<div data-part="review" hidden>
<p>Your passkey will sign exactly this:</p>
<dl data-part="signed"></dl>
<p><button type="button" class="primary" data-part="sign">Sign with your passkey</button> <button type="button" data-part="back">Back</button></p>
</div>
<button type="button" data-part="again" hidden>Send it again</button>
<div data-part="done" hidden></div>
<p role="status" data-part="told"></p>
<noscript><p>Passkeys need JavaScript. <code>./anneal decide</code> on a machine with an approver's key does not.</p></noscript>
</form>
<script type="module" src="${moduleAddress('decide')}"></script>`;
}
