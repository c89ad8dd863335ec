// What either side of the rollouts' bench tells of one turn, and what is made of it.
import { z } from 'zod';
import { spread } from '../load.ts';

export const played = z.object({
  /** From the enqueueing of all to the last reward. */
  seconds: z.number(),
  /** Milliseconds from enqueueing to its reward, of each. */
  waited: z.array(z.number()),
  /** Of each. */
  rewards: z.array(z.number()),
});
export type Played = z.infer<typeof played>;

export interface Turn extends Omit<Played, 'rewards'> {
  readonly who: string;
  readonly turn: number;
  /** Peak resident MiB of all its processes, a page shared by two counted once. */
  readonly memory: number;
}

/** Faster and wrong is no result. @throws Error unless each has its reward, and it is 1 */
export function checked(who: string, told: Played, count: number): Played {
  const right = told.rewards.filter((reward) => reward === 1).length;
  if (told.waited.length !== count || right !== count)
    throw new Error(`${who}: ${told.waited.length} of ${count} rollouts have a reward, ${right} the right one`);
  return told;
}

/** How many times as many rollouts a second `first` plays, within a turn, as `who`. */
export const timesAsMany = (turns: readonly Turn[], first: string, who: string): number[] =>
  turns
    .filter((one) => one.who === who)
    .map((one) => rate(turns.find((own) => own.who === first && own.turn === one.turn)!) / rate(one));

const rate = ({ waited, seconds }: Turn): number => waited.length / seconds;

export function table(turns: readonly Turn[], first: string, durable: Readonly<Record<string, string>>): string[] {
  const ranged = (values: readonly number[], digits: number): string => {
    const { median, low, high } = spread(values);
    const [middle, ...ends] = [median, low, high].map((value) => value.toFixed(digits));
    return ends[0] === ends[1] ? middle! : `${middle} (${ends.join('–')})`;
  };
  const rows = [...new Set(turns.map(({ who }) => who))].map((who) => {
    const all = turns.filter((one) => one.who === who);
    const faster = timesAsMany(turns, first, who);
    const cells = [
      ...[who, ranged(all.map(rate), 1), who === first ? '1' : ranged(faster, 1)],
      ...[0.5, 0.95].map((share) =>
        ranged(
          all.map(({ waited }) => at(waited, share) / 1000),
          2,
        ),
      ),
      ...[
        ranged(
          all.map(({ memory }) => memory),
          0,
        ),
        durable[who] ?? '',
      ],
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `| | rollouts/s | ${first} is faster by | enqueue → reward p50, s | p95, s | peak memory (PSS), MiB | what a kill -9 leaves |`,
    `|${' --- |'.repeat(7)}`,
    ...rows,
  ];
}

function at(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}
