// Whether an agent goes round in circles: the same said or called, and the same come back, again and again. Something that is asked again
// and again and answers otherwise each time is waited for, and no loop.
import type { LoopRule } from '../contracts/session.ts';

/** What a model did in one request, and what it was told for it. Compared as they are: leave out what differs by nature, such as ids. */
export interface Step {
  readonly did: string;
  readonly saw: string;
  /** Whether it called a tool. */
  readonly called: boolean;
}

export interface LoopSignal {
  /** `call`: one call again and again; `cycle`: several, or texts, in turn; `text`: the same text. */
  readonly kind: 'call' | 'cycle' | 'text';
  /** Steps, or of a text characters, after which it begins again. */
  readonly period: number;
  /** How often it stands there, one after the other. */
  readonly times: number;
}

export interface LoopLimits {
  /** A single step, so often in a row. */
  readonly repeats: number;
  /** Cycles of up to `longest` steps, so often in a row. */
  readonly cycles: number;
  readonly longest: number;
}

export const LOOP_LIMITS: LoopLimits = { repeats: 4, cycles: 3, longest: 4 };
/** Of an agent that was told, and goes on half as long again. */
const TOLD_LIMITS: LoopLimits = { repeats: 6, cycles: 5, longest: 4 };

/** So many of the last steps tell. */
export function stepsNeeded(rule: LoopRule = 'tell'): number {
  const { repeats, cycles, longest } = rule === 'warn' ? TOLD_LIMITS : LOOP_LIMITS;
  return Math.max(repeats, cycles * longest);
}

export interface LoopVerdict {
  readonly loop: LoopSignal | undefined;
  /** Never without a loop. */
  readonly refused: boolean;
}

/** @param steps the last ones, in order; `stepsNeeded` of them tell all */
export function judgeLoop(steps: readonly Step[], rule: LoopRule = 'tell'): LoopVerdict {
  const loop = findLoop(steps);
  if (rule !== 'warn') return { loop, refused: rule === 'stop' && loop !== undefined };
  return { loop, refused: findLoop(steps, TOLD_LIMITS) !== undefined };
}

/** @param steps the last ones, in order */
export function findLoop(steps: readonly Step[], limits: LoopLimits = LOOP_LIMITS): LoopSignal | undefined {
  for (let period = 1; period <= limits.longest; period += 1) {
    const times = timesRound(steps, period);
    if (times < (period === 1 ? limits.repeats : limits.cycles)) continue;
    const called = steps.slice(-period).some((step) => step.called);
    return { kind: period > 1 ? 'cycle' : called ? 'call' : 'text', period, times };
  }
  return undefined;
}

/** How often the last steps, so many of them, stand at the end, one after the other. */
function timesRound(steps: readonly Step[], period: number): number {
  if (steps.length < period) return 0;
  let same = period;
  while (same < steps.length && isSame(steps.at(-1 - same)!, steps.at(-1 - same + period)!)) same += 1;
  return Math.floor(same / period);
}

const isSame = (left: Step, right: Step): boolean => left.did === right.did && left.saw === right.saw;

/** Of a text's end, which is where one that cannot stop is. */
const TAIL = 4_096;
const TEXT_TIMES = 8;
const TEXT_LEAST = 512;

/** Whether a text ends in one piece of itself again and again, and that is more than a line or a row of a table. */
export function findRepetition(text: string): LoopSignal | undefined {
  if (text.length < TEXT_LEAST) return undefined;
  const length = Math.min(text.length, TAIL);
  const reversed = Uint16Array.from({ length }, (_, at) => text.charCodeAt(text.length - 1 - at));
  const agree = agreements(reversed);
  for (let period = 1; period <= reversed.length / TEXT_TIMES; period += 1) {
    const run = period + (agree[period] ?? 0);
    if (run < TEXT_LEAST || run < period * TEXT_TIMES) continue;
    // A ruler, or room that was left, is no speech.
    if (!/[\p{L}\p{N}]/u.test(text.slice(-period))) return undefined;
    return { kind: 'text', period, times: Math.floor(run / period) };
  }
  return undefined;
}

/** By position: how many from there on are those from the start on. */
function agreements(of: Uint16Array): Uint16Array {
  const found = new Uint16Array(of.length);
  let [from, to] = [0, 0];
  for (let at = 1; at < of.length; at += 1) {
    let same = at < to ? Math.min(to - at, found[at - from]!) : 0;
    while (at + same < of.length && of[same] === of[at + same]) same += 1;
    found[at] = same;
    if (at + same > to) [from, to] = [at, at + same];
  }
  return found;
}
