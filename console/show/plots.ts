// Numbers as small drawings, each with the same numbers as words.

import type { EvaluationResult } from '../../contracts/policy-version.ts';
import type { RoundRecord } from '../../contracts/record.ts';
import { legend, lineChart, type Series, toPoint } from '../../infra/markup/charts.ts';
import { percent, small } from '../../infra/markup/figures.ts';
import { type Html, html } from '../../infra/markup/html.ts';
import { linear } from '../../infra/markup/scale.ts';

type Row = Readonly<Record<string, number>>;

const MOST_PLOTS = 6;
const MOST_POINTS = 120;
/** What counts, and is no measurement. */
const COUNTERS = new Set(['step', 'round', 'seed', 'index']);

/** Rows of numbers, as a metrics file has them: JSON lines, or one array. Undefined where it is anything else. */
export function metricsOf(text: string): readonly Row[] | undefined {
  const rows = parsed(text);
  if (rows === undefined || rows.length < 2) return undefined;
  const kept = rows.map((row) => {
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return undefined;
    return Object.fromEntries(Object.entries(row).filter(([, value]) => typeof value === 'number'));
  });
  const usable = kept.filter((row): row is Row => row !== undefined && 'step' in row);
  return usable.length === rows.length ? usable : undefined;
}

function parsed(text: string): readonly unknown[] | undefined {
  try {
    if (text.trimStart().startsWith('[')) {
      const all: unknown = JSON.parse(text);
      return Array.isArray(all) ? all : undefined;
    }
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line));
  } catch {
    return undefined;
  }
}

export function plotMetrics(all: readonly Row[]): Html {
  const stride = Math.ceil(all.length / MOST_POINTS);
  const rows = all.filter((_, index) => index % stride === 0 || index === all.length - 1);
  const varying = Object.keys(rows[0] ?? {}).filter(
    (name) =>
      !COUNTERS.has(name) &&
      rows.every((row) => Number.isFinite(row[name])) &&
      new Set(rows.map((row) => row[name])).size > 1,
  );
  const plots = varying.slice(0, MOST_PLOTS).map((name) => {
    const values = rows.map((row) => row[name] ?? 0);
    const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
    const said = `${name} by step: ${small(first)} at first, ${small(last)} at last, between ${small(Math.min(...values))} and ${small(Math.max(...values))}`;
    const series: Series[] = [{ name, ink: 'gate', points: values.map((y, x) => ({ x, y })) }];
    const labels = rows.map((row) => String(row.step));
    return html`<figure><figcaption>${name}</figcaption>${lineChart({ description: said, labels, series, format: small, size: [300, 150] })}<p class="note">${small(first)} → ${small(last)}</p></figure>`;
  });
  return html`<div class="smalls">${plots}</div>`;
}

const RATE = /^(-?[\d.]+)% \((-?[\d.]+) to (-?[\d.]+), n=\d+/;

/** An interval that a fact tells in words, beside these words; undefined where it tells none. */
export function intervalOf(name: string, value: string): Html | undefined {
  const found = RATE.exec(value);
  if (found === null) return undefined;
  const [at = 0, low = 0, high = 0] = found.slice(1).map(Number);
  const signed = /gain/.test(name);
  const x = linear(signed ? [-50, 50] : [0, 100], [2, 118]);
  const inside = (percentage: number): number => Math.min(118, Math.max(2, x(percentage)));
  return html`<svg class="interval" viewBox="0 0 120 14" width="120" height="14" aria-hidden="true"><line class="grid" x1="2" x2="118" y1="7" y2="7"/>${
    signed && html`<line class="zero" x1="60" x2="60" y1="1" y2="13"/>`
  }<g class="ink-gate"><line class="whisker" x1="${inside(low)}" x2="${inside(high)}" y1="7" y2="7"/><circle class="mark" cx="${inside(at)}" cy="7" r="3.6"/></g></svg>`;
}

/** Visible beside gate, with intervals, from the start on. */
export function plotPassRates(baseline: EvaluationResult | undefined, rounds: readonly RoundRecord[]): Html {
  const shift = baseline === undefined ? 0 : 1;
  const labels = [...(baseline === undefined ? [] : ['0']), ...rounds.map(({ round }) => String(round))];
  const series: Series[] = [
    {
      name: 'visible (trained on)',
      ink: 'visible',
      points: rounds.map((one, at) => toPoint(at + shift, one.visible.passRate)),
    },
    {
      name: 'gate (never trained on)',
      ink: 'gate',
      points: [
        ...(baseline === undefined ? [] : [toPoint(0, baseline.passRate)]),
        ...rounds.map((one, at) => toPoint(at + shift, one.gate.passRate)),
      ],
    },
  ];
  const description = `Pass rate by round on the gate split: ${rounds.map(({ round, gate }) => `round ${round} ${percent(gate.passRate.value)}`).join(', ')}`;
  const tick = (value: number): string => `${(100 * value).toFixed(0)}%`;
  return html`${legend(series)}${lineChart({ description, labels, series, format: percent, tick, size: [560, 220] })}`;
}
