// One question to documents: each claim with where it stands and the words that stand there, what was dropped, and the experiment.
import type { ExperimentSpec } from '../../contracts/experiment.ts';
import { type Citation, CLAIM_DROPS, type Claim, type ResearchReport } from '../../contracts/research.ts';
import { count, grouped, instant } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import type { ListedGate } from '../live/board.ts';
import { openGateOf } from '../read/cases.ts';
import type { LookedAtResearch } from '../read/researches.ts';
import { few, model, readable, short } from '../show/said.ts';
import { marked } from '../show/text.ts';
import { gateLinks, waits } from './incident.ts';
import { endWords } from './researches.ts';

const MOST_CLAIMS = 60;
const MOST_QUOTE = 800;

export function researchPage(looked: LookedAtResearch, open: readonly ListedGate[], now: Date): Html {
  const { name, input, end, report, unanswered, startedAt } = looked;
  const gate = openGateOf(open, name);
  const question = input?.question ?? report?.value?.question ?? looked.view?.question;
  return html`<article class="case"><header data-part="head"><p class="soft"><a href="/research">Research</a> <code>${name}</code>${input && html` <span>asked by ${short(input.owner, 60)}</span>`}${startedAt && html` <span>on ${instant(startedAt.toISOString())}</span>`}</p><h1>${question === undefined ? name : short(question, 400)}</h1>${standing(looked)}${waits(gate, now)}${
    unanswered &&
    html`<p class="trouble"><code>${unanswered.code}</code> Temporal does not answer: shown is what the store has.</p>`
  }${end?.value?.how === 'failed' && html`<p class="trouble"><code>${short(end.value.code, 80)}</code> ${short(end.value.why)}. Asked anew it goes on from what is on record.</p>`}</header>
<section data-part="report" aria-labelledby="h-report"><h2 id="h-report">What the documents say</h2>${
    report === undefined ? html`<p class="soft">The report is not written yet.</p>` : readable(report, reportPart)
  }</section>
<section data-part="experiment" aria-labelledby="h-experiment"><h2 id="h-experiment">Experiment</h2>${experimentPart(looked, gate?.gate)}</section></article>`;
}

function standing({ end, view }: LookedAtResearch): Html {
  if (end?.value !== undefined && view === undefined)
    return html`<p class="where"><strong>${endWords(end.value)}</strong></p>`;
  if (view === undefined) return html`<p class="where">Its workflow does not answer: shown is what is on record.</p>`;
  const { step, readers, claims, dropped, spent } = view;
  return html`<p class="where"><strong>${step}</strong>${
    readers.of > 0 && ` · ${readers.done} of ${readers.of} readers · ${claims} claims stand, ${dropped} dropped`
  }${spent.turns > 0 && ` · ${grouped(spent.turns)} requests, ${count(spent.tokens)} tokens`}</p>`;
}

function reportPart(report: ResearchReport): Html {
  const { answer, sections, passages, by, judge } = report;
  const numbered = new Map(sections.flatMap(({ claims }) => claims).map(({ id }, at) => [id, at + 1]));
  let left = MOST_CLAIMS;
  const shown = sections.map(({ about, claims }) => {
    const some = claims.slice(0, Math.max(0, left));
    left -= claims.length;
    return { about, claims: some };
  });
  return html`<p class="note">${
    by === null
      ? 'No model is configured: nothing is claimed, these are the passages that fit best.'
      : html`Claims are words of ${model(by)}; each quote was found in its document word for word by code. ${
          'absent' in judge
            ? html`No judge looked at their meaning: ${short(judge.absent)}.`
            : html`Judged by ${model(judge)} (${short(judge.family, 40)}).`
        } A report tells who says it and where, never that it is so.`
  }</p>${answer === 'not-said' && html`<p><strong>The documents do not say</strong>: no claim is borne out by them.</p>`}${shown.map(
    ({ about, claims }) =>
      claims.length > 0 &&
      html`<div class="said-of">${sections.length > 1 && html`<h3>${short(about, 300)}</h3>`}<ol class="claims" start="${numbered.get(claims[0]!.id) ?? 1}">${claims.map(claimPart)}</ol></div>`,
  )}${left < 0 && html`<p class="note">${grouped(-left)} more claims are not shown.</p>`}${
    answer !== 'said' &&
    passages.length > 0 &&
    html`<h3>${answer === 'not-said' ? 'Nearest to it' : 'Passages'}</h3><ul class="plain claims">${few(passages, 20, (one) => html`<li>${citationPart(one)}</li>`)}</ul>`
  }${droppedPart(report)}${readPart(report)}`;
}

