// Answering a gate, and what was answered.
import { durationMs } from '../../contracts/units.ts';
import { DECISION_TTL } from '../../infra/identity/answer.ts';
import { instant } from '../../infra/markup/figures.ts';
import { type Html, html, raw } from '../../infra/markup/html.ts';
import type { GateOutcome } from '../../infra/temporal/gates.ts';
import { mayDo } from '../../policies/console-roles.ts';
import type { DecisionData } from '../assets/decision-body.ts';
import { decisionForm } from '../passkeys/pages.ts';
import type { LookedAtGate } from '../read/gate.ts';
import { marked } from '../show/text.ts';
import type { Viewer } from '../viewer.ts';
import type { GatePage } from './gate.ts';

interface Choice {
  readonly name: string;
  readonly effect: string | undefined;
}

export function answerForms({ looked, viewer, passkeys, refused }: GatePage): Html {
  const { opening, seen, state } = looked;
  const { recommended, safe } = opening;
  const all: readonly Choice[] =
    seen.evidence?.options ?? opening.context.options.map((name) => ({ name, effect: undefined }));
  const allowed = all.filter(({ name }) => seen.evidence !== undefined || name === safe);
  const marks = (name: string): Html =>
    html`${name === recommended && html` <span class="tag good">recommended</span>`}${name === safe && html` <span class="tag">safe</span>`}`;
  const may = mayDo(viewer, 'decide') && state === 'open';
  // Nothing is chosen beforehand: whoever answers has to say which.
  const choices = all.map(({ name, effect }) =>
    may && allowed.some((one) => one.name === name)
      ? html`<li><label><input type="radio" name="option" value="${name}" required><span><strong>${name}</strong>${marks(name)}${effect !== undefined && html`<span class="effect">${marked(effect)}</span>`}</span></label></li>`
      : html`<li><span><strong>${name}</strong>${marks(name)}${effect !== undefined && html`<span class="effect">${marked(effect)}</span>`}</span></li>`,
  );
  const command = html`<p class="note">On any machine with the home: <code class="command">./anneal decide ${opening.context.gate} OPTION --reason "…"</code></p>`;
  if (!may) {
    const why =
      state === 'open' ? `You are here as a ${viewer.role}: an approver answers.` : 'It takes no more answers.';
    return html`<section aria-labelledby="h-answer"><h2 id="h-answer">Options</h2><ul class="options">${choices}</ul><p class="note">${why}</p>${state === 'open' && command}</section>`;
  }
  if (passkeys !== undefined)
    return html`<section aria-labelledby="h-answer"><h2 id="h-answer">Your answer</h2>${raw(String(decisionForm(dataOf(looked, viewer, passkeys, allowed))))}${command}</section>`;
  return html`<section aria-labelledby="h-answer"><h2 id="h-answer">Your answer</h2>${
    refused &&
    html`<p class="trouble" role="alert"><a href="/errors/${refused.code}"><code>${refused.code}</code></a> ${refused.message}</p>`
  }<form class="decision" method="post" action="/gates/${opening.context.gate}/decisions">
<fieldset><legend class="quiet">Option</legend><ul class="options">${choices}</ul></fieldset>
<label class="field">Reason, signed and kept<textarea name="reason" rows="2" maxlength="4000" required autocomplete="off">${refused?.reason}</textarea></label>
<input type="hidden" name="evidenceHash" value="${opening.context.evidenceHash}"><input type="hidden" name="csrf" value="${viewer.csrf}">
<div class="actions"><button class="primary">Sign and send</button>${
    viewer.how === 'local' && html`<p class="note">Signed with this machine's key.</p>`
  }</div></form>${command}</section>`;
}

/** All that the body of a decision needs, for a script that has it signed by a passkey (assets/decide.ts). */
function dataOf(
  { opening }: LookedAtGate,
  viewer: Viewer,
  { rpId, own }: NonNullable<GatePage['passkeys']>,
  allowed: readonly Choice[],
): DecisionData {
  const { campaign, runChain, gate, evidenceHash } = opening.context;
  const { recommended, safe } = opening;
  const said = (name: string): string =>
    [name === recommended && 'Recommended.', name === safe && 'Safe: taken when nobody answers.']
      .filter(Boolean)
      .join(' ');
  return {
    ...{ campaign, runChain, gate, evidenceHash, approver: viewer.name, rpId, keys: own, csrf: viewer.csrf },
    options: allowed.map(({ name, effect }) => ({ name, effect: [effect, said(name)].filter(Boolean).join(' ') })),
    ...{ ttlMs: durationMs(DECISION_TTL), now: new Date().toISOString() },
  };
}

export function closing({ outcome, seen, opening }: LookedAtGate): Html {
  const effect = (option: string): string | undefined =>
    seen.evidence?.options.find(({ name }) => name === option)?.effect;
  const option = outcome !== undefined && 'option' in outcome ? outcome.option : undefined;
  return html`<section class="closed" aria-labelledby="h-answer"><h2 id="h-answer">${outcome === undefined ? 'Closed; how is not known' : closedHow(outcome)}</h2>${
    option !== undefined && html`<p>${marked(effect(option) ?? '')}</p>`
  }${outcome?.how === 'decided' && signed(outcome, opening.context.evidenceHash)}</section>`;
}

function closedHow(outcome: GateOutcome): Html {
  const at = instant(outcome.at);
  switch (outcome.how) {
    case 'decided':
      return html`<strong>${outcome.option}</strong>, decided by ${outcome.approver} on ${at}`;
    case 'expired':
      return html`<strong>${outcome.option}</strong>: nobody answered until ${at}`;
    case 'automatic':
      return html`<strong>${outcome.option}</strong>: not asked, taken on ${at}`;
    case 'withdrawn':
      return html`Withdrawn on ${at}, before anybody had answered`;
  }
}

function signed(outcome: Extract<GateOutcome, { how: 'decided' }>, shown: string): Html {
  const { body } = outcome.decision;
  const same = body.evidenceHash === shown;
  return html`<dl class="facts"><div><dt>reason</dt><dd>${marked(outcome.reason)}</dd></div>
<div><dt>signed by</dt><dd>${outcome.approver}, ${outcome.decision.assertion === undefined ? 'key' : 'passkey'} <code title="${outcome.keyId}">${outcome.keyId.slice(0, 16)}</code>${outcome.unattended && html` <span class="tag warn">unattended</span>`}${outcome.selfApproved && html` <span class="tag warn">the owner decided</span>`}</dd></div>
<div><dt>on evidence</dt><dd><code class="hash">${body.evidenceHash}</code> ${same ? html`<span class="good">what stands here</span>` : html`<strong class="bad">not what stands here</strong>`}</dd></div>
<div><dt>decision</dt><dd><code class="hash">${body.id}</code></dd></div></dl>`;
}
