// `--part open`: 200 requests a second that come whether or not those before them are answered, at a server that takes 5 ms.
import { spread } from '../load.ts';
import { middle, syncTimes } from './disk.ts';
import type { OpenShot } from './open-load.ts';
import { fire, MODES, type Mode, rotated, type Systems, type Who } from './systems.ts';

export interface OpenOptions {
  readonly who: readonly Who[];
  readonly turns: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly print: (line: string) => void;
}

/** Anneal's, in milliseconds. */
export interface Added {
  readonly mode: Mode;
  /** To the median, beyond the disk's fdatasync. */
  readonly beyond: ReturnType<typeof spread>;
  readonly p99: ReturnType<typeof spread>;
}

export interface Opened {
  readonly added: readonly Added[];
  /** Anneal's records by its requests. */
  readonly kept: number;
}

/** @param options of whom at least Anneal and the bare server are asked */
export async function openLoop(systems: Systems, options: OpenOptions): Promise<Opened> {
  const { who, turns, seconds, perSecond, print } = options;
  print(
    '| mode | through | p50 ms | p99 ms (range) | added p50, ms (range) | fdatasync p50, ms | added beyond the disk, ms (range) | sent late, p99 ms |',
  );
  print(`|${' --- |'.repeat(8)}`);
  let [sent, lot] = [0, 0];
  const all: Added[] = [];
  for (const mode of MODES) {
    const shots = new Map<Who, OpenShot[]>(who.map((one) => [one, []]));
    const disks: number[] = [];
    for (let turn = 0; turn <= turns; turn += 1) {
      for (const one of rotated(who, turn)) {
        const bounded = { seconds: turn === 0 ? Math.min(2, seconds) : seconds, perSecond, seed: turn };
        const shot = await fire<OpenShot>('open-load.ts', one, { ...systems.asked(one, mode, lot), ...bounded });
        if (one === 'Anneal') sent += shot.answered;
        if (turn > 0) shots.get(one)!.push(shot);
      }
      lot += 1;
      const { bytes, completions } = await systems.metrics();
      if (turn > 0) disks.push(middle(syncTimes(systems.folder, Math.round(bytes / completions.records), 300)));
    }
    for (const one of who) print(rowOf(mode, one, shots, disks));
    const own = shots.get('Anneal') ?? [];
    if (own.length > 0) {
      const beyond = addedBy('Anneal', shots).map((ms, turn) => ms - disks[turn]!);
      all.push({ mode, beyond: spread(beyond), p99: spread(own.map(({ p99 }) => p99)) });
    }
  }
  const { completions } = await systems.metrics();
  const kept = completions.records / sent;
  print(`\nAnneal: records stored ÷ requests ${kept.toFixed(4)} of ${sent}.`);
  return { added: all, kept };
}

type Shots = ReadonlyMap<Who, readonly OpenShot[]>;

/** To the median, in milliseconds, within a turn, whose gaps are the same. */
const addedBy = (who: Who, shots: Shots): number[] =>
  shots.get(who)!.map(({ p50 }, turn) => p50 - (shots.get('direct')?.[turn]?.p50 ?? Number.NaN));

function rowOf(mode: string, who: Who, shots: Shots, disks: readonly number[]): string {
  const own = shots.get(who)!;
  const ranged = (values: readonly number[], digits = 2): string => {
    const { median, low, high } = spread(values);
    return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
  };
  const added = addedBy(who, shots);
  const cells = [
    ...[mode, who, spread(own.map(({ p50 }) => p50)).median.toFixed(2), ranged(own.map(({ p99 }) => p99))],
    who === 'direct' ? '' : ranged(added),
    who === 'Anneal' ? spread(disks).median.toFixed(2) : '',
    who === 'Anneal' ? ranged(added.map((ms, turn) => ms - disks[turn]!)) : '',
    spread(own.map(({ late }) => late)).median.toFixed(1),
  ];
  return `| ${cells.join(' | ')} |`;
}
