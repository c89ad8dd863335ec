// From evaluations to what is told of them. Pure.
import { spread } from './load.ts';

/** One evaluation by one side. */
export interface Played {
  readonly who: string;
  readonly turn: number;
  readonly samples: number;
  /** Of the evaluation, without the start of a process. */
  readonly seconds: number;
  /** MiB at the peak, of all processes. */
  readonly rss: number;
  readonly pss: number;
  /** MiB of what lies on the disk at the end. */
  readonly logs: number;
}

type Spread = ReturnType<typeof spread>;

export interface Row {
  readonly who: string;
  readonly perSecond: Spread;
  readonly rss: Spread;
  readonly pss: Spread;
  readonly logs: Spread;
  /** The first one's samples a second by its, within a turn. */
  readonly speed: Spread;
  /** The first one's resident memory by its, within a turn. */
  readonly memory: Spread;
}

/** A row for everybody, compared with whom `first` names. Turns that either of two did not play are left out. */
export function summarise(played: readonly Played[], first: string): Row[] {
  return [...new Set(played.map(({ who }) => who))].map((who) => {
    const pairs = played
      .filter((one) => one.who === who)
      .flatMap((one) => {
        const ours = played.find(({ who: name, turn }) => name === first && turn === one.turn);
        return ours === undefined ? [] : [{ one, ours }];
      });
    const of = (figure: (pair: { one: Played; ours: Played }) => number): Spread => spread(pairs.map(figure));
    return {
      who,
      perSecond: of(({ one }) => one.samples / one.seconds),
      rss: of(({ one }) => one.rss),
      pss: of(({ one }) => one.pss),
      logs: of(({ one }) => one.logs),
      speed: of(({ one, ours }) => ours.samples / ours.seconds / (one.samples / one.seconds)),
      memory: of(({ one, ours }) => ours.rss / one.rss),
    };
  });
}

const shown = ({ median, low, high }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;

export function table(rows: readonly Row[]): string[] {
  return [
    '| | samples/s | Anneal is faster by | peak RSS, MiB | Anneal’s RSS by it | peak PSS, MiB | on disk, MiB |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ who, perSecond, speed, rss, memory, pss, logs }) =>
        `| ${who} | ${shown(perSecond, 0)} | ${shown(speed, 2)} | ${shown(rss, 0)} | ${shown(memory, 2)} | ${shown(pss, 0)} | ${shown(logs, 1)} |`,
    ),
  ];
}
