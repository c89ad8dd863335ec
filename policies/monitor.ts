// When what is seen in the logs of a running training is worth telling, and when it is worth stopping for. Pure.
import type { Cause, Diagnosis } from '../contracts/diagnosis.ts';
import type { MonitorSpec } from '../contracts/monitor.ts';
import { durationMs } from '../contracts/units.ts';

/**
 * What each cause is worth while the job runs. `grave`: no later step heals it, and each costs the machine's time. `mild`: people may want to
 * know, and the run may come out of it. `own`: it ends the job by itself, or is none; whoever waits for the job hears of it.
 */
export const WORTH = {
  'nan-or-inf': 'grave',
  'collective-desync': 'grave',
  'nccl-timeout': 'grave',
  'silent-hang': 'grave',
  'disk-full': 'grave',
  'gpu-hardware': 'grave',
  'gradient-explosion': 'mild',
  'kl-blow-up': 'mild',
  'entropy-collapse': 'mild',
  'loss-spike': 'mild',
  'reward-length-drift': 'mild',
  'throughput-drop': 'mild',
  straggler: 'mild',
  'data-starvation': 'mild',
  'gateway-failure': 'mild',
  'verifier-failure': 'mild',
  'oom-device': 'own',
  'oom-host': 'own',
  'checkpoint-corrupt': 'own',
  'tokenizer-mismatch': 'own',
  exception: 'own',
  preempted: 'own',
  healthy: 'own',
  undetermined: 'own',
} as const satisfies Record<Cause, 'grave' | 'mild' | 'own'>;

/** How sure, and for how long nothing may have spoken against it. */
const SURE = { grave: 0.75, mild: 0.6 } as const;
const STOOD_MS = { grave: 2_000, mild: 15_000 } as const;
/** Courses of numbers that a run comes out of look alike for some steps: so many more numbers must have been read. */
const STOOD_NUMBERS = 40;
/** After one sighting the next mild one waits; a grave one never does. */
export const COOLDOWN_MS = 5 * 60_000;
export const MOST_SIGHTINGS_A_JOB = 4;

export interface Seen {
  readonly cause: Cause;
  readonly confidence: number;
  /** Since it was first seen and not taken back. */
  readonly stoodMs: number;
  /** Numbers that were read since. */
  readonly numbers: number;
}
/** What was told of this job before. */
export interface Told {
  readonly cause: Cause;
  readonly atMs: number;
}

/** Whether a cause is to be told now. */
export function isWorthTelling(seen: Seen, told: readonly Told[], nowMs: number): boolean {
  const worth = WORTH[seen.cause];
  if (worth === 'own') return false;
  if (told.some(({ cause }) => cause === seen.cause)) return false;
  // The last place is kept for what is grave.
  if (told.length >= MOST_SIGHTINGS_A_JOB - (worth === 'grave' ? 0 : 1)) return false;
  if (seen.confidence < SURE[worth] || seen.stoodMs < STOOD_MS[worth]) return false;
  if (worth === 'grave') return true;
  return seen.numbers >= STOOD_NUMBERS && told.every(({ atMs }) => nowMs - atMs >= COOLDOWN_MS);
}

/** Steps of a job, as they came. */
export interface Pace {
  /** Milliseconds between steps, the newest last. */
  readonly gaps: readonly number[];
  /** Since anything was heard of it, as far as somebody listened. */
  readonly quietMs: number;
  readonly done: number;
  readonly total: number;
}
export const KEPT_GAPS = 32;
const LEAST_GAPS = 3;
/** Times the usual step, and times the longest: checkpoints take longer than steps. */
const USUAL = 10;
const LONGEST = 3;

/** @returns why, where it stands still; before its steps have shown how long one takes, and after the last of them, nobody can know */
export function standsStill({ gaps, quietMs, done, total }: Pace, hangAfterMs: number): string | undefined {
  if (gaps.length < LEAST_GAPS || done >= total) return undefined;
  const sorted = [...gaps].sort((a, b) => a - b);
  const usual = sorted[sorted.length >> 1]!;
  const limit = Math.max(hangAfterMs, USUAL * usual, LONGEST * sorted.at(-1)!);
  if (quietMs < limit) return undefined;
  return `no step and no line for ${span(quietMs)}, after ${done} of ${total} steps; until then a step took about ${span(usual)}.`;
}
export const HANG_CONFIDENCE = 0.85;

const span = (ms: number): string =>
  ms < 1_000 ? `${Math.round(ms)} ms` : ms < 120_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} min`;

export type Act = Exclude<MonitorSpec['act'], 'none'>;

/** What a campaign does about a sighting. */
export const actOn = (act: Act, cause: Cause): Act => (WORTH[cause] === 'grave' ? act : 'tell');

const DEFAULT: MonitorSpec = { act: 'ask', hangAfter: '10m' };
/** Undefined where nobody is to watch. */
export function watchOf({ monitor = DEFAULT }: { readonly monitor?: MonitorSpec | undefined }) {
  const { act, hangAfter } = monitor;
  return act === 'none' ? undefined : { act, hangAfterMs: durationMs(hangAfter) };
}

/** What another state of the trainer's code may mend: disks and devices are not the code's. */
export const mayBeOfTheCode = (cause: Cause): boolean =>
  cause !== 'disk-full' && cause !== 'gpu-hardware' && cause !== 'gateway-failure' && cause !== 'verifier-failure';

/** How the end of a job is called that was stopped for it. */
export const codeOfStopped = (cause: Cause): 'job.no_space' | 'job.accelerator' | 'job.unsound' =>
  cause === 'disk-full' ? 'job.no_space' : cause === 'gpu-hardware' ? 'job.accelerator' : 'job.unsound';

/** So many of a campaign's newest sightings stand in its state. */
export const MOST_KEPT_SIGHTINGS = 20;

/** A diagnosis may be as long as it likes; what workflows carry may not. */
export function linesOf({ evidence }: Pick<Diagnosis, 'evidence'>): string[] {
  return evidence.slice(0, 5).map(({ text }) => (text.length > 400 ? `${text.slice(0, 399)}…` : text));
}
