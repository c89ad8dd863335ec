// What each round brought: visible beside gate, form beside correctness, reward, and the verdicts.
import type { Estimate } from '../../contracts/policy-version.ts';
import type { RoundRecord } from '../../contracts/record.ts';
import {
  dataTable,
  figure,
  type LineChart,
  legend,
  lineChart,
  type Series,
  toPoint,
} from '../../infra/markup/charts.ts';
import { grouped, percent, points, span } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { givenUpSentence } from '../../policies/given-up.ts';
import { term } from './terms.ts';
import { type ReportView, rate, share } from './view.ts';

export function rounds({ data, level }: ReportView): Html {
  const { baseline, rounds: all, archivedRounds } = data.state;
  const missing = archivedRounds !== undefined && all[0]?.round !== 1;
  const body =
    all.length === 0
      ? html`<p>No round was finished.</p>${notes(data)}`
      : html`<div class="pair">${passRates(data)}${formBesideCorrectness(data)}${rewards(data)}${gains(data)}</div>${table(all, baseline)}${notes(data)}${givenUp(data)}`;
  return html`<section id="rounds" aria-labelledby="h-rounds"><h2 id="h-rounds">Round by round</h2>
<p class="lead">Bars are ${level} ${term('interval', 'intervals')}. Each figure of the ${term('gate split')} belongs to the version that the round produced; ${term('visible')} ones to the version that it started with, on the tasks it drew.</p>${
    missing && html`<p class="note">Only the newest ${all.length} rounds are shown.</p>`
  }${body}</section>`;
}

const WHOLE = { min: 0, max: 1, ticks: [0, 0.25, 0.5, 0.75, 1] };
const hundredth = (value: number): string => `${(100 * value).toFixed(0)}%`;

type Sublabel = NonNullable<LineChart['sublabels']>[number];
const GLYPHS = { promote: '▲', hold: '·', revert: '▼', ask: '?' } as const;
const verdictLabel = ({ verdict }: RoundRecord): Sublabel => ({ kind: verdict, text: verdict, glyph: GLYPHS[verdict] });

interface Frame {
  readonly labels: string[];
  readonly sublabels: Sublabel[];
  /** Shift of the rounds' points: 1 when round 0 is drawn. */
  readonly shift: number;
}

function frame(data: ReportView['data']): Frame {
  const { baseline, rounds: all } = data.state;
  const start: Sublabel[] = baseline === undefined ? [] : [{ kind: 'start', text: 'start', glyph: '' }];
  return {
    labels: [...start.map(() => '0'), ...all.map((one) => String(one.round))],
    sublabels: [...start, ...all.map(verdictLabel)],
    shift: start.length,
  };
}

function passRates(data: ReportView['data']): Html {
  const { baseline, rounds: all } = data.state;
  const { labels, sublabels, shift } = frame(data);
  const series: Series[] = [
    {
      name: 'visible (trained on)',
      ink: 'visible',
      points: all.map((one, index) => toPoint(index + shift, one.visible.passRate)),
    },
    {
      name: 'gate (never trained on)',
      ink: 'gate',
      points: [
        ...(baseline === undefined ? [] : [toPoint(0, baseline.passRate)]),
        ...all.map((one, index) => toPoint(index + shift, one.gate.passRate)),
      ],
    },
  ];
  return figure(
    html`${term('pass rate', 'Pass rate')} by round`,
    html`${legend(series)}${lineChart({ description: `Pass rate by round, visible beside gate. Gate: ${all.map((one) => percent(one.gate.passRate.value)).join(', ')}.`, labels, sublabels, series, format: percent, tick: hundredth })}`,
    visibleBesideGate(data),
  );
}

/** The same version on both: what a round draws is solved by the version that it starts with. */
function visibleBesideGate({ state: { baseline, rounds: all } }: ReportView['data']): string {
  const drawn = 'Rounds draw tasks that the starting model sometimes solves, so that visible begins above gate.';
  const last = all.at(-1);
  if (last === undefined) return drawn;
  const gate = last.from === 0 ? baseline : all.findLast((one) => one.policy.number === last.from)?.gate;
  if (gate === undefined) return drawn;
  const gap = last.visible.passRate.value - gate.passRate.value;
  return `Version ${last.from} lies ${(100 * Math.abs(gap)).toFixed(1)} points ${gap < 0 ? 'lower' : 'higher'} on visible than on gate. ${drawn} A gap that widens hints at overfitting.`;
}

function formBesideCorrectness(data: ReportView['data']): Html {
  const { baseline, rounds: all } = data.state;
  const { labels, sublabels, shift } = frame(data);
  const gates = [
    ...(baseline === undefined ? [] : [{ at: 0, gate: baseline }]),
    ...all.map((one, index) => ({ at: index + shift, gate: one.gate })),
  ];
  const series: Series[] = [
    { name: 'well-formed', ink: 'format', points: gates.map(({ at, gate }) => toPoint(at, gate.formatRate)) },
    {
      name: 'correct among well-formed',
      ink: 'right',
      points: gates
        .filter(({ gate }) => gate.correctWhenFormatted.n > 0)
        .map(({ at, gate }) => toPoint(at, gate.correctWhenFormatted)),
    },
  ];
  return figure(
    html`Form beside ${term('correct when well-formed', 'correctness')}, gate split`,
    html`${legend(series)}${lineChart({ description: `Share of well-formed replies and of correct ones among them, by round: ${gates.map(({ gate }) => `${percent(gate.formatRate.value)} and ${share(gate.correctWhenFormatted)}`).join('; ')}.`, labels, sublabels, series, format: percent, tick: hundredth, axis: WHOLE })}`,
    'Form is no part of a pass: a rise of the first line alone is no progress. The second has no mark where no reply was well-formed.',
  );
}

