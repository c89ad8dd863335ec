// The first screen: the answer, what it rests on, what it cost.
import type { Estimate } from '../../contracts/policy-version.ts';
import type { RoundRecord } from '../../contracts/record.ts';
import { dataTable, dumbbells, figure, legend } from '../../infra/markup/charts.ts';
import { grouped, instant, percent, points, span } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { bestOnGate, endingOf, resultOf, type Tone, versionOf } from './result.ts';
import { term } from './terms.ts';
import { bound, type ReportView, rate } from './view.ts';

const GLYPHS: Readonly<Record<Tone, string>> = { better: '▲', unclear: '◆', worse: '▼', none: '◆' };

export function head({ data, spec, level }: ReportView): Html {
  const { state, conservation } = data;
  // Reports written before they named it have none: then what was measured on the sealed split is what was released.
  const released = data.released ?? state.sealed?.after.policy ?? null;
  const result = resultOf(state, spec?.evaluation.confidence, released);
  const seconds = state.stages.reduce((sum, stage) => sum + stage.seconds, 0);
  const owner = spec === undefined ? '' : ` · owner ${spec.owner}`;
  return html`<header>
<p class="kicker"><span>Anneal campaign report</span><span>${state.campaign}</span><span>${instant(state.startedAt)}${owner}</span></p>
<p class="badge tone-${result.tone}"><span aria-hidden="true">${GLYPHS[result.tone]}</span> ${result.label}</p>
<h1>${result.sentence}</h1>
<div class="notes">${result.notes.map((note) => html`<p>${note}</p>`)}</div>
</header>
<div class="answer">
${comparison(data.state, level)}
<dl class="facts">
${fact('Released', state.ending === 'released' && released !== null ? `version ${versionOf(released)}` : 'nothing', endingOf(state, released).short)}
${fact(html`${term('round', 'Rounds')}`, String(state.rounds.length), verdictCounts(state.rounds))}
${fact(html`Training ${term('rollout', 'rollouts')}`, grouped(conservation.prompts), html`${grouped(conservation.trained)} trained on; ${conservation.balanced ? 'ledger balances' : html`<strong class="bad">ledger does not balance</strong>`}`)}
${fact('Tokens generated', grouped(state.tokens), spec === undefined ? '' : `${((100 * state.tokens) / spec.budget.tokens).toFixed(0)}% of the budget`)}
${fact('Time', span(seconds), spec === undefined ? '' : `of ${spec.budget.wallClock} allowed`)}
</dl>
</div>`;
}

function fact(name: Part, value: string, note: Part): Html {
  return html`<div><dt>${name}</dt><dd><strong>${value}</strong><span>${note}</span></dd></div>`;
}

function verdictCounts(rounds: readonly RoundRecord[]): string {
  const words = { promote: 'promoted', hold: 'held', revert: 'reverted', ask: 'put to a human' } as const;
  return Object.entries(words)
    .map(([verdict, word]) => ({ word, count: rounds.filter((round) => round.verdict === verdict).length }))
    .filter(({ count }) => count > 0)
    .map(({ word, count }) => `${count} ${word}`)
    .join(', ');
}

/** A share of no replies is not 0%: it is neither drawn nor compared. */
const known = (row: { readonly before: Estimate; readonly after: Estimate }): boolean =>
  row.before.n > 0 && row.after.n > 0;

/** Before and after on the split that counts: sealed if it was opened, else gate. */
function comparison(state: ReportView['data']['state'], level: string): Html {
  const after = bestOnGate(state) ?? state.rounds.at(-1)?.gate;
  const pair =
    state.sealed ??
    (state.baseline !== undefined && after !== undefined ? { before: state.baseline, after } : undefined);
  if (pair === undefined) return html`<figure><figcaption>Nothing is measured yet.</figcaption></figure>`;
  const rows = [
    { name: 'pass rate', term: 'pass rate', before: pair.before.passRate, after: pair.after.passRate },
    { name: 'well-formed replies', term: 'format rate', before: pair.before.formatRate, after: pair.after.formatRate },
    {
      name: 'correct among well-formed',
      term: 'correct when well-formed',
      before: pair.before.correctWhenFormatted,
      after: pair.after.correctWhenFormatted,
    },
  ] as const;
  const splitName = state.sealed === undefined ? term('gate split') : term('sealed split');
  const gain = pair.after.gain;
  const table = dataTable(
    `Before and after on the ${state.sealed === undefined ? 'gate' : 'sealed'} split`,
    ['measure', 'starting model', pair.after.policy, 'difference'],
    rows.map((row) => [
      term(row.term, row.name),
      rate(row.before),
      rate(row.after),
      known(row) ? points(row.after.value - row.before.value) : '–',
    ]),
    { folded: true },
  );
  const drawn = rows.filter(known);
  const { n, clusters } = pair.after.passRate;
  return figure(
    html`Before and after on the ${splitName}`,
    html`${legend([
      { name: 'starting model', ink: 'plain', hollow: true },
      { name: pair.after.policy, ink: 'gate' },
    ])}${dumbbells(drawn, `Before and after: ${drawn.map((row) => `${row.name} ${percent(row.before.value)} to ${percent(row.after.value)}`).join('; ')}.`, percent)}${table}`,
    html`${grouped(n)} replies on ${clusters} functions; bars are ${level} ${term('interval', 'intervals')}.${
      gain !== undefined &&
      html` Paired ${term('gain')}: ${points(gain.value)} <span class="nowrap">(${bound(gain.low)} to ${bound(gain.high)})</span>.`
    }`,
  );
}
