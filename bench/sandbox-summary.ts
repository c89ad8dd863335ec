// From timed batches to what is told of them. Pure.
import { spread } from './load.ts';

export type Side = 'ours' | 'bare';

/** So many runs, one after the other or so many at a time. */
export interface Batch {
  readonly case: string;
  readonly concurrency: number;
  readonly turn: number;
  readonly side: Side;
  readonly runs: number;
  readonly seconds: number;
  /** Median of one run, milliseconds. */
  readonly latency: number;
}

type Spread = ReturnType<typeof spread>;

export interface Row {
  readonly case: string;
  readonly concurrency: number;
  /** Runs a second. */
  readonly ours: Spread;
  readonly bare: Spread;
  /** Time of ours by that of bare, by turn: above 1 is slower. */
  readonly ratio: Spread;
  /** Milliseconds that one run takes longer, by turn. */
  readonly added: Spread;
}

/** A row for every case and concurrency, in the order in which they come. A turn of which one side is missing does not count. */
export function summarise(batches: readonly Batch[]): Row[] {
  const keys = [...new Set(batches.map((one) => `${one.concurrency} ${one.case}`))];
  return keys.map((key) => {
    const own = batches.filter((one) => `${one.concurrency} ${one.case}` === key);
    const pairs = own
      .filter(({ side }) => side === 'ours')
      .flatMap((ours) => {
        const bare = own.find(({ side, turn }) => side === 'bare' && turn === ours.turn);
        return bare === undefined ? [] : [{ ours, bare }];
      });
    const { case: name, concurrency } = own[0]!;
    const rate = ({ runs, seconds }: Batch): number => runs / seconds;
    return {
      ...{ case: name, concurrency },
      ours: spread(pairs.map(({ ours }) => rate(ours))),
      bare: spread(pairs.map(({ bare }) => rate(bare))),
      ratio: spread(pairs.map(({ ours, bare }) => rate(bare) / rate(ours))),
      added: spread(pairs.map(({ ours, bare }) => ours.latency - bare.latency)),
    };
  });
}

const shown = ({ median, low, high }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

export function table(rows: readonly Row[]): string[] {
  return [
    '| what runs | at a time | ours, runs/s | bare `bwrap`, runs/s | time, ours by bare (range) | a run takes longer, ms |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ case: name, concurrency, ours, bare, ratio, added }) =>
        `| ${name} | ${concurrency} | ${shown(ours, 1)} | ${shown(bare, 1)} | ${shown(ratio, 2)} | ${shown(added, 1)} |`,
    ),
  ];
}
