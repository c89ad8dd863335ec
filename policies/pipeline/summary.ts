// What the durable record of a campaign says about its overlap: how old, how far out of order, what was given up, and who had nothing to do.
import type { PipelineGroup, PipelineRecord, PipelineSummary, RoundSpans } from '../../contracts/pipeline.ts';
import { schedulerMetrics } from '../schedulers/metrics.ts';
import { stalenessBound } from './scheduler-of.ts';

type Span = readonly [number, number];

export function summarise(of: {
  readonly record: Pick<PipelineRecord, 'scheduler' | 'clock' | 'enqueued' | 'replacements'>;
  readonly groups: readonly PipelineGroup[];
  readonly spans: readonly RoundSpans[];
}): PipelineSummary {
  const { record, groups, spans } = of;
  const told = schedulerMetrics(groups);
  const givenUp: Record<string, number> = {};
  for (const { gaveUp } of groups) if (gaveUp) givenUp[gaveUp.reason] = (givenUp[gaveUp.reason] ?? 0) + 1;

  const rolling = joined(groups.map(({ began, ended }): Span => [began, ended ?? record.clock.seenAt]));
  const training = joined(spans.map((one) => one.training));
  const measuring = spans.flatMap((one) => (one.measuring === undefined ? [] : [one.measuring]));
  const engines = joined([...rolling, ...measuring]);
  const whole = [...engines, ...training];
  const from = Math.min(...whole.map(([start]) => start));
  const until = Math.max(...whole.map(([, end]) => end));
  const seconds = whole.length === 0 ? 0 : until - from;
  return {
    ...{ scheduler: record.scheduler, bound: stalenessBound(record.scheduler) },
    ...{
      started: told.started,
      trained: told.trained,
      open: groups.length - told.trained - sum(Object.values(givenUp)),
    },
    givenUp,
    ...(record.replacements === undefined
      ? {}
      : { replaced: begunInPlace(groups, record.enqueued, record.replacements) }),
    ...{ staleness: told.staleness, histogram: [...told.histogram], lag: told.lag },
    ...{ disorder: told.disorder, overtaken: told.overtaken, lengthBias: told.lengthBias.relative },
    seconds,
    idle: { engines: Math.max(0, seconds - length(engines)), trainer: Math.max(0, seconds - length(training)) },
    overlap: Math.max(0, length(rolling) + length(training) - length(joined([...rolling, ...training]))),
  };
}

/** Replacements stand at the end of the queue: whether one that was admitted is ever begun, the rounds before it decide. */
const begunInPlace = (
  groups: readonly Pick<PipelineGroup, 'position'>[],
  enqueued: number,
  { admitted }: NonNullable<PipelineRecord['replacements']>,
): number => groups.filter(({ position }) => position >= enqueued - admitted).length;

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);
const length = (spans: readonly Span[]): number => sum(spans.map(([from, until]) => until - from));

/** The same time as spans that do not touch, in order. */
function joined(spans: readonly Span[]): Span[] {
  const found: [number, number][] = [];
  for (const [from, until] of [...spans].sort((a, b) => a[0] - b[0])) {
    const last = found.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], until);
    else if (until > from) found.push([from, until]);
  }
  return found;
}
