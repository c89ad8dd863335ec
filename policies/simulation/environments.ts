// Environments that run on the engines' own devices: what both ask for beyond what there is makes both slower, each in proportion. How far
// all environments have come is one number, the seconds that each would have got, as with an engine's sequences.
import { createQueue } from './queue.ts';

interface Environment {
  readonly position: number;
  readonly until: number;
}

export interface Environments {
  start(position: number, seconds: number, now: number): void;
  /** Those that end now, if the announcement still holds. */
  ends(stamp: number, now: number): number[];
  /** Engines at work have changed: who shares, and how fast all go, follows from it. */
  share(now: number): void;
}

export function createEnvironments(of: {
  /** Devices, of the engines and these together, and what one environment keeps busy of them. */
  readonly devices: number;
  readonly load: number;
  /** Devices that engines keep busy now. */
  readonly busy: () => number;
  /** How fast all go from now on, as a share of their speed alone. */
  readonly slow: (factor: number, now: number) => void;
  readonly announce: (at: number, stamp: number) => void;
}): Environments {
  const { devices, load, busy, slow, announce } = of;
  const waiting = createQueue<Environment>();
  let announced: Environment | undefined;
  let [running, done, at, stamp, factor] = [0, 0, 0, 0, 1];

  function catchUp(now: number): void {
    done += (now - at) * factor;
    at = now;
  }

  function share(now: number): void {
    catchUp(now);
    const asked = busy() + running * load;
    const next = asked <= devices ? 1 : devices / asked;
    const first = waiting.peek()?.item;
    // What was announced still holds: told again at every event it would never come true.
    if (next === factor && first === announced) return;
    if (next !== factor) {
      factor = next;
      slow(factor, now);
    }
    announced = first;
    stamp += 1;
    if (first !== undefined) announce(now + Math.max(0, first.until - done) / factor, stamp);
  }

  return {
    start(position, seconds, now) {
      catchUp(now);
      waiting.push(done + seconds, { position, until: done + seconds });
      running += 1;
      share(now);
    },
    ends(told, now) {
      if (told !== stamp) return [];
      catchUp(now);
      const over: number[] = [];
      for (let first = waiting.peek(); first !== undefined; first = waiting.peek()) {
        // A hair of rounding is not worth an event of its own.
        if (over.length > 0 && first.item.until > done + 1e-9) break;
        waiting.pop();
        over.push(first.item.position);
      }
      running -= over.length;
      share(now);
      return over;
    },
    share,
  };
}