const claimPart = ({ text, citations }: Claim): Html =>
  html`<li>${short(text, 800)}${citations.map(citationPart)}</li>`;

/** Where it stands, and what stands there; a document may be an address, which leads nowhere from here. */
const citationPart = ({ document, from, to, quote }: Citation): Html =>
  html`<figure class="said"><figcaption><code>${short(document, 160)}:${from}${to !== from && `-${to}`}</code></figcaption><blockquote>${short(quote, MOST_QUOTE)}</blockquote></figure>`;

function droppedPart({ offered, dropped, by }: ResearchReport): Html | false {
  if (by === null) return false;
  const whys = Object.entries(dropped) as [keyof typeof CLAIM_DROPS, number][];
  return html`<h3>What was dropped</h3><p>${grouped(offered)} claims were offered${whys.length === 0 ? '; none was dropped.' : ', and of these were dropped:'}</p>${
    whys.length > 0 &&
    html`<dl class="facts">${whys.map(([why, number]) => html`<div><dt>${grouped(number)}</dt><dd>${CLAIM_DROPS[why]}</dd></div>`)}</dl>`
  }`;
}

function readPart({ read, spent, notes }: ResearchReport): Html {
  return html`<h3>What was read</h3><p>${grouped(read.documents)} documents in ${grouped(read.passages)} passages${spent.turns > 0 && `, with ${grouped(spent.turns)} requests and ${count(spent.tokens)} tokens`}.</p>${
    read.refused.length > 0 &&
    html`<details><summary>${grouped(read.refused.length)} not read</summary><ul class="plain">${few(read.refused, 50, ({ path, why }) => html`<li><code>${short(path, 160)}</code> ${short(why, 160)}</li>`)}</ul></details>`
  }${notes.length > 0 && html`<ul class="plain">${few(notes, 20, (one) => html`<li>${short(one)}</li>`)}</ul>`}`;
}

function experimentPart(looked: LookedAtResearch, open: string | undefined): Html {
  const { experiment, noExperiment, input, end, handedOut, gates, name } = looked;
  if (experiment === undefined) {
    const wasAsked =
      input === undefined ? end?.value?.how === 'answered' && end.value.experiment !== null : input.base !== null;
    if (noExperiment !== undefined) return html`<p>None: ${short(noExperiment)}</p>`;
    return html`<p class="soft">${wasAsked ? 'None is proposed yet.' : 'None was asked for.'}</p>`;
  }
  const fate = handedOut
    ? html`A human has handed its files out: <code>./anneal research files ${name} --out FOLDER</code>. Nothing is submitted by it.`
    : open !== undefined
      ? 'A human is asked whether its files are handed out.'
      : 'Nobody has handed its files out.';
  return html`${readable(experiment, specPart)}<p>${fate}</p>${gateLinks(gates, open)}`;
}

function specPart({ hypothesis, variables, success, refuted, budget, arms, grounds }: ExperimentSpec): Html {
  const values = (all: readonly (string | number | null)[]): string => all.map(String).join(', ');
  return html`<dl class="facts"><div><dt>hypothesis, a model’s words</dt><dd>${short(hypothesis, 400)}</dd></div>${variables.map(({ path, values: all }) => html`<div><dt><code>${path}</code></dt><dd>${values(all)}</dd></div>`)}
<div><dt>held to be true with</dt><dd>${success.metric} at least ${success.smallestEffect} above the base’s</dd></div><div><dt>refuted by</dt><dd>${short(refuted, 400)}</dd></div><div><dt>budget of each</dt><dd>${count(budget.tokens)} tokens, ${budget.wallClock}</dd></div>${grounds.length > 0 && html`<div><dt>rests on</dt><dd>${marked(grounds.join(', '))}</dd></div>`}</dl>
<h3>Campaigns that code made of it</h3><ul class="plain">${arms.map(({ name, settings }) => html`<li><code>${name}</code> <span class="soft">${settings.length === 0 ? 'the base’s own' : settings.map(({ path, value }) => `${path} ${value}`).join(', ')}</span></li>`)}</ul>`;
}
