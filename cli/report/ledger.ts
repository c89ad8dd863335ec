// The conservation ledger: every training rollout that was asked for is accounted for once.

import { dataTable } from '../../infra/markup/charts.ts';
import { grouped } from '../../infra/markup/figures.ts';
import { type Html, html, type Part } from '../../infra/markup/html.ts';
import { alarms } from './alarms.ts';
import { term } from './terms.ts';
import type { ReportView } from './view.ts';

const REASONS: Readonly<Record<string, string>> = {
  zero_advantage: 'zero advantage',
  below_filter: 'below the filter',
  infrastructure_failure: 'infrastructure failed',
  verifier_failure: 'verifier failed',
  integrity_alarm: 'integrity alarm',
  text_only: 'no token ids',
  other_weights: 'other weights',
  unknown: 'unknown outcome',
  no_trajectory: 'no record',
  failed: 'group failed',
  hung: 'group hung',
  expired: 'too old',
  reverted: 'of a version left behind',
  ended: 'no round left',
};
/** Of measurements beside the gate's and the sealed split's own. */
const PURPOSES: Readonly<Record<string, string>> = { again: 'gate, once more', visible: 'visible, fixed part' };
const spoken = (reason: string): string => REASONS[reason] ?? reason.replaceAll('_', ' ');

export function ledger({ data, spec }: ReportView): Html {
  const { conservation, state } = data;
  // Trained is what a trainer's result names, by round as in all. Older reports have only what each batch sent to its trainer.
  const rounds = conservation.rounds ?? state.rounds.map(({ round, ledger }) => ({ round, ...ledger }));
  const reasons = [
    ...new Set([...Object.keys(conservation.masked), ...rounds.flatMap((round) => Object.keys(round.masked))]),
  ].sort();
  const line = (
    first: Part,
    counts: { requested: number; trained: number; masked: Readonly<Record<string, number>>; cancelled: number },
  ): Part[] => {
    const accounted = counts.trained + counts.cancelled + sum(counts.masked);
    return [
      first,
      grouped(counts.requested),
      grouped(counts.trained),
      ...reasons.map((reason) => grouped(counts.masked[reason] ?? 0)),
      grouped(counts.cancelled),
      counts.requested === accounted
        ? html`<span class="good">✓ ${grouped(accounted)}</span>`
        : html`<strong class="bad">✗ ${grouped(accounted)}</strong>`,
    ];
  };
  const rows = [
    ...rounds.map((round) => line(String(round.round), round)),
    line(html`<strong>all</strong>`, { ...conservation, requested: conservation.prompts }),
  ];
  const masked = sum(conservation.masked);
  const verdict = conservation.balanced
    ? html`<p class="verdict-line good"><strong>Balanced.</strong> ${grouped(conservation.prompts)} requested = ${grouped(conservation.trained)} trained + ${grouped(masked)} masked + ${grouped(conservation.cancelled)} cancelled.</p>`
    : html`<div class="verdict-line bad"><p><strong>Does not balance.</strong></p><ul>${conservation.problems.map((problem) => html`<li>${problem}</li>`)}</ul></div>`;
  return html`<section id="ledger" aria-labelledby="h-ledger"><h2 id="h-ledger">Nothing lost, nothing twice</h2>
<p class="lead">The ${term('conservation', 'conservation check')} compares three sets that do not copy from each other: what the workflow planned, what the trainer says it trained on, what the data pool holds.</p>
${verdict}
${alarms(rounds, spec)}
${dataTable('Training rollouts', ['round', 'requested', 'trained', ...reasons.map((reason) => (reason === 'zero_advantage' ? term('zero advantage') : spoken(reason))), 'cancelled', 'accounted'], rows)}
${others(conservation.others)}</section>`;
}

function others(entries: ReportView['data']['conservation']['others']): Html {
  if (entries.length === 0) return html``;
  const rows = entries.map((one) => [
    PURPOSES[one.purpose] ?? one.purpose,
    grouped(one.requested),
    grouped(one.recorded),
    grouped(one.cancelled),
    one.balanced ? html`<span class="good">✓</span>` : html`<strong class="bad">✗</strong>`,
  ]);
  return dataTable(
    'Rollouts for measurement, never trained on',
    ['purpose', 'requested', 'recorded', 'cancelled', 'balanced'],
    rows,
  );
}

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, one) => total + one, 0);
