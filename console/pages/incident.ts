// One incident: what the logs say, what the tests say, what was tried, who decided, what landed, and whether it was taken back.
import type { Diagnosis, EvidenceLine, Hypothesis } from '../../contracts/diagnosis.ts';
import type { ForgeTold } from '../../contracts/forge.ts';
import { type IncidentEnd, type RevertEnd, STEPS, type Step } from '../../contracts/incident.ts';
import { grouped, instant, wholePercent } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import { openGateOf } from '../read/cases.ts';
import type { LookedAtIncident } from '../read/incidents.ts';
import { few, model, readable, short, tainted } from '../show/said.ts';
import { changesPart } from './change.ts';
import { endWords } from './incidents.ts';
import { distance } from './layout.ts';

const MOST_EVIDENCE = 30;
const MOST_HYPOTHESES = 10;

export function incidentPage(looked: LookedAtIncident, open: readonly ListedGate[], now: Date): Html {
  const { name, end, diagnosis, changes, reproduced, forge, reverted, unanswered } = looked;
  const gate = openGateOf(open, name);
  const tried = end?.value !== undefined && 'tried' in end.value ? end.value.tried : (looked.view?.tried ?? []);
  const why = (change: string | undefined): string | undefined =>
    change === undefined ? undefined : tried.find((one) => one.change === change)?.why;
  return html`<article class="case"><header data-part="head"><p class="soft"><a href="/incidents">Incident</a> ${origin(looked)}</p><h1>${name}</h1>${standing(looked)}${waits(gate, now)}${
    unanswered &&
    html`<p class="trouble"><code>${unanswered.code}</code> Temporal does not answer: shown is what the store has.</p>`
  }${steps(looked, gate !== undefined)}</header>
<section data-part="diagnosis" aria-labelledby="h-diagnosis"><h2 id="h-diagnosis">Diagnosis</h2>${
    diagnosis === undefined
      ? html`<p class="soft">The logs are not read yet.</p>`
      : readable(diagnosis, (value) => diagnosisPart(value, looked.ownLogs))
  }</section>
<section data-part="before" aria-labelledby="h-before"><h2 id="h-before">The tests before</h2>${testsBefore(reproduced)}</section>
<section data-part="tries" aria-labelledby="h-tries"><h2 id="h-tries">What was tried</h2>${changesPart(changes, why)}</section>
<section data-part="decided" aria-labelledby="h-decided"><h2 id="h-decided">Decision and merge</h2>${gateLinks(looked.gates, gate?.gate)}${end && readable(end, closing)}${forge && readable(forge, forgePart)}${
    end === undefined &&
    looked.gates.length === 0 &&
    gate === undefined &&
    html`<p class="soft">Nobody was asked yet, and nothing has landed.</p>`
  }</section>
${reverted && html`<section data-part="reverted" aria-labelledby="h-reverted"><h2 id="h-reverted">What came after</h2>${readable(reverted, revertPart)}</section>`}</article>`;
}

function origin({ input, began }: LookedAtIncident): Html {
  if (input === undefined) return began === undefined ? html`` : html`<span>since ${instant(began.at)}</span>`;
  const { campaign, owner, repository, logs } = input;
  return html`<span>${campaign === null ? html`of somebody’s logs` : html`of the campaign <a href="/campaigns/${campaign}">${campaign}</a>`}</span> <span>repository ${repository}</span> <span>owner ${short(owner, 60)}</span> <span>${logs.length === 1 ? '1 log' : `${grouped(logs.length)} logs`}</span>${began && html` <span>since ${instant(began.at)}</span>`}`;
}

function standing({ end, view }: LookedAtIncident): Html {
  if (end?.value !== undefined && view === undefined)
    return html`<p class="where"><strong>${endWords(end.value)}</strong></p>`;
  if (view === undefined) return html`<p class="where">Its workflow does not answer: shown is what is on record.</p>`;
  return html`<p class="where"><strong>${view.step}</strong>${view.cause !== undefined && html` · ${view.cause}`}</p>`;
}

export const waits = (gate: ListedGate | undefined, now: Date): Html | false =>
  gate !== undefined &&
  html`<p class="silence">A human is asked: <a href="/gates/${gate.gate}">${gate.gate}</a>, ${distance(gate.opening.deadline, now)} left.</p>`;

