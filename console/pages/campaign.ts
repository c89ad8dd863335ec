// One campaign: where it stands, what each round brought, what it used, what was asked and answered.
import type { GateRecord, RoundRecord } from '../../contracts/record.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { count, instant, percent, points, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { LookedAtCampaign } from '../read/campaign.ts';
import { renderBudgets } from '../show/budgets.ts';
import { renderLineage } from '../show/lineage.ts';
import { plotPassRates } from '../show/plots.ts';
import { marked } from '../show/text.ts';
import { distance } from './layout.ts';

export function campaignPage(looked: LookedAtCampaign, now: Date): Html {
  const { name, spec, state, status, broken, unanswered } = looked;
  const alarms = state.rounds.filter(({ ledger }) => (ledger.masked.integrity_alarm ?? 0) > 0);
  return html`<article class="campaign"><header data-part="head"><p class="soft"><span>${spec.policy.base}</span> <span>owner ${spec.owner}</span> <span>since ${instant(state.startedAt)}</span></p><h1>${name}</h1>${
    spec.description !== '' && html`<p class="why">${marked(spec.description)}</p>`
  }${where(looked, now)}${broken && html`<p class="trouble"><code>${broken.code}</code> ${broken.message}</p>`}${
    status === undefined &&
    html`<p class="trouble">${unanswered && html`<code>${unanswered.code}</code> `}Its workflow does not answer: shown is what it last saved.</p>`
  }</header>
<section data-part="rounds" aria-labelledby="h-rounds"><h2 id="h-rounds">Rounds</h2>${
    state.rounds.length === 0
      ? html`<p class="soft">No round is finished.</p>`
      : html`${plotPassRates(state.baseline, state.rounds)}${roundsTable(looked)}`
  }${state.archivedRounds && html`<p class="note">Only the newest ${state.rounds.length} rounds are shown.</p>`}<p class="note">Rollouts: ${roundLinks(looked)}</p></section>
<section data-part="lineage" aria-labelledby="h-lineage"><h2 id="h-lineage">Versions</h2>${renderLineage(state)}</section>
<div class="pair"><section data-part="budgets" aria-labelledby="h-budgets"><h2 id="h-budgets">Budgets</h2>${renderBudgets(looked)}</section>
<section data-part="alarms" aria-labelledby="h-alarms"><h2 id="h-alarms">Integrity</h2>${
    alarms.length === 0
      ? html`<p>No rollout of a finished round raised an alarm.</p>`
      : html`<ul class="plain">${alarms.map((one) => alarmLine(looked, one))}</ul>`
  }</section></div>
<section data-part="gates" aria-labelledby="h-gates"><h2 id="h-gates">Gates</h2>${gatesOf(looked)}</section>
<section aria-labelledby="h-more"><h2 id="h-more">Report</h2>${
    looked.hasReport
      ? html`<p><a href="/campaigns/${name}/report">The report</a>, as one page that needs nothing else.</p>`
      : html`<p class="soft">It is written when the campaign ends: <code>./anneal report ${name}</code></p>`
  }</section></article>`;
}

const OF_ROUNDS: ReadonlySet<string> = new Set(['rollout', 'train', 'evaluate', 'decide']);

/** The state counts rounds that are finished. */
const atWork = ({ round }: LookedAtCampaign['state']): number => round + 1;

function where({ state, status, spec }: LookedAtCampaign, now: Date): Html {
  if (state.ending !== 'running')
    return html`<p class="where"><strong>${state.ending.replace('-', ' ')}</strong>${state.stoppedBy && html` · ${state.stoppedBy}`}</p>`;
  const progress = status?.progress;
  const gate = status?.openGate;
  const at = status !== undefined && OF_ROUNDS.has(status.stage) ? `, round ${atWork(state)} of ${spec.rounds}` : '';
  return html`<p class="where"><strong>${status?.stage ?? 'running'}</strong>${at}${
    progress && html` · ${progress.done} of ${progress.total} ${progress.unit}`
  }${status?.waitingFor && html` · waiting for ${status.waitingFor}`}</p>${
    gate &&
    html`<p class="silence">It waits for an answer: <a href="/gates/${gate.gate}">${gate.gate}</a>, ${distance(new Date(gate.deadline), now)} left.</p>`
  }${status?.error && html`<p class="trouble"><code>${status.error.code}</code> ${marked(status.error.message)}</p>`}`;
}

function roundsTable({ name, state: { rounds } }: LookedAtCampaign): Html {
  const rate = ({ value, low, high, n }: RoundRecord['gate']['passRate']): Html =>
    n === 0
      ? html`<span class="soft">–</span>`
      : html`${percent(value)} <span class="soft">(${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})</span>`;
  return dataTable(
    'By round, with intervals',
    ['round', 'verdict', 'visible', 'gate', 'gain', 'trained', 'tokens', 'time'],
    rounds.map((one) => [
      html`<a href="/campaigns/${name}/rounds/${one.round}/rollouts">${one.round}</a>`,
      html`<span class="verdict-${one.verdict}" title="${one.why}">${one.verdict}</span>`,
      rate(one.visible.passRate),
      rate(one.gate.passRate),
      one.gate.gain === undefined ? '–' : points(one.gate.gain.value, { unit: false }),
      `${one.ledger.trained} of ${one.ledger.requested}`,
      count(one.tokens),
      span(one.seconds),
    ]),
    { texts: [1] },
  );
}

function roundLinks({ name, spec, state }: LookedAtCampaign): Html[] {
  const numbers = new Set([
    0,
    ...state.rounds.map(({ round }) => round),
    ...(state.ending === 'running' ? [atWork(state)] : []),
  ]);
  return [...numbers]
    .filter((round) => round <= spec.rounds)
    .toSorted((a, b) => a - b)
    .map(
      (round) =>
        html`<a href="/campaigns/${name}/rounds/${round}/rollouts">${round === 0 ? 'baseline' : `round ${round}`}</a> `,
    );
}

function alarmLine({ name }: LookedAtCampaign, { round, ledger }: RoundRecord): Html {
  const alarms = ledger.masked.integrity_alarm ?? 0;
  return html`<li><a href="/campaigns/${name}/rounds/${round}/rollouts?outcome=integrity_alarm">Round ${round}</a>: <strong class="bad">${alarms} of ${ledger.requested}</strong> rollouts were masked for it</li>`;
}

function gatesOf({ state, status }: LookedAtCampaign): Html {
  const open = status?.openGate;
  if (state.gates.length === 0 && open === undefined) return html`<p class="soft">Nothing was asked yet.</p>`;
  return html`<ul class="plain">${open && html`<li><a href="/gates/${open.gate}">${open.gate}</a>: <span class="warn">open</span></li>`}${state.gates.map(
    (one) => html`<li>${gateLine(one)}</li>`,
  )}</ul>`;
}

function gateLine({ gate, result }: GateRecord): Html {
  const link = html`<a href="/gates/${gate}">${gate}</a>`;
  switch (result?.how) {
    case 'decided':
      return html`${link}: <strong>${result.option}</strong> by ${result.decision.body.approver}: “${marked(result.decision.body.reason.slice(0, 200))}”`;
    case 'expired':
      return html`${link}: <strong>${result.option}</strong>, nobody answered in time`;
    case 'automatic':
      return html`<code>${gate}</code>: <strong>${result.option}</strong>, not asked`;
    default:
      return html`${link}`;
  }
}
