// `--part peers`: requests a second at 1, 16 and 64 at a time, by turns on the same machine.
import { spread } from '../load.ts';
import type { Shot } from './load.ts';
import { fire, MODES, type Mode, rotated, type Systems, type Who } from './systems.ts';

export interface ClosedOptions {
  readonly who: readonly Who[];
  /** Each takes its turn so often. */
  readonly turns: number;
  /** A turn ends after so many requests, or so many seconds. */
  readonly requests: number;
  readonly seconds: number;
  readonly concurrency: readonly number[];
  readonly print: (line: string) => void;
}

type Shots = ReadonlyMap<Who, readonly Shot[]>;

/** Anneal's requests a second by those of a peer. */
export interface Ratio {
  readonly mode: Mode;
  readonly concurrency: number;
  readonly peer: Who;
  readonly ratio: ReturnType<typeof spread>;
}

export interface Closed {
  readonly ratios: readonly Ratio[];
  /** Anneal's records by its requests; undefined where it was not asked. */
  readonly kept: number | undefined;
}

export async function closedLoop(systems: Systems, options: ClosedOptions): Promise<Closed> {
  const { who, turns, requests, concurrency: levels, print } = options;
  const sent = new Map<Who, number>(who.map((one) => [one, 0]));
  print(
    `| mode | at a time | ${who.join('/s | ')}/s | ${ratiosOf(who).join(' | ')} | p50 ms | p99 ms | the load, of a core |`,
  );
  print(`|${' --- |'.repeat(who.length + ratiosOf(who).length + 5)}`);
  const ratios: Ratio[] = [];
  for (const mode of MODES) {
    for (const concurrency of levels) {
      const shots = new Map<Who, Shot[]>(who.map((one) => [one, []]));
      // The first turn warms everything up and is thrown away.
      for (let turn = 0; turn <= turns; turn += 1) {
        for (const one of rotated(who, turn)) {
          const seconds = turn === 0 ? Math.min(1, options.seconds) : options.seconds;
          const asked = { ...systems.asked(one, mode), concurrency, requests, seconds };
          const shot = await fire<Shot>('load.ts', one, asked);
          sent.set(one, sent.get(one)! + shot.answered);
          if (turn > 0) shots.get(one)!.push(shot);
        }
      }
      print(rowOf(mode, concurrency, who, shots));
      for (const peer of peersIn(who)) ratios.push({ mode, concurrency, peer, ratio: against(peer, shots) });
    }
  }
  print('');
  for (const one of who) print(await keptLine(systems, one, sent.get(one)!));
  const own = sent.get('Anneal');
  return { ratios, kept: own === undefined ? undefined : (await systems.kept('Anneal')) / own };
}

const ratiosOf = (who: readonly Who[]): string[] => peersIn(who).map((peer) => `Anneal / ${peer} (range)`);

const peersIn = (who: readonly Who[]): Who[] =>
  who.includes('Anneal') ? who.filter((one) => one === 'Portkey' || one === 'LiteLLM') : [];

/** Within a turn: what else the machine did then falls on both. */
const against = (peer: Who, shots: Shots): ReturnType<typeof spread> =>
  spread(shots.get('Anneal')!.map(({ perSecond }, turn) => perSecond / shots.get(peer)![turn]!.perSecond));

export function rowOf(mode: Mode, concurrency: number, who: readonly Who[], shots: Shots): string {
  const middles = (of: (shot: Shot) => number): number[] => who.map((one) => spread(shots.get(one)!.map(of)).median);
  const ratios = peersIn(who).map((peer) => {
    const { median, low, high } = against(peer, shots);
    return `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
  });
  const cells = [
    ...[mode, String(concurrency)],
    ...middles(({ perSecond }) => perSecond).map((rate) => rate.toFixed(0)),
    ...ratios,
    ...[({ p50 }: Shot) => p50, ({ p99 }: Shot) => p99].map((of) =>
      middles(of)
        .map((ms) => ms.toFixed(1))
        .join(' / '),
    ),
    middles(({ busy }) => busy)
      .map((share) => share.toFixed(2))
      .join(' / '),
  ];
  return `| ${cells.join(' | ')} |`;
}

async function keptLine(systems: Systems, who: Who, sent: number): Promise<string> {
  const memory = await systems.resident(who);
  const resident = memory === undefined ? '' : `, ${memory.toFixed(0)} MiB resident`;
  if (who !== 'Anneal' && who !== 'LiteLLM') return `${who}: keeps nothing of ${sent} requests${resident}.`;
  const kept = await settled(systems, who, sent);
  const share = `records stored ÷ requests ${(kept / sent).toFixed(4)} of ${sent}`;
  if (who === 'LiteLLM') return `LiteLLM: ${share}, lines that are not synced${resident}.`;
  const { fsyncs, bytes } = await systems.metrics();
  const each = `${(sent / fsyncs).toFixed(1)} records an fsync, ${Math.round(bytes / kept)} bytes a record`;
  return `Anneal: ${share}, ${each}${resident}.`;
}

/** LiteLLM logs after it has answered: what is still on its way is waited for. */
async function settled(systems: Systems, who: Who, sent: number): Promise<number> {
  let kept = await systems.kept(who);
  for (const patience = Date.now() + 15_000; kept < sent && Date.now() < patience; kept = await systems.kept(who)) {
    await new Promise((later) => setTimeout(later, 250));
  }
  return kept;
}
