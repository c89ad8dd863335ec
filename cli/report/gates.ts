// Every gate: what was asked, what the approver was shown, what was decided, by whom, and why.
import type { Decision, Evidence } from '../../contracts/gate.ts';
import type { GateRecord, GateWait } from '../../contracts/record.ts';
import { dataTable } from '../../infra/markup/charts.ts';
import { grouped, instant, span } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { term } from './terms.ts';
import { type ReportView, shortHash } from './view.ts';

export function gates({ data }: ReportView): Html {
  const shown = new Map(data.evidences.map((evidence) => [evidence.gate, evidence]));
  const waits = new Map(data.waits?.map((wait) => [wait.gate, wait]));
  const body =
    data.state.gates.length === 0
      ? html`<p>No gate was opened.</p>`
      : data.state.gates.map((gate) => article(gate, shown.get(gate.gate), waits.get(gate.gate)));
  return html`<section id="gates" aria-labelledby="h-gates"><h2 id="h-gates">Human decisions</h2>
<p class="lead">Each decision is signed over exactly the evidence shown here. No effect is carried out without it.</p>${body}</section>`;
}

function article(gate: GateRecord, shown: Evidence | undefined, wait: GateWait | undefined): Html {
  const { result } = gate;
  const title = shown?.title ?? gate.gate;
  return html`<article class="gate">
<header><h3>${title}</h3><p class="marks">${marks(gate)}</p></header>
${shown !== undefined && html`<p>${shown.why}</p><p class="soft">Risk: ${shown.risk}</p>`}
${options(gate, shown)}
${shown !== undefined && evidenceTable(shown)}
${shown !== undefined && shown.logTail.length > 0 && html`<details class="data"><summary>Log lines that were shown</summary><pre>${shown.logTail.join('\n')}</pre></details>`}
<dl class="decision">${decision(gate, shown)}${waited(gate, wait)}</dl>
${result === undefined && html`<p class="note">This gate has no answer.</p>`}
</article>`;
}

function marks({ result }: GateRecord): Part {
  if (result === undefined) return html`<span class="mark-open">open</span>`;
  if (result.how === 'expired') return html`<span class="mark-warn">expired: the safe option was taken</span>`;
  if (result.how === 'automatic')
    return html`<span class="mark-warn">not asked: the recommended option was taken</span>`;
  return [
    html`<span class="mark-done">decided: ${result.option}</span>`,
    result.decision.body.unattended && html`<span class="mark-warn">${term('unattended')}</span>`,
    result.decision.body.breakGlass === true && html`<span class="mark-warn">without the others</span>`,
    result.selfApproved && html`<span class="mark-warn">${term('self-approved')}</span>`,
  ];
}

function options({ result, recommended }: GateRecord, shown: Evidence | undefined): Html {
  const all = shown?.options ?? [{ name: recommended, effect: '' }];
  const rows = all.map((option) => {
    const chosen = result?.option === option.name;
    const notes = [
      ...(chosen ? ['chosen'] : []),
      ...(option.name === recommended ? ['recommended'] : []),
      ...(option.name === shown?.safe ? ['safe'] : []),
    ];
    return html`<li class="${chosen ? 'chosen' : 'open'}"><span class="tick" aria-hidden="true">${chosen ? '●' : '○'}</span><div><strong>${option.name}</strong>${notes.length > 0 && html` <span class="soft">${notes.join(', ')}</span>`}<br>${option.effect}</div></li>`;
  });
  return html`<ul class="options">${rows}</ul>`;
}

function evidenceTable(shown: Evidence): Html {
  const rows = shown.facts.map((fact) => [fact.name, fact.value]);
  const cost = ['spent until then', `${grouped(shown.cost.tokens)} tokens, ${span(shown.cost.seconds)}`];
  return html`<details class="data"><summary>Evidence that was shown</summary>${dataTable(`Evidence of ${shown.gate}`, ['fact', 'value'], [...rows, cost], { numeric: false })}</details>`;
}

function decision({ gate, evidence, result }: GateRecord, shown: Evidence | undefined): Part {
  const followed = result !== undefined && shown !== undefined && result.option === shown.recommended;
  const signed =
    result?.how === 'decided'
      ? [
          entry(
            'by',
            html`${personOf(result.decision)} <span class="soft">key</span> ${shortHash(result.decision.keyId)}`,
          ),
          ...(result.seconds ?? []).map((one) =>
            entry('and by', html`${personOf(one.decision)} <span class="soft">on ${instant(one.acceptedAt)}</span>`),
          ),
          entry('when', instant(result.decision.body.signedAt)),
          entry('reason', html`<q>${result.decision.body.reason}</q>`),
          entry('followed advice', followed ? 'yes' : 'no'),
        ]
      : [];
  return [...signed, entry('gate', html`<code>${gate}</code>`), entry('evidence', shortHash(evidence.sha256))];
}

const entry = (name: string, value: Part): Html => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;

/** Who signed, and in whose name. */
const personOf = ({ body }: Decision): string =>
  body.inNameOf === undefined ? body.approver : `${body.approver} in the name of ${body.inNameOf}`;

/** How long it was open, until it took its answer in, and who was told of it meanwhile. */
function waited({ result }: GateRecord, wait: GateWait | undefined): Part {
  if (wait === undefined || result?.how === 'automatic') return undefined;
  const { openedAt, closedAt, told } = wait;
  const until = result?.how === 'decided' ? result.acceptedAt : closedAt;
  const seconds = openedAt === undefined || until === undefined ? undefined : Date.parse(until) - Date.parse(openedAt);
  return [
    seconds !== undefined && entry('waited', span(Math.max(0, seconds / 1000))),
    entry(
      'told',
      told.length === 0
        ? 'nobody'
        : told.map(({ whom, by, at }, index) => html`${index > 0 && html`<br>`}${whom} by ${by} on ${instant(at)}`),
    ),
  ];
}
