// `--part one`: one request at a time. Whoever keeps each answer before it is handed on cannot be faster than the server and the disk in
// a row; what is beyond is the gateway's own.
import { spread } from '../load.ts';
import { middle, syncTimes } from './disk.ts';
import type { Shot } from './load.ts';
import { fire, MODES, type Mode, rotated, type Systems, type Who } from './systems.ts';

export interface OneOptions {
  readonly turns: number;
  readonly requests: number;
  readonly seconds: number;
  readonly print: (line: string) => void;
}

interface Turn {
  readonly direct: number;
  readonly anneal: number;
  readonly disk: number;
}

/** Milliseconds at the median, beyond what server and disk take in a row. */
export interface Alone {
  readonly mode: Mode;
  readonly beyond: ReturnType<typeof spread>;
}

export async function oneAtATime(systems: Systems, options: OneOptions): Promise<Alone[]> {
  const { turns, requests, seconds, print } = options;
  print(
    '| mode | direct p50, ms | fdatasync p50, ms | Anneal p50, ms | added, ms (range) | added beyond the disk, ms (range) | requests/s, of what server and disk allow (range) |',
  );
  print(`|${' --- |'.repeat(7)}`);
  const who: readonly Who[] = ['direct', 'Anneal'];
  const modes: Alone[] = [];
  for (const mode of MODES) {
    const all: Turn[] = [];
    for (let turn = 0; turn <= turns; turn += 1) {
      const p50 = new Map<Who, number>();
      for (const one of rotated(who, turn)) {
        const asked = { ...systems.asked(one, mode), concurrency: 1, requests, seconds };
        p50.set(one, (await fire<Shot>('load.ts', one, asked)).p50);
      }
      const { bytes, completions } = await systems.metrics();
      const disk = middle(syncTimes(systems.folder, Math.round(bytes / completions.records), 300));
      if (turn > 0) all.push({ direct: p50.get('direct')!, anneal: p50.get('Anneal')!, disk });
    }
    const told = (of: (turn: Turn) => number): string => spread(all.map(of)).median.toFixed(2);
    const ranged = (of: (turn: Turn) => number): string => {
      const { median, low, high } = spread(all.map(of));
      return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
    };
    modes.push({ mode, beyond: spread(all.map(({ anneal, direct, disk }) => anneal - direct - disk)) });
    const cells = [
      ...[mode, told(({ direct }) => direct), told(({ disk }) => disk), told(({ anneal }) => anneal)],
      ranged(({ anneal, direct }) => anneal - direct),
      ranged(({ anneal, direct, disk }) => anneal - direct - disk),
      ranged(({ anneal, direct, disk }) => (direct + disk) / anneal),
    ];
    print(`| ${cells.join(' | ')} |`);
  }
  return modes;
}