/** What is on record of each step, so that it is told of one whose workflow is gone as well. */
function steps(looked: LookedAtIncident, isAsked: boolean): Html {
  const { began, diagnosis, reproduced, changes, end, view } = looked;
  const requests = changes.all.flatMap(({ request }) => request?.value ?? []);
  const isMerged = end?.value?.how === 'merged';
  const done: Readonly<Record<Step, boolean>> = {
    pin: began !== undefined,
    analyse: diagnosis !== undefined,
    reproduce: reproduced !== undefined || changes.all.length > 0,
    propose: changes.all.some(({ proposal }) => proposal !== undefined),
    check: requests.length > 0 || changes.all.some(({ judged }) => judged !== undefined),
    review: changes.all.some(({ reviewed }) => reviewed !== undefined),
    'look elsewhere': requests.length > 0,
    request: requests.length > 0,
    decide: isMerged || end?.value?.how === 'denied' || (requests.length > 0 && !isAsked && end !== undefined),
    merge: isMerged,
  };
  return html`<ol class="steps" aria-label="Steps">${STEPS.map((step) => {
    const isNow = view !== undefined && view.step === step && end === undefined;
    return html`<li class="${isNow ? 'now' : done[step] ? 'done' : 'open'}"${isNow && html` aria-current="step"`}>${done[step] && !isNow ? html`<span aria-hidden="true">✓</span> ` : ''}${step}<span class="quiet">${isNow ? ': now' : done[step] ? ': done' : ': not done'}</span></li>`;
  })}</ol>`;
}

function diagnosisPart(diagnosis: Diagnosis, ownLogs: boolean | undefined): Html {
  const { cause, summary, confidence, firstFault, evidence, alternatives, remedies, hypotheses = [], read } = diagnosis;
  return html`<dl class="facts"><div><dt>cause</dt><dd><strong>${cause}</strong> <span class="soft">confidence ${wholePercent(confidence)}, by the log analyst</span>${ownLogs === false && html` ${tainted('A log that no job of this installation wrote: nobody vouches for its words')}`}</dd></div>
<div><dt>in a sentence</dt><dd>${short(summary, 600)}</dd></div>${
    firstFault !== null &&
    html`<div><dt>first fault</dt><dd><code>${short(firstFault.file, 120)}:${firstFault.line}</code>${firstFault.rank !== null && ` rank ${firstFault.rank}`}${firstFault.time !== null && html` <span class="soft">${short(firstFault.time, 60)}</span>`}</dd></div>`
  }${alternatives.length > 0 && html`<div><dt>or else</dt><dd><ul class="plain">${few(alternatives, 6, (one) => html`<li>${one.cause} <span class="soft">${wholePercent(one.confidence)}: ${short(one.why)}</span></li>`)}</ul></dd></div>`}${
    remedies.length > 0 && html`<div><dt>what could be done</dt><dd>${remedies.join(', ')}</dd></div>`
  }<div><dt>was read</dt><dd>${grouped(read.lines)} lines of ${grouped(read.files.length)} ${read.files.length === 1 ? 'file' : 'files'}</dd></div></dl>
${evidence.length > 0 && html`<figure class="said"><figcaption>Lines of the logs, as they stand there</figcaption><ol class="lines">${few(evidence, MOST_EVIDENCE, evidenceLine)}</ol></figure>`}
${hypotheses.length > 0 && html`<h3>What a model suspects</h3><p class="note">It counts for nothing: neither cause nor remedy is made from it.</p><ul class="plain">${few(hypotheses, MOST_HYPOTHESES, hypothesis)}</ul>`}`;
}

const evidenceLine = ({ file, line, text, role, cut }: EvidenceLine): Html =>
  html`<li${role === 'first-fault' && html` class="first"`}><span class="soft">${short(file, 80)}:${line}${role === 'first-fault' && ' first fault'}</span> <code>${short(text)}${cut && '…'}</code></li>`;

const hypothesis = ({ cause, confidence, why, by, citations }: Hypothesis): Html =>
  html`<li>${tainted('Its model had read what nobody vouches for')} <strong>${cause}</strong> <span class="soft">${wholePercent(confidence)} by its own words, ${model(by)}</span> ${short(why, 400)} <span class="soft">${few(citations, 4, ({ file, line }) => html`<code>${short(file, 80)}:${line}</code> `)}</span></li>`;

