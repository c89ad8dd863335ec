// What was measured, by name and rank, in bounded memory: where a series grows too long, of each four points the least and the greatest
// stay, so that a spike keeps its place and its line.
import type { Event, Place } from './event.ts';
import type { Kind, Metric } from './metrics.ts';

const CAPACITY = 512;
const MOST = 256;
/** What is quoted of a line of numbers. */
const QUOTED = 240;

export interface Point extends Place {
  readonly value: number;
  readonly step: number | undefined;
  readonly raw: string;
  readonly cut: boolean;
}

export interface Series {
  readonly kind: Kind;
  readonly name: string;
  readonly rank: number | undefined;
  readonly points: readonly Point[];
  /** How many there were. */
  readonly count: number;
}

export interface SeriesBook {
  add(event: Event): void;
  all(): readonly Series[];
  readonly count: number;
}

export function createSeriesBook(): SeriesBook {
  const book = new Map<string, { series: Omit<Series, 'points' | 'count'>; points: Point[]; count: number }>();
  let count = 0;

  function one(metric: Metric, event: Event, step: number | undefined): void {
    const key = `${metric.kind}|${metric.name}|${event.rank ?? (event.unit === '' ? `f${event.file}` : event.unit)}`;
    let entry = book.get(key);
    if (entry === undefined) {
      if (book.size >= MOST) return;
      entry = { series: { kind: metric.kind, name: metric.name, rank: event.rank }, points: [], count: 0 };
      book.set(key, entry);
    }
    entry.count += 1;
    const { file, line, offset, rank, time, seconds, order, raw, cut } = event;
    // A record may be long, and points are many: what is quoted of one is its beginning.
    entry.points.push({
      ...{ file, line, offset, rank, time, seconds, order, cut: cut || raw.length > QUOTED },
      step,
      value: metric.value,
      raw: raw.length > QUOTED ? raw.slice(0, QUOTED) : raw,
    });
    if (entry.points.length >= CAPACITY) entry.points = thinned(entry.points);
  }

  return {
    add(event) {
      const step = event.metrics.find(({ kind }) => kind === 'step')?.value;
      for (const metric of event.metrics) {
        if (metric.kind === 'step' && event.metrics.length > 1) continue;
        count += 1;
        one(metric, event, step);
      }
    },
    all: () => [...book.values()].map(({ series, points, count: of }) => ({ ...series, points, count: of })),
    get count() {
      return count;
    },
  };
}

function thinned(points: readonly Point[]): Point[] {
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += 4) {
    const group = points.slice(from, from + 4);
    const odd = group.find(({ value }) => !Number.isFinite(value));
    const least = odd ?? group.reduce((a, b) => (b.value < a.value ? b : a));
    const most = group.reduce((a, b) => (b.value > a.value && b !== least ? b : a));
    kept.push(...(least === most ? [least] : [least, most].sort((a, b) => a.order - b.order)));
  }
  return kept;
}
