// Inside training: one small chart a quantity, a point an optimizer step, a band a round.

import { dataTable, figure, lineChart } from '../../infra/markup/charts.ts';
import { grouped, small, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { axisFor } from '../../infra/markup/scale.ts';
import { type Term, term } from './terms.ts';
import type { ReportView } from './view.ts';

type Step = ReportView['steps'][number];

interface Quantity {
  readonly name: string;
  readonly term: Term;
  readonly of: (step: Step) => number;
  readonly zero: boolean;
  readonly format: (value: number) => string;
  readonly tick?: (value: number) => string;
  readonly whole?: boolean;
}

const percentage = (value: number): string => `${Number((100 * value).toFixed(2))}%`;
const plainNumber = (value: number): string => String(Number(value.toPrecision(3))).replace('-', '−');

const QUANTITIES: readonly Quantity[] = [
  { name: 'Loss', term: 'loss', of: (step) => step.loss, zero: false, format: plainNumber },
  { name: 'KL', term: 'KL', of: (step) => step.kl, zero: true, format: small, tick: plainNumber },
  { name: 'Entropy', term: 'entropy', of: (step) => step.entropy, zero: true, format: plainNumber },
  { name: 'Clip fraction', term: 'clip fraction', of: (step) => step.clipFraction, zero: true, format: percentage },
  {
    name: 'Staleness, at most',
    term: 'staleness',
    of: (step) => step.stalenessMax,
    zero: true,
    format: plainNumber,
    whole: true,
  },
  { name: 'Gradient norm', term: 'gradient norm', of: (step) => step.gradNorm, zero: true, format: plainNumber },
];

export function training({ steps, data }: ReportView): Html {
  const body =
    steps.length === 0
      ? html`<p>No optimizer step was taken.</p>`
      : html`<div class="smalls">${QUANTITIES.map((quantity) => chart(quantity, steps))}</div>${table(steps)}`;
  return html`<section id="training" aria-labelledby="h-training"><h2 id="h-training">Training, step by step</h2>
<p class="lead">Every point is one optimizer step; shaded bands are rounds.</p>${body}${sampled(data.state.rounds)}</section>`;
}

/** Only where a round trained on tokens of another version than the one that it trained from. */
function sampled(rounds: ReportView['data']['state']['rounds']): Html | false {
  const told = rounds.filter((one) => one.sampled !== undefined);
  if (told.length === 0) return false;
  const rows = told.flatMap(({ round, from, sampled: by }) => {
    const all = by!.versions.reduce((sum, one) => sum + one.tokens, 0);
    return by!.versions.map(({ version, completions, tokens }) => [
      ...[round, version, from - version, grouped(completions), grouped(tokens)].map(String),
      percentage(tokens / all),
    ]);
  });
  const mixed = told.reduce((sum, one) => sum + one.sampled!.mixed, 0);
  const head = ['round', 'sampled by version', 'versions old', 'completions', 'tokens', 'share'];
  const note = `${grouped(mixed)} rollouts have completions of several versions. Ratios are taken against the log-probabilities of the version that sampled each.`;
  return html`${dataTable('What was trained on, by the version that sampled it', head, rows)}<p class="note">${note}</p>`;
}

function chart(
  { name, term: word, of, zero, format, tick = format, whole = false }: Quantity,
  steps: readonly Step[],
): Html {
  const points = steps.map((step, x) => ({ x, y: of(step) })).filter((point) => Number.isFinite(point.y));
  const values = points.map((point) => point.y);
  const last = values.at(-1);
  return figure(
    html`${term(word, name)}`,
    lineChart({
      description: `${name} by optimizer step, from ${format(values[0] ?? 0)} to ${format(last ?? 0)}.`,
      labels: steps.map((_, index) => String(index + 1)),
      series: [{ name, ink: 'gate', points }],
      format,
      tick,
      axis: axisFor(values, { zero, whole }),
      size: [320, 170],
      bands: bandsOf(steps),
    }),
  );
}

function bandsOf(steps: readonly Step[]): { from: number; to: number; name: string }[] {
  const bands: { from: number; to: number; name: string; round: number }[] = [];
  for (const [index, { round }] of steps.entries()) {
    const open = bands.at(-1);
    if (open?.round === round) open.to = index;
    else bands.push({ from: index, to: index, name: `round ${round}`, round });
  }
  return bands;
}

function table(steps: readonly Step[]): Html {
  const rows = steps.map((step, index) => [
    String(index + 1),
    step.round,
    plainNumber(step.loss),
    small(step.kl),
    plainNumber(step.entropy),
    percentage(step.clipFraction),
    plainNumber(step.gradNorm),
    step.stalenessMin === step.stalenessMax ? step.stalenessMax : `${step.stalenessMin} to ${step.stalenessMax}`,
    step.samples,
    grouped(step.tokens),
    span(step.seconds),
  ]);
  const head = [
    'step',
    'round',
    'loss',
    'KL',
    'entropy',
    'clipped',
    'gradient',
    'staleness',
    'samples',
    'tokens',
    'time',
  ];
  return dataTable('Optimizer steps', head, rows, { folded: true });
}
