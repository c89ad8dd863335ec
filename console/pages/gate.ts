// One gate on one page: what is asked, on what evidence, what happens on each answer and on silence, and the answer itself.
import type { CampaignSpec } from '../../contracts/campaign.ts';
import type { Evidence } from '../../contracts/gate.ts';
import type { CampaignState } from '../../contracts/record.ts';
import type { Approver } from '../../infra/identity/keys.ts';
import { count, instant, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { Critical } from '../../policies/critical.ts';
import { neededFor } from '../../policies/quorum.ts';
import { waitingWords } from '../../policies/waiting.ts';
import type { KnownPasskey } from '../passkeys/known.ts';
import type { LookedAtGate } from '../read/gate.ts';
import { logicOf, ruleOf } from '../show/logic.ts';
import { intervalOf, plotPassRates } from '../show/plots.ts';
import { firstLines, marked } from '../show/text.ts';
import type { Viewer } from '../viewer.ts';
import { answerForms, closing } from './answer.ts';
import { kindOf } from './gates.ts';
import { distance } from './layout.ts';

export interface GatePage {
  readonly looked: LookedAtGate;
  readonly viewer: Viewer;
  readonly critical: Critical;
  /** Whoever may decide, by their keys. */
  readonly approvers: readonly Pick<Approver, 'name' | 'keyId' | 'revokedAt'>[];
  /** Of whoever looks, where people sign with their own. */
  readonly passkeys: { readonly rpId: string; readonly own: readonly KnownPasskey[] } | undefined;
  readonly attachments: readonly Html[];
  /** Of its campaign, where it can be read. */
  readonly spec: CampaignSpec | undefined;
  readonly state: CampaignState | undefined;
  readonly now: Date;
  /** Said beside the form: why an answer was not taken, and what was written. */
  readonly refused?: { readonly code: string; readonly message: string; readonly reason: string } | undefined;
}

export function gatePage(page: GatePage): Html {
  const { looked, now } = page;
  const { opening, seen, state } = looked;
  const { evidence } = seen;
  return html`<article class="gate">
<header data-part="head"><p class="soft"><span class="kind">${kindOf(opening.context.gate)}</span> ${aboutOf(opening.context)} <code>${opening.context.gate}</code></p><h1>${opening.title}</h1>${
    state === 'open'
      ? html`<p class="silence">Silence takes <strong>${opening.safe}</strong> in <strong>${distance(opening.deadline, now)}</strong>, on ${instant(opening.deadline.toISOString())}.</p>${saidSoFar(page)}`
      : html`<p class="silence">${state === 'closing' ? 'An answer was taken in and is being recorded.' : 'Closed.'}</p>`
  }</header>
<div class="told">${evidence === undefined ? unreadable(looked) : html`<p class="why">${marked(evidence.why)}</p><p class="risk"><strong>Risk</strong> ${marked(evidence.risk)}</p>${facts(evidence)}`}</div>
<div data-part="answer" data-state="${state}:${looked.at.run}">${state === 'closed' ? closing(looked) : answerForms(page)}</div>
<div class="rest">${evidence && evidence.logTail.length > 0 && logTail(evidence)}
${page.attachments.length > 0 && html`<section aria-labelledby="h-attached"><h2 id="h-attached">Attached</h2>${page.attachments}</section>`}
${page.state && page.state.rounds.length > 0 && html`<section aria-labelledby="h-rates"><h2 id="h-rates">Pass rate by round</h2>${plotPassRates(page.state.baseline, page.state.rounds)}<p class="note">From the campaign's record, beside the evidence: it is no part of what is signed.</p></section>`}
<section aria-labelledby="h-rules"><h2 id="h-rules">Why this is asked, and of whom</h2>${rules(page)}</section>
<section aria-labelledby="h-bound"><h2 id="h-bound">What is signed</h2>${bound(looked, evidence)}</section></div>
</article>`;
}

/** A gate bears the name of the case that asks, which is not always a campaign. */
function aboutOf({ gate, campaign }: LookedAtGate['opening']['context']): Html {
  const name = gate.slice(0, gate.indexOf('.'));
  const of =
    name.startsWith('ticket-') && kindOf(gate) === 'merge'
      ? 'tickets'
      : kindOf(gate) === 'merge'
        ? 'incidents'
        : name.startsWith('research-') && kindOf(gate) === 'plan'
          ? 'research'
          : undefined;
  const link = html`<a href="/campaigns/${campaign}">${campaign}</a>`;
  if (of === undefined) return link;
  return html`<a href="/${of}/${name}">${name}</a>${name !== campaign && html` ${link}`}`;
}

/** Where several people have to say the same; for the safe option one is enough. */
function saidSoFar({ looked, critical }: GatePage): Html | false {
  const kind = looked.seen.evidence?.kind;
  const needed = kind === undefined ? 1 : neededFor(critical.approvals.quorum, kind);
  if (needed < 2 && looked.answered.length === 0) return false;
  const said = looked.answered.map(({ approver, option, at }) => `${approver} said ${option} on ${instant(at)}`);
  return html`<p class="silence">${needed} people have to say the same, but for ${looked.opening.safe}. ${said.length === 0 ? 'Nobody has answered yet.' : html`${marked(said.join('; '))}.`}</p>`;
}

function unreadable({ seen, opening }: LookedAtGate): Html {
  const why = seen.evidence === undefined ? seen.why : undefined;
  return html`<div class="trouble" role="note"><p><strong>Its evidence cannot be read.</strong> <a href="/errors/${why?.code ?? ''}"><code>${why?.code}</code></a>: ${why?.message}</p><p>Nobody can see what this gate asks about, so only <strong>${opening.safe}</strong>, which silence takes too, may be chosen.</p></div>`;
}

function facts(evidence: Evidence): Html {
  const rows = evidence.facts.map(({ name, value }) => {
    const said = /^[0-9a-f]{64}$/.test(value) ? html`<code class="hash">${value}</code>` : marked(value);
    const drawn = intervalOf(name, value);
    return html`<div><dt>${marked(name)}</dt><dd${drawn && html` class="drawn"`}>${drawn}<span>${said}</span></dd></div>`;
  });
  const cost = html`<div><dt>spent so far</dt><dd>${count(evidence.cost.tokens)} tokens, ${span(evidence.cost.seconds)}</dd></div>${
    evidence.waiting && html`<div><dt>cost of waiting</dt><dd>${marked(waitingWords(evidence.waiting))}</dd></div>`
  }`;
  return html`<section aria-labelledby="h-facts"><h2 id="h-facts">Facts</h2><dl class="facts">${rows}${cost}</dl></section>`;
}

function logTail({ logTail: lines }: Evidence): Html {
  const cut = firstLines(lines.slice(-80).join('\n'), 80, 10_000);
  return html`<section aria-labelledby="h-log"><h2 id="h-log">Log, its last ${Math.min(80, lines.length)} lines</h2><pre tabindex="0">${marked(cut.text)}</pre></section>`;
}

function rules({ looked, critical, approvers, spec }: GatePage): Html {
  const { opening, told, refusals } = looked;
  const kind = looked.seen.evidence?.kind;
  const sentences = kind === undefined ? [] : [...logicOf(kind, spec), ...ruleOf(kind, critical)];
  const valid = approvers.filter(({ revokedAt }) => revokedAt === undefined);
  const names = [
    ...new Set(valid.map((one) => `${one.name} (${'passkey' in one ? 'passkey' : 'key'} ${one.keyId.slice(0, 8)})`)),
  ];
  return html`<ul class="plain">${sentences.map((one) => html`<li>${one}</li>`)}<li>May answer: ${names.length === 0 ? 'nobody on this machine’s list' : names.join(', ')}. The campaign is owned by ${opening.context.owner}.</li>${
    told.length > 0 &&
    html`<li>Told: ${told.map(({ whom, by, at }) => `${whom} by ${by}, ${instant(at)}`).join('; ')}.</li>`
  }${refusals > 0 && html`<li><strong>${refusals} ${refusals === 1 ? 'message was' : 'messages were'} sent here as a decision and refused</strong>: ./anneal audit tells which.</li>`}</ul>`;
}

function bound({ opening }: LookedAtGate, evidence: Evidence | undefined): Html {
  return html`<dl class="facts"><div><dt>evidence</dt><dd><code class="hash">${opening.context.evidenceHash}</code>${
    evidence && html` <a href="/gates/${opening.context.gate}/evidence.json" download>download</a>`
  }</dd></div><div><dt>run chain</dt><dd><code class="hash">${opening.context.runChain}</code></dd></div><div><dt>opened</dt><dd>${instant(opening.openedAt.toISOString())}</dd></div></dl>`;
}
