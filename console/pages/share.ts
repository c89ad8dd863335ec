// Which share of the steps agents did: what ./anneal share tells, and what it counts.
import type { Share } from '../../contracts/share.ts';
import { grouped, instant } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { shareSentence } from '../../policies/share.ts';
import { type SeenShare, SPANS, type Span } from '../read/share.ts';
import { few, short } from '../show/said.ts';

const SAYS: Readonly<Record<Span, string>> = { '7d': '7 days', '30d': '30 days', all: 'all that Temporal has' };
const BY = { model: 'a model', program: 'a program', policy: 'code', human: 'a human' } as const;

/** As docs/agents.md has it; a test compares. */
export const DEFINITION: readonly (readonly [step: string, done: string, by: string])[] = [
  ['plan', 'a round’s tasks are drawn', 'policy: the curriculum'],
  ['evaluate', 'a split is measured', 'policy: graders'],
  ['monitor', 'a sighting was told to a campaign', 'program: the monitor'],
  ['analyse', 'logs were read', 'program: the log analyst'],
  ['reproduce, check', 'tests ran on the base, on the change', 'policy: tests'],
  ['propose', 'a change was made that is a commit', 'program: a remedy; model: the coding agent'],
  ['review', 'a model gave an answer that counts', 'model'],
  ['look elsewhere, request', 'patterns were looked for; the evidence was put together', 'policy'],
  [
    'decide',
    'a gate closed, or nobody had to be asked',
    'human: a signed answer; policy: silence, --yes, a gate that is not listed, a merge that tests and review are enough for',
  ],
  ['merge', 'a commit landed', 'program: the merge activity'],
  ['report', 'a report was assembled', 'policy'],
];

export interface SharePage {
  readonly seen: SeenShare;
  readonly span: Span;
  readonly campaign: string | undefined;
}

export function sharePage({ seen: { counted, counting, failed }, span, campaign }: SharePage): Html {
  const here = (to: Span): string =>
    `/share?since=${to}${campaign === undefined ? '' : `&campaign=${encodeURIComponent(campaign)}`}`;
  return html`<article class="case"><header><p class="soft">${campaign === undefined ? 'Of all campaigns, incidents and merges' : html`Of the campaign <a href="/campaigns/${campaign}">${campaign}</a>, its incidents, gates and merges · <a href="/share?since=${span}">all</a>`}</p><h1>Steps done by agents</h1><nav class="pager" aria-label="Since when">${SPANS.map((one) => (one === span ? html`<strong aria-current="page">${SAYS[one]}</strong>` : html`<a href="${here(one)}">${SAYS[one]}</a>`))}</nav></header>
<div data-part="share">${failed && html`<p class="trouble"><a href="/errors/${failed.code}"><code>${failed.code}</code></a> It could not be counted: ${short(failed.message)}</p>`}${
    counted === undefined
      ? html`<p>${counting ? 'It is being counted: all histories are read for it. This page goes on by itself when it is.' : 'It was not counted yet.'}</p>`
      : html`${told(counted.share)}<p class="note">Counted ${instant(counted.at.toISOString())}, from ${grouped(counted.share.histories)} workflows${counting && '; it is being counted anew'}.</p>`
  }</div>
<section id="definition" aria-labelledby="h-definition"><h2 id="h-definition">What is counted</h2><p>Steps that were done, from Temporal’s histories; a step counts once, however often it was played again. The numerator is what models and programs with an agent’s role did, the denominator all steps. Rollouts, training and what only moves data are the work itself and no step. A decision of a human that the audit log does not bear out is named, and counted nowhere.</p><div class="scroll" tabindex="0" role="region" aria-label="Each step, when it is done, and by whom"><table><thead><tr><th scope="col">step</th><th scope="col">is done when</th><th scope="col">by</th></tr></thead><tbody>${DEFINITION.map(([step, done, by]) => html`<tr><th scope="row">${step}</th><td>${done}</td><td>${by}</td></tr>`)}</tbody></table></div><p class="note">docs/agents.md says the same.</p></section></article>`;
}

function told(share: Share): Html {
  const { steps, who, unproven, audited, cut, byAgents, byModels, all } = share;
  if (all === 0) return html`<p>${shareSentence(share)}</p>`;
  const number = (count: number): Html =>
    html`<td>${count === 0 ? html`<span class="soft">·</span>` : grouped(count)}</td>`;
  return html`<p class="figure"><strong>${((100 * byAgents) / all).toFixed(1)}%</strong> <span><strong>${grouped(byAgents)}</strong> by agents <span class="soft">(${grouped(byModels)} by models)</span> of <strong>${grouped(all)}</strong> steps. <a href="#definition">What is counted</a></span></p>
<p class="quiet">${shareSentence(share)}</p>
<div class="scroll" tabindex="0" role="region" aria-label="By step"><table class="numbers"><thead><tr><th scope="col">step</th><th scope="col">model</th><th scope="col">program</th><th scope="col">policy</th><th scope="col">human</th><th scope="col">by agents</th></tr></thead><tbody>${steps.map(
    ({ step, model, program, policy, human }) =>
      html`<tr><th scope="row">${step}</th>${number(model)}${number(program)}${number(policy)}${number(human)}<td>${grouped(model + program)} of ${grouped(model + program + policy + human)}</td></tr>`,
  )}</tbody></table></div>
<h2>Who</h2><ul class="plain">${few(who, 10, ({ by, who: name, steps: count }) => html`<li>${short(name, 80)}, ${BY[by]}: ${grouped(count)}</li>`)}</ul>${
    unproven.length > 0 &&
    html`<p class="trouble">The audit log has no human’s answer at these gates, and they are counted nowhere:</p><ul class="plain">${few(unproven, 20, (gate) => html`<li><code>${short(gate, 120)}</code></li>`)}</ul>`
  }${!audited && html`<p>Decisions are as the histories have them; no audit log was held against them.</p>`}${cut && html`<p class="trouble">There are more workflows than are read at once: the newest were.</p>`}`;
}
