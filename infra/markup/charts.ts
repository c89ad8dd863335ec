// Charts as inline SVG. A chart never stands alone: its figure has a caption, a description, and the numbers as a table.
import type { Estimate } from '../../contracts/policy-version.ts';
import { type Html, html, type Part } from './html.ts';
import { type Axis, axisFor, linear, thinned } from './scale.ts';

/** Colour classes; each comes with its own marker shape, so that colour is never the only sign. */
export type Ink = 'gate' | 'visible' | 'format' | 'right' | 'plain';
type Shape = 'circle' | 'square' | 'diamond' | 'triangle';
const SHAPES: Readonly<Record<Ink, Shape>> = {
  gate: 'circle',
  visible: 'square',
  format: 'diamond',
  right: 'triangle',
  plain: 'circle',
};

export interface Point {
  /** Index of the x label. */
  readonly x: number;
  readonly y: number;
  readonly low?: number;
  readonly high?: number;
}

export interface Series {
  readonly name: string;
  readonly ink: Ink;
  readonly points: readonly Point[];
}

export interface LineChart {
  /** Said to those who cannot see the drawing. */
  readonly description: string;
  readonly labels: readonly string[];
  /** A second line of labels: class, text, and the sign that stands for it where there is no room. */
  readonly sublabels?: readonly { readonly kind: string; readonly text: string; readonly glyph: string }[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** How axis labels are written, when shorter than `format`. */
  readonly tick?: (value: number) => string;
  readonly axis?: Axis;
  readonly size?: readonly [number, number];
  /** Alternating background bands: first label of each band, and its name. */
  readonly bands?: readonly { readonly from: number; readonly to: number; readonly name: string }[];
}

export const toPoint = (x: number, estimate: Estimate): Point => ({
  x,
  y: estimate.value,
  low: estimate.low,
  high: estimate.high,
});

function marker(shape: Shape, x: number, y: number, size: number): Html {
  const r = size;
  switch (shape) {
    case 'circle':
      return html`<circle class="mark" cx="${x}" cy="${y}" r="${r}"/>`;
    case 'square':
      return html`<rect class="mark" x="${x - r * 0.9}" y="${y - r * 0.9}" width="${r * 1.8}" height="${r * 1.8}"/>`;
    case 'diamond':
      return html`<path class="mark" d="M${x} ${y - r * 1.3}l${r * 1.3} ${r * 1.3}l${-r * 1.3} ${r * 1.3}l${-r * 1.3} ${-r * 1.3}z"/>`;
    case 'triangle':
      return html`<path class="mark" d="M${x} ${y - r * 1.2}l${r * 1.2} ${r * 2.1}h${-r * 2.4}z"/>`;
  }
}

export function lineChart(chart: LineChart): Html {
  const [width, height] = chart.size ?? [460, 250];
  const small = width < 400;
  const all = chart.series.flatMap((one) => one.points.flatMap((p) => [p.y, p.low ?? p.y, p.high ?? p.y]));
  const axis = chart.axis ?? axisFor(all, { zero: true });
  const left = small ? 46 : 42;
  const bottom = height - (chart.sublabels === undefined ? 24 : 40);
  const top = chart.bands === undefined ? 10 : 22;
  const slot = (width - left - 10) / Math.max(1, chart.labels.length);
  const y = linear([axis.min, axis.max], [bottom, top]);
  const x = (index: number): number => Number((left + (index + 0.5) * slot).toFixed(1));
  const shown = thinned(chart.labels.length, Math.floor((width - left) / 26));
  const tick = chart.tick ?? chart.format;
  const grid = axis.ticks.map(
    (value) =>
      html`<line class="${value === 0 && axis.min < 0 ? 'grid zero' : 'grid'}" x1="${left}" x2="${width - 8}" y1="${y(value)}" y2="${y(value)}"/><text class="axis" x="${left - 7}" y="${y(value) + 4}" text-anchor="end">${tick(value)}</text>`,
  );
  const bands = (chart.bands ?? []).map((band, index) => {
    const from = left + band.from * slot;
    const span = (band.to - band.from + 1) * slot;
    return [
      index % 2 === 0 &&
        html`<rect class="band" x="${fixed(from)}" y="${top - 16}" width="${fixed(span)}" height="${bottom - top + 16}"/>`,
      span > 24 &&
        html`<text class="axis" x="${fixed(from + span / 2)}" y="${top - 5}" text-anchor="middle">${band.name}</text>`,
    ];
  });
  const labels = chart.labels.map(
    (label, index) =>
      shown(index) && html`<text class="axis" x="${x(index)}" y="${bottom + 16}" text-anchor="middle">${label}</text>`,
  );
  const worded = slot >= 52;
  const sublabels = (chart.sublabels ?? []).map(
    (label, index) =>
      (worded || slot >= 9) &&
      html`<text class="axis verdict-${label.kind}" x="${x(index)}" y="${bottom + 32}" text-anchor="middle">${worded ? label.text : label.glyph}</text>`,
  );
  const series = chart.series.map((one, index) => {
    const dodge = chart.series.length === 1 ? 0 : (index - (chart.series.length - 1) / 2) * Math.min(8, slot / 5);
    const at = (point: Point): number => fixed(x(point.x) + dodge);
    const size = one.points.length > 40 ? 1.6 : small ? 2.6 : 3.8;
    // A line that crossed from one band into the next would suggest a continuity that is not there.
    const runs = (chart.bands ?? [{ from: 0, to: chart.labels.length }])
      .flatMap((band) => unbroken(one.points.filter((point) => point.x >= band.from && point.x <= band.to)))
      .map((run) => run.map((point) => `${at(point)},${y(point.y)}`).join(' '));
    const lines = runs.map((run) => html`<polyline class="line" points="${run}"/>`);
    const marks = one.points.map((point) => {
      const range = point.low !== undefined && point.high !== undefined;
      const said = `${one.name}, ${chart.labels[point.x] ?? ''}: ${chart.format(point.y)}${range ? ` (${chart.format(point.low ?? 0)} to ${chart.format(point.high ?? 0)})` : ''}`;
      return html`<g><title>${said}</title>${range && html`<line class="whisker" x1="${at(point)}" x2="${at(point)}" y1="${y(point.low ?? 0)}" y2="${y(point.high ?? 0)}"/>`}${marker(SHAPES[one.ink], at(point), y(point.y), size)}</g>`;
    });
    return html`<g class="ink-${one.ink}">${lines}${marks}</g>`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${chart.description}">${bands}${grid}${labels}${sublabels}${series}</svg>`;
}

const fixed = (value: number): number => Number(value.toFixed(1));

export function legend(series: readonly (Pick<Series, 'name' | 'ink'> & { readonly hollow?: boolean })[]): Html {
  const entries = series.map((one) => {
    const sign = one.hollow
      ? html`<circle class="mark hollow" cx="12" cy="6" r="4"/>`
      : html`<line class="line" x1="1" x2="23" y1="6" y2="6"/>${marker(SHAPES[one.ink], 12, 6, 3.6)}`;
    return html`<li class="ink-${one.ink}"><svg viewBox="0 0 24 12" width="24" height="12" aria-hidden="true">${sign}</svg>${one.name}</li>`;
  });
  return html`<ul class="legend">${entries}</ul>`;
}

export interface Dumbbell {
  readonly name: string;
  readonly before: Estimate;
  readonly after: Estimate;
}

/** Before and after with their intervals, a row a measure, on one axis from 0 to 100%. */
export function dumbbells(rows: readonly Dumbbell[], description: string, format: (value: number) => string): Html {
  const width = 460;
  const rowHeight = 58;
  const height = rows.length * rowHeight + 30;
  const x = linear([0, 1], [10, width - 14]);
  const grid = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      html`<line class="grid" x1="${x(value)}" x2="${x(value)}" y1="8" y2="${height - 22}"/><text class="axis" x="${x(value)}" y="${height - 6}" text-anchor="${value === 1 ? 'end' : value === 0 ? 'start' : 'middle'}">${(100 * value).toFixed(0)}%</text>`,
  );
  const drawn = rows.map((row, index) => {
    const top = index * rowHeight + 22;
    const line = (estimate: Estimate, offset: number): Html =>
      html`<line class="whisker" x1="${x(estimate.low)}" x2="${x(estimate.high)}" y1="${top + offset}" y2="${top + offset}"/>`;
    const said = (word: string, e: Estimate): string =>
      `${row.name}, ${word}: ${format(e.value)} (${format(e.low)} to ${format(e.high)})`;
    return html`<text class="row" x="10" y="${top - 4}">${row.name}</text><text class="row" x="${width - 14}" y="${top - 4}" text-anchor="end">${format(row.before.value)} → ${format(row.after.value)}</text><g class="ink-plain"><title>${said('before', row.before)}</title>${line(row.before, 9)}<circle class="mark hollow" cx="${x(row.before.value)}" cy="${top + 9}" r="4.5"/></g><g class="ink-gate"><title>${said('after', row.after)}</title>${line(row.after, 22)}<circle class="mark" cx="${x(row.after.value)}" cy="${top + 22}" r="4.8"/></g>`;
  });
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${description}">${grid}${drawn}</svg>`;
}

/** One bar divided into parts; a part's class colours it. */
export function stackedBar(
  parts: readonly { readonly name: string; readonly value: number; readonly kind: string; readonly said: string }[],
  description: string,
): Html {
  const total = parts.reduce((sum, part) => sum + part.value, 0);
  if (total <= 0) return html``;
  const width = 1000;
  let from = 0;
  const drawn = parts.map((part) => {
    const length = (part.value / total) * width;
    const start = from;
    from += length;
    if (length < 0.5) return undefined;
    return html`<rect class="part part-${part.kind}" x="${fixed(start)}" y="0" width="${fixed(Math.max(0.5, length - 3))}" height="28"><title>${part.name}: ${part.said}</title></rect>`;
  });
  return html`<svg class="stack" viewBox="0 0 ${width} 28" preserveAspectRatio="none" role="img" aria-label="${description}">${drawn}</svg>`;
}

/** A figure: caption first, because the reader should know what to look for. */
export function figure(caption: Part, body: Part, note?: Part): Html {
  return html`<figure><figcaption>${caption}</figcaption>${body}${note !== undefined && html`<p class="note">${note}</p>`}</figure>`;
}

/** The numbers behind a drawing. Wide tables scroll by themselves. `texts`: columns of a numeric table that hold words. */
export function dataTable(
  caption: string,
  head: readonly Part[],
  rows: readonly (readonly Part[])[],
  {
    folded = false,
    numeric = true,
    texts = [],
  }: { folded?: boolean; numeric?: boolean; texts?: readonly number[] } = {},
): Html {
  const text = (index: number): Html | undefined => (texts.includes(index) ? html` class="text"` : undefined);
  const table = html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="${numeric ? 'numbers' : 'words'}"><caption>${caption}</caption><thead><tr>${head.map((cell, index) => html`<th scope="col"${text(index)}>${cell}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${row.map((cell, index) => (index === 0 ? html`<th scope="row">${cell}</th>` : html`<td${text(index)}>${cell}</td>`))}</tr>`)}</tbody></table></div>`;
  return folded ? html`<details class="data"><summary>The numbers</summary>${table}</details>` : table;
}

/** Where a point is missing the line has a gap: nothing is known there. */
function unbroken(points: readonly Point[]): Point[][] {
  const runs: Point[][] = [];
  for (const point of points) {
    const run = runs.at(-1);
    if (run?.at(-1)?.x === point.x - 1) run.push(point);
    else runs.push([point]);
  }
  return runs;
}
