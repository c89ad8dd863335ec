// A run that stops saying anything: the last progress, and what the clock says came after.
import { median, quoted } from './detectors/course.ts';
import type { Finding, Quoted } from './detectors/detector.ts';
import type { Event } from './event.ts';

const LONG = 600;
const TIMES = 20;
const KEPT = 64;
const SAYS_SO =
  /\bno progress (?:for|since|in)|(?:appears? to be|is|seems) (?:stuck|hung)|hang (?:detected|suspected)|has not (?:made progress|responded|logged)|stalled for \d|heartbeat (?:lost|missing|timed out)/i;

interface Voice {
  last: Quoted | undefined;
  readonly gaps: number[];
  count: number;
}

export interface Silence {
  take(event: Event): void;
  finding(): Finding | undefined;
}

export function createSilence(): Silence {
  const voices = new Map<string, Voice>();
  let latest: Quoted | undefined;
  let said: Quoted | undefined;

  return {
    take(event) {
      if (event.metrics.length < 2 && SAYS_SO.test(event.body)) said ??= quoted(event);
      const progress = event.metrics.some(
        ({ kind }) => kind === 'loss' || kind === 'step' || kind === 'reward' || kind === 'stepTime',
      );
      const stamp = event.seconds ?? stampWithin(event);
      if (stamp === undefined) return;
      if (latest === undefined || stamp > latest.seconds!) latest = { ...quoted(event), seconds: stamp };
      if (!progress) return;
      const key = event.rank === undefined ? `f${event.file}` : `r${event.rank}`;
      const voice: Voice = voices.get(key) ?? { last: undefined, gaps: [], count: 0 };
      if (!voices.has(key) && voices.size < 4096) voices.set(key, voice);
      if (voice.last !== undefined) {
        const gap = stamp - voice.last.seconds!;
        if (gap >= 0 && voice.gaps.push(gap) > KEPT) voice.gaps.shift();
      }
      voice.count += 1;
      voice.last = { ...quoted(event), seconds: stamp };
    },
    finding() {
      let worst: { gap: number; at: Quoted; usual: number } | undefined;
      for (const { last, gaps, count } of voices.values()) {
        if (last === undefined || count < 6 || latest === undefined) continue;
        const usual = median(gaps);
        const gap = latest.seconds! - last.seconds!;
        if (gap < Math.max(LONG, TIMES * usual) || gap > 3e7) continue;
        if (worst === undefined || gap > worst.gap) worst = { gap, at: last, usual };
      }
      if (worst !== undefined)
        return silent(
          worst.at,
          0.8,
          `nothing more for ${Math.round(worst.gap / 60)} minutes; until then every ${Math.max(1, Math.round(worst.usual))} s`,
          latest,
        );
      return said === undefined ? undefined : silent(said, 0.65, 'it is said to stand still', undefined);
    },
  };
}

/** `CANCELLED AT 2023-12-05T07:16:01`: the time of a line that has no stamp before it. */
function stampWithin({ body }: Event): number | undefined {
  const found = /CANCELLED AT (\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)/.exec(body);
  if (found === null) return undefined;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number);
  return Date.UTC(year!, month! - 1, day!, hour, minute, second) / 1000;
}

const silent = (at: Quoted, strength: number, why: string, latest: Quoted | undefined): Finding => ({
  ...{
    cause: 'silent-hang',
    strength,
    follows: true,
    at,
    why,
    count: 1,
    supports: latest === undefined ? [] : [latest],
  },
});
