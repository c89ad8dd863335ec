// Watchdogs of collective operations: who waited for what, and who did not come.
import { quoted } from './detectors/course.ts';
import type { Finding, Quoted } from './detectors/detector.ts';
import type { Event } from './event.ts';

const CAUGHT =
  /(?:\[Rank |\bRank )(\d+)\]? .*?Watchdog caught collective operation timeout: WorkNCCL\(SeqNum=(\d+), OpType=(\w+)/;
const BARE = /Watchdog caught collective operation timeout: WorkNCCL\(SeqNum=(\d+), OpType=(\w+)/;
const GROUP = /PG (?:ID (\d+)|(\d+)) ?(?:PG GUID (\S+) )?Rank (\d+)\]/;
const NOT_COME =
  /\bRanks? ((?:\d+(?:, ?)?)+) failed to pass monitoredBarrier|(?:waiting (?:for|on)|missing) ranks?:? \[?((?:\d+(?:, ?)?)+)\]?/i;

interface Waiting {
  readonly rank: number;
  readonly sequence: number;
  readonly operation: string;
  readonly at: Quoted;
}

export interface Collectives {
  take(event: Event): void;
  finding(ranks: ReadonlySet<number>): Finding | undefined;
}

export function createCollectives(): Collectives {
  const waiting = new Map<number, Waiting>();
  const groups = new Map<number, string>();
  let named: { ranks: number[]; at: Quoted } | undefined;

  return {
    take(event) {
      const caught = CAUGHT.exec(`[Rank ${event.rank ?? ''}] ${event.body}`.replace('[Rank ] ', '')) ?? undefined;
      const bare = caught === undefined ? BARE.exec(event.body) : undefined;
      const rank = caught === undefined ? event.rank : Number(caught[1]);
      if ((caught !== undefined || bare) && rank !== undefined && !waiting.has(rank) && waiting.size < 65_536) {
        const [sequence, operation] = caught === undefined ? [bare![1]!, bare![2]!] : [caught[2]!, caught[3]!];
        waiting.set(rank, { rank, sequence: Number(sequence), operation, at: { ...quoted(event), rank } });
      }
      const group = GROUP.exec(event.body);
      if (group !== null && !groups.has(Number(group[4])))
        groups.set(Number(group[4]), group[3] ?? group[1] ?? group[2] ?? '');
      const missing = NOT_COME.exec(event.body);
      if (missing !== null && named === undefined)
        named = {
          ranks: [...(missing[1] ?? missing[2])!.matchAll(/\d+/g)].map(([text]) => Number(text)),
          at: quoted(event),
        };
    },
    finding(ranks) {
      if (waiting.size === 0)
        return named === undefined
          ? undefined
          : found(
              'nccl-timeout',
              { ...named.at, rank: named.ranks[0] },
              0.9,
              `rank ${named.ranks.join(', ')} did not come`,
              null,
              named.ranks,
              [],
            );
      const all = [...waiting.values()];
      const earliest = all.reduce((a, b) => (before(b.at, a.at) ? b : a));
      // Sequence numbers count within one group of processes.
      const same = all.filter(({ rank }) => groups.get(rank) === groups.get(earliest.rank));
      const least = same.reduce((a, b) => (b.sequence < a.sequence ? b : a));
      const others = same.filter((one) => one !== least);
      const differs = others.some(
        ({ sequence, operation }) => sequence !== least.sequence || operation !== least.operation,
      );
      const quotes = others.slice(0, 3).map(({ at }) => at);
      if (differs) {
        // With as many on each number, the operation that only one has is the odd one.
        const alone = same.filter((one) => same.filter(({ operation }) => operation === one.operation).length === 1);
        const odd = same.every(({ sequence }) => sequence === least.sequence) && alone.length === 1 ? alone[0]! : least;
        return found(
          'collective-desync',
          odd.at,
          0.93,
          `rank ${odd.rank} is at ${odd.operation} ${odd.sequence}, others at ${others[0]!.operation} ${others[0]!.sequence}`,
          odd,
          [odd.rank],
          quotes,
        );
      }
      const absent = [...ranks].filter((rank) => !waiting.has(rank)).sort((a, b) => a - b);
      const stopped = absent.length > 0 && absent.length <= waiting.size ? absent : [];
      const who =
        stopped.length === 0 ? 'every rank that is heard of waited' : `rank ${stopped.join(', ')} did not come`;
      return found(
        'nccl-timeout',
        earliest.at,
        0.92,
        `${earliest.operation} ${earliest.sequence} did not end: ${who}`,
        earliest,
        stopped,
        quotes,
      );
    },
  };
}

export const before = (a: Quoted, b: Quoted): boolean =>
  // Within a file, lines of several ranks stand as they came; their clocks differ by more.
  a.file !== b.file && a.seconds !== undefined && b.seconds !== undefined && a.seconds !== b.seconds
    ? a.seconds < b.seconds
    : a.order < b.order;

function found(
  cause: Finding['cause'],
  at: Quoted,
  strength: number,
  why: string,
  of: Waiting | null,
  stoppedRanks: readonly number[],
  supports: readonly Quoted[],
): Finding {
  const collective = { operation: of?.operation ?? null, sequence: of?.sequence ?? null, stoppedRanks };
  return { cause, strength, at, why, supports, collective, follows: true, count: supports.length + 1 };
}