function testsBefore(found: LookedAtIncident['reproduced']): Html {
  if (found === undefined)
    return html`<p class="soft">Nothing is on record: they did not run, or Temporal has dropped the history.</p>`;
  if (found.how === 'none') return html`<p>They could not be run: ${short(found.why)}</p>`;
  return html`<p>${grouped(found.passing)} pass, <strong>${grouped(found.failing.length)} fail</strong> <span class="soft">by ${short(found.runner, 60)}</span></p>${found.failing.length > 0 && html`<ul class="plain">${few(found.failing, 12, (one) => html`<li><code>${short(one, 160)}</code></li>`)}</ul>`}`;
}

export function gateLinks(gates: readonly string[], open: string | undefined): Html | false {
  const all = [...new Set([...gates, ...(open === undefined ? [] : [open])])];
  return (
    all.length > 0 &&
    html`<p>Asked at ${all.map((gate, at) => html`${at > 0 && ', '}<a href="/gates/${gate}">${gate}</a>${gate === open && html` <span class="warn">open</span>`}`)}</p>`
  );
}

function closing(end: IncidentEnd): Html {
  const line = (text: Part): Html => html`<p>${text}</p>`;
  switch (end.how) {
    case 'nothing-wrong':
      return line('The logs show no fault.');
    case 'parked':
      return html`<p>Left to people, with the diagnosis and what was tried: ${short(end.why)}</p>`;
    case 'denied':
      return html`<p>Not merged, as decided at <a href="/gates/${end.gate}">${end.gate}</a>. The change stays on record.</p>`;
    case 'not-merged':
      return html`<p>Not merged: ${notMerged(end)}</p>`;
    case 'failed':
      return html`<p class="trouble"><code>${short(end.code, 80)}</code> ${short(end.why)}. Opened anew it goes on from what is on record.</p>`;
    case 'merged':
      return mergedAs(end);
  }
}

export const mergedAs = ({
  commit,
  tag,
  change,
}: {
  readonly commit: string;
  readonly tag: string;
  readonly change: string;
}): Html =>
  html`<dl class="facts"><div><dt>commit</dt><dd><code>${commit}</code></dd></div><div><dt>tag</dt><dd><code>${short(tag, 120)}</code></dd></div><div><dt>change</dt><dd><code class="hash">${change}</code></dd></div></dl>`;

function notMerged({ merged }: Extract<IncidentEnd, { how: 'not-merged' }>): Html {
  if (merged.how === 'conflict')
    return html`the branch has changed the same lines meanwhile: ${few(merged.paths, 10, (path, at) => html`${at > 0 && ', '}<code>${short(path, 120)}</code>`)}`;
  if (merged.how === 'refused') return short(merged.why);
  return html`${merged.how === 'nothing-left' ? 'all of it was on the branch before.' : 'it has landed.'}`;
}

/** An address that a forge gave is shown, and leads nowhere from here. */
export function forgePart(told: ForgeTold): Html {
  if (told.how === 'not-told') return html`<p>Not shown at the forge: ${short(told.why)}</p>`;
  return html`<p>Shown at the forge as <code>${short(told.url, 200)}</code>; what is said there decides nothing.</p>${
    told.reviews.length > 0 &&
    html`<ul class="plain">${few(told.reviews, 10, (one) => html`<li>${short(one, 160)}</li>`)}</ul>`
  }`;
}

function revertPart(end: RevertEnd): Html {
  switch (end.how) {
    case 'kept':
      return html`<p>It stays: ${short(end.why)}</p>`;
    case 'reverted':
      return html`<p><strong class="warn">Taken back</strong>: ${short(end.why)}</p><dl class="facts"><div><dt>commit</dt><dd><code>${end.commit}</code></dd></div><div><dt>tag</dt><dd><code>${short(end.tag, 120)}</code></dd></div></dl>`;
    case 'left':
      return html`<p>To be taken back, because ${short(end.why)}; it was not: ${short(end.because)}</p>`;
    case 'failed':
      return html`<p class="trouble">Whether it is taken back could not be settled: <code>${short(end.code, 80)}</code> ${short(end.why)}</p>`;
  }
}
