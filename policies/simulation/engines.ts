// Engines that share their speed among the sequences that they run: with n of them each gets speed(n) ÷ n tokens a second. How far
// an engine has come is one number, the tokens that a sequence would have got since the engine was last empty; a sequence
// ends when that number reaches what it began at plus its length. So an event costs a logarithm, whatever an engine runs.
import { createQueue, type Queue } from './queue.ts';

export interface EngineSettings {
  readonly engines: number;
  readonly slots: number;
  readonly speed: readonly { readonly running: number; readonly tokensPerSecond: number }[];
}

interface Sequence {
  readonly position: number;
  readonly engine: number;
  readonly from: number;
  readonly until: number;
}

interface Engine {
  readonly sequences: Queue<Sequence>;
  running: number;
  done: number;
  at: number;
  /** Grows with every change: what was announced before it is void. */
  stamp: number;
  isDown: boolean;
}

export interface Engines {
  /** Slots that a rollout can have now. */
  free(): number;
  /** On the engine that runs fewest. */
  place(position: number, tokens: number, now: number): void;
  /** The rollout that ends now on the engine, if the announcement still holds. */
  ends(engine: number, stamp: number, now: number): number | undefined;
  /** Takes it off, wherever it runs. The tokens that it got; undefined when it does not run. */
  remove(position: number, now: number): number | undefined;
  pause(now: number): void;
  resume(now: number): void;
  /** From now on all go at this share of their speed: something else runs on their devices. */
  slow(factor: number, now: number): void;
  /** Engines that write. */
  busy(): number;
  /** The rollouts that it takes with it, and their tokens. */
  breakDown(engine: number, now: number): { readonly position: number; readonly tokens: number }[];
  repair(engine: number, now: number): void;
  /** Engine-seconds until now, sequence-seconds while generating, and tokens generated. */
  totals(now: number): {
    readonly time: Readonly<Record<'generating' | 'paused' | 'empty' | 'down', number>>;
    readonly sequenceSeconds: number;
    readonly tokens: number;
  };
}

/** @param announce when an engine's next sequence will end, unless something changes there before */
export function createEngines(
  { engines: size, slots, speed }: EngineSettings,
  announce: (at: number, engine: number, stamp: number) => void,
): Engines {
  const speeds = Array.from({ length: slots + 1 }, (_, running) => speedOf(speed, running));
  const engines = Array.from(
    { length: size },
    (): Engine => ({ sequences: createQueue(), running: 0, done: 0, at: 0, stamp: 0, isDown: false }),
  );
  const where = new Map<number, Sequence>();
  /** Engines by what they run; `least` is at most the smallest of them that has any. */
  const byLoad = Array.from({ length: slots + 1 }, (_, load) => new Set(load === 0 ? engines.keys() : []));
  const time = { generating: 0, paused: 0, empty: 0, down: 0 };
  let least = 0;
  let free = size * slots;
  let sequenceSeconds = 0;
  let tokens = 0;
  let isPaused = false;
  let factor = 1;

  function catchUp(engine: Engine, now: number): void {
    const passed = now - engine.at;
    engine.at = now;
    if (passed <= 0) return;
    if (engine.isDown) time.down += passed;
    else if (isPaused) time.paused += passed;
    else if (engine.running === 0) time.empty += passed;
    else {
      time.generating += passed;
      const written = passed * speeds[engine.running]! * factor;
      tokens += written;
      sequenceSeconds += passed * engine.running;
      engine.done += written / engine.running;
    }
  }

  function next(index: number): void {
    const engine = engines[index]!;
    engine.stamp += 1;
    let first = engine.sequences.peek();
    // What was taken off is still in the queue.
    while (first !== undefined && where.get(first.item.position) !== first.item) {
      engine.sequences.pop();
      first = engine.sequences.peek();
    }
    if (first === undefined) engine.done = 0;
    if (first === undefined || isPaused || engine.isDown) return;
    const each = (speeds[engine.running]! * factor) / engine.running;
    announce(engine.at + Math.max(0, first.item.until - engine.done) / each, index, engine.stamp);
  }

  function load(index: number, change: 1 | -1): void {
    const engine = engines[index]!;
    byLoad[engine.running]!.delete(index);
    engine.running += change;
    byLoad[engine.running]!.add(index);
    free -= change;
    least = Math.min(least, engine.running);
  }

  function remove(position: number, now: number): number | undefined {
    const sequence = where.get(position);
    if (sequence === undefined) return undefined;
    const engine = engines[sequence.engine]!;
    catchUp(engine, now);
    where.delete(position);
    load(sequence.engine, -1);
    const got = Math.min(sequence.until, engine.done) - sequence.from;
    next(sequence.engine);
    return got;
  }

  const each = (now: number, then: () => void): void => {
    for (const engine of engines) catchUp(engine, now);
    then();
    for (const index of engines.keys()) next(index);
  };

  return {
    free: () => free,
    place(position, length, now) {
      while (byLoad[least]!.size === 0) least += 1;
      const [index] = byLoad[least]!;
      const engine = engines[index!]!;
      catchUp(engine, now);
      const sequence = { position, engine: index!, from: engine.done, until: engine.done + length };
      engine.sequences.push(sequence.until, sequence);
      where.set(position, sequence);
      load(index!, 1);
      next(index!);
    },
    ends(index, stamp, now) {
      const engine = engines[index]!;
      if (stamp !== engine.stamp) return undefined;
      const position = engine.sequences.peek()!.item.position;
      remove(position, now);
      return position;
    },
    remove,
    pause: (now) =>
      each(now, () => {
        isPaused = true;
      }),
    resume: (now) =>
      each(now, () => {
        isPaused = false;
      }),
    slow: (to, now) =>
      each(now, () => {
        factor = to;
      }),
    busy: () => (isPaused ? 0 : engines.filter(({ running, isDown }) => running > 0 && !isDown).length),
    breakDown(index, now) {
      const engine = engines[index]!;
      const lost = [...where.values()].filter((sequence) => sequence.engine === index);
      const found = lost.map(({ position }) => ({ position, tokens: remove(position, now) ?? 0 }));
      catchUp(engine, now);
      engine.isDown = true;
      byLoad[0]!.delete(index);
      free -= slots;
      next(index);
      return found;
    },
    repair(index, now) {
      const engine = engines[index]!;
      catchUp(engine, now);
      engine.isDown = false;
      byLoad[0]!.add(index);
      free += slots;
      least = 0;
      next(index);
    },
    totals(now) {
      for (const engine of engines) catchUp(engine, now);
      return { time, sequenceSeconds, tokens };
    },
  };
}

/** Straight lines between the measured points, from 0 before the first, level after the last. */
export function speedOf(points: EngineSettings['speed'], running: number): number {
  let [from, to] = [{ running: 0, tokensPerSecond: 0 }, points[0]!];
  for (const point of points) {
    if (running <= to.running) break;
    [from, to] = [to, point];
  }
  if (running >= to.running) return to.tokensPerSecond;
  const share = (running - from.running) / (to.running - from.running);
  return from.tokensPerSecond + share * (to.tokensPerSecond - from.tokensPerSecond);
}
