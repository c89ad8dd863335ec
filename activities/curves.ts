// A campaign's curves, from its records: the same points in the same order however often they are asked for.
import type { StepMetrics } from '../contracts/job.ts';
import type { EvaluationResult } from '../contracts/policy-version.ts';
import type { CampaignState, RoundRecord } from '../contracts/record.ts';
import type { TrackedPoint } from '../contracts/tracker.ts';

/** What is not a curve, or is the point's own place. */
const NO_CURVES: ReadonlySet<string> = new Set(['step']);

/**
 * The points from `from` on: the base model's measurement, then of each round its optimizer steps and its end.
 * @param rounds in order, archived ones included
 * @param stepsOf the trainer's metrics of a round; asked only for rounds that have points to give, and with `count` for the others
 */
export async function pointsOf(
  state: Pick<CampaignState, 'startedAt' | 'baseline'>,
  rounds: readonly RoundRecord[],
  trainer: {
    metrics(round: RoundRecord): Promise<readonly StepMetrics[]>;
    /** How many there are. */
    count(round: RoundRecord): Promise<number>;
  },
  from: number,
): Promise<TrackedPoint[]> {
  const points: TrackedPoint[] = [];
  const start = Date.parse(state.startedAt);
  // Counted from the start by what the rounds took. Pauses are left out; a clock would tell every retry another time.
  let seconds = 0;
  let step = 0;
  let index = 0;
  const timeAt = (more: number): number => start + Math.round((seconds + more) * 1000);
  if (state.baseline === undefined) return [];
  if (from <= index)
    points.push({ index, axis: 'round', at: 0, round: 0, time: timeAt(0), values: measured('gate', state.baseline) });
  index += 1;
  for (const record of rounds) {
    const { round } = record;
    const count = await trainer.count(record);
    if (from < index + count) {
      const metrics = await trainer.metrics(record);
      // The trainer's work stands at the round's end, where its evaluation is all that follows.
      let trained = Math.max(0, record.seconds - metrics.reduce((sum, one) => sum + one.seconds, 0));
      for (const [n, one] of metrics.entries()) {
        trained += one.seconds;
        const at = step + n + 1;
        if (index + n >= from)
          points.push({ index: index + n, axis: 'step', at, round, time: timeAt(trained), values: trainerValues(one) });
      }
    }
    index += count;
    step += count;
    if (from <= index)
      points.push({
        index,
        axis: 'round',
        at: round,
        round,
        time: timeAt(record.seconds),
        values: roundValues(record),
      });
    index += 1;
    seconds += record.seconds;
  }
  return points;
}

/** Every number that the trainer reported, also one of another algorithm: `gradNorm` becomes `train/grad_norm`. */
function trainerValues(metrics: StepMetrics): TrackedPoint['values'] {
  const numbers = Object.entries(metrics).filter(
    (entry): entry is [string, number] => typeof entry[1] === 'number' && Number.isFinite(entry[1]),
  );
  return Object.fromEntries(
    numbers
      .filter(([name]) => !NO_CURVES.has(name))
      .flatMap(([name, value]) => {
        const key = name.replaceAll(/[A-Z]+/g, (upper) => `_${upper.toLowerCase()}`);
        return /^[a-z0-9_]+$/.test(key) ? [[`train/${key}`, value]] : [];
      }),
  );
}

function roundValues(record: RoundRecord): TrackedPoint['values'] {
  const { ledger } = record;
  return {
    ...measured('visible', record.visible),
    ...measured('gate', record.gate),
    'round/tokens': record.tokens,
    'round/seconds': record.seconds,
    'round/requested': ledger.requested,
    'round/trained': ledger.trained,
    'round/masked': Object.values(ledger.masked).reduce((sum, count) => sum + count, 0),
    'round/cancelled': ledger.cancelled,
    'round/promoted': record.verdict === 'promote' ? 1 : 0,
    'round/reverted': record.verdict === 'revert' ? 1 : 0,
    ...evidenceValues(record),
  };
}

/** Where promotion is certified. */
function evidenceValues({ look }: RoundRecord): TrackedPoint['values'] {
  if (look === undefined) return {};
  return {
    'evidence/look': look.look,
    'evidence/p': look.p,
    'evidence/alpha': look.alpha,
    'evidence/log_e': look.logE,
    'evidence/in_doubt': look.slices.length,
    ...(look.gap === undefined ? {} : { 'evidence/visible_gap': look.gap.value }),
  };
}

export function measured(prefix: 'visible' | 'gate' | 'sealed', result: EvaluationResult): TrackedPoint['values'] {
  return {
    [`${prefix}/pass_rate`]: result.passRate.value,
    [`${prefix}/pass_rate_low`]: result.passRate.low,
    [`${prefix}/pass_rate_high`]: result.passRate.high,
    [`${prefix}/format_rate`]: result.formatRate.value,
    [`${prefix}/correct_when_formatted`]: result.correctWhenFormatted.value,
    [`${prefix}/mean_reward`]: result.meanReward.value,
    [`${prefix}/masked`]: result.masked,
    ...(result.alarms === undefined ? {} : { [`${prefix}/alarms`]: result.alarms }),
    ...(result.gain === undefined ? {} : { [`${prefix}/gain`]: result.gain.value }),
  };
}