function rewards(data: ReportView['data']): Html {
  const { baseline, rounds: all } = data.state;
  const { labels, sublabels, shift } = frame(data);
  const series: Series[] = [
    {
      name: 'visible',
      ink: 'visible',
      points: all.map((one, index) => toPoint(index + shift, one.visible.meanReward)),
    },
    {
      name: 'gate',
      ink: 'gate',
      points: [
        ...(baseline === undefined ? [] : [toPoint(0, baseline.meanReward)]),
        ...all.map((one, index) => toPoint(index + shift, one.gate.meanReward)),
      ],
    },
  ];
  return figure(
    'Mean reward by round',
    html`${legend(series)}${lineChart({ description: `Mean reward by round. Visible: ${all.map((one) => one.visible.meanReward.value.toFixed(2)).join(', ')}.`, labels, sublabels, series, format: (value) => value.toFixed(2), tick: (value) => String(Number(value.toFixed(3))) })}`,
    'What training maximises: correctness and format, weighted as the campaign says.',
  );
}

function gains(data: ReportView['data']): Html | undefined {
  const { rounds: all } = data.state;
  const measured = all.flatMap((one, index) => (one.gate.gain === undefined ? [] : [{ index, gain: one.gate.gain }]));
  if (measured.length === 0) return undefined;
  const series: Series[] = [
    { name: 'paired gain', ink: 'gate', points: measured.map(({ index, gain }) => toPoint(index, gain)) },
  ];
  return figure(
    html`Paired ${term('gain')} over the starting model`,
    html`${legend([{ name: 'gate, compared task by task', ink: 'gate' }])}${lineChart({ description: `Paired gain over the starting model by round, gate split: ${measured.map(({ gain }) => points(gain.value)).join(', ')}.`, labels: all.map((one) => String(one.round)), sublabels: all.map(verdictLabel), series, format: (value) => points(value), tick: (value) => `${value > 0 ? '+' : value < 0 ? '−' : ''}${Math.abs(Math.round(100 * value))}` })}`,
    'In points. Where a bar crosses zero, chance alone may explain the gain.',
  );
}

/** Where tasks were not drawn as the campaign asks: a note that rounds share stands once. */
function notes({ notes: all }: ReportView['data']): Html[] {
  const byNote = new Map<string, number[]>();
  for (const { round, note } of all) byNote.set(note, [...(byNote.get(note) ?? []), round]);
  return [...byNote].map(
    ([note, drawn]) =>
      html`<p class="note">${drawn.length === 1 ? 'Round' : 'Rounds'} ${drawn.join(', ')}: ${note}</p>`,
  );
}

/** Which engines a round did without, and why. */
function givenUp({ state: { rounds: all } }: ReportView['data']): Html[] {
  return all.flatMap(({ round, givenUp: moves = [] }) =>
    moves.map((move) => html`<p class="note">Round ${round}, ${givenUpSentence(move)}.</p>`),
  );
}

/** A share of few is worth little: of how many stands beside it. */
const shareOf = (one: Estimate): string => (one.n === 0 ? share(one) : `${percent(one.value)} of ${one.n}`);

function table(all: readonly RoundRecord[], baseline: ReportView['data']['state']['baseline']): Html {
  const start = baseline && [
    '0',
    html`<span class="soft">start</span>`,
    '–',
    rate(baseline.passRate),
    percent(baseline.formatRate.value),
    shareOf(baseline.correctWhenFormatted),
    '–',
    grouped(baseline.tokens),
    '–',
  ];
  const rows = all.map((one) => [
    String(one.round),
    html`<span class="verdict-${one.verdict}">${one.verdict}</span>`,
    rate(one.visible.passRate),
    rate(one.gate.passRate),
    percent(one.gate.formatRate.value),
    shareOf(one.gate.correctWhenFormatted),
    one.gate.gain === undefined ? '–' : points(one.gate.gain.value, { unit: false }),
    grouped(one.tokens),
    span(one.seconds),
  ]);
  const reasons = all.map((one) => html`<li value="${one.round}">${one.why}</li>`);
  return html`${dataTable(
    'Rounds',
    [
      term('round'),
      term('verdict'),
      'visible',
      'gate',
      'well-formed',
      'correct of those',
      term('gain'),
      'tokens',
      'time',
    ],
    start === undefined ? rows : [start, ...rows],
    { texts: [1] },
  )}<details class="data"><summary>Why each verdict</summary><ol class="reasons">${reasons}</ol></details>`;
}
