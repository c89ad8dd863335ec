// A run, played: rollouts on engines, a trainer, weights that go from one to the other, and the very scheduler that a campaign
// would have. Time jumps from event to event; nothing but the seed is random.
import type { TimelineStep } from '../../contracts/prediction.ts';
import type { RolloutRecord } from '../../contracts/scheduler.ts';
import { createScheduler } from '../schedulers/scheduler.ts';
import { createDraw, exponential, stream } from './draw.ts';
import { createEngines } from './engines.ts';
import { createEnvironments } from './environments.ts';
import { createQueue } from './queue.ts';
import { createRollouts } from './rollouts.ts';
import type { Played, Scenario } from './scenario.ts';
import { createTrainer } from './trainer.ts';

type Event =
  | { readonly kind: 'written'; readonly engine: number; readonly stamp: number }
  | { readonly kind: 'over'; readonly position: number }
  | { readonly kind: 'left'; readonly stamp: number }
  | { readonly kind: 'trained' | 'synced' | 'asked' }
  | { readonly kind: 'broken' | 'repaired'; readonly engine: number };

/** More rollouts than anybody starts. */
const ENDLESS = 2 ** 40;
/** When so many times the batches were started, hardly any is ever trained on. */
const FUTILE = 100;

/** @throws RangeError when it does not get anywhere: with the reason, to be shown */
export function simulate(scenario: Scenario): Played {
  const { seed, steps, shared } = scenario;
  const queue = createQueue<Event>();
  const engines = createEngines(scenario.engines, (at, engine, stamp) =>
    queue.push(at, { kind: 'written', engine, stamp }),
  );
  const scheduler = createScheduler(scenario.scheduler);
  const rollouts = createRollouts(scenario.rollout, seed);
  const trainer = createTrainer(scenario.trainer, seed);
  const sync = createDraw(scenario.weights, stream(seed, 'weights'));
  const evaluation = scenario.evaluation && createDraw(scenario.evaluation, stream(seed, 'evaluation'));
  const { besides } = scenario;
  const environments =
    besides &&
    createEnvironments({
      ...{ devices: besides.devices, load: besides.load, slow: engines.slow },
      busy: () => engines.busy() * besides.ofEngine,
      announce: (at, stamp) => queue.push(at, { kind: 'left', stamp }),
    });
  const luck = stream(seed, 'breakdowns');
  const { breakdowns } = scenario.engines;
  const timeline: Omit<TimelineStep, 'staleness'>[] = [];
  /** In the order of their starts; those from `placed` on wait for a slot. */
  const started: number[] = [];
  let placed = 0;
  let now = 0;
  let syncing = 0;
  let wasted = 0;
  let trained = 0;
  let step = { version: 0, takenAt: 0, trainedAt: 0, rollouts: 0, tokens: 0 };
  let wake: number | undefined;
  /** Engines measure a version: as in a campaign, nothing is started meanwhile. */
  let measuring = false;

  function place(): void {
    while (placed < started.length && engines.free() > 0) {
      const position = started[placed]!;
      placed += 1;
      // It may have been given up while it waited.
      const one = rollouts.get(position);
      if (one !== undefined) engines.place(position, one.written, now);
    }
  }

  function giveUp(position: number, reason: 'failed' | 'hung' | 'expired'): void {
    const got = engines.remove(position, now);
    const one = rollouts.end(position);
    wasted += one.isWritten ? one.written : (got ?? 0);
    // The length that it would have had, so that the bias is seen whole.
    scheduler.apply({ kind: 'tombstoned', position, reason, length: one.tokens });
  }

  function take(positions: readonly number[]): void {
    scheduler.apply({ kind: 'taken', positions });
    const { version } = scheduler.counts();
    let tokens = 0;
    for (const position of positions) tokens += rollouts.end(position).written;
    step = { version: version + 1, takenAt: now, trainedAt: 0, rollouts: positions.length, tokens };
    if (shared) engines.pause(now);
    queue.push(now + trainer.train(tokens, positions.length), { kind: 'trained' });
  }

  function carryOut(): void {
    for (;;) {
      const { start: admitted, train, tombstone } = scheduler.decide(now);
      const start = measuring ? [] : admitted;
      for (const { position, reason } of tombstone) giveUp(position, reason);
      for (const position of start) {
        scheduler.apply({ kind: 'started', position, at: now });
        rollouts.start(position);
        started.push(position);
      }
      if (train.length > 0) take(train);
      place();
      if (tombstone.length + start.length + train.length === 0) break;
    }
    const next = scheduler.nextTimeout();
    if (next === undefined || next === wake) return;
    wake = next;
    queue.push(next, { kind: 'asked' });
  }

  function over(position: number): void {
    const one = rollouts.get(position);
    // Given up meanwhile.
    if (one === undefined) return;
    if (one.fate === 'fails') scheduler.apply({ kind: 'failed', position });
    else if (one.fate === 'ends') scheduler.apply({ kind: 'finished', position, length: one.tokens });
  }

  function written(position: number): void {
    const one = rollouts.get(position)!;
    one.isWritten = true;
    if (one.environmentSeconds === 0 || one.fate === 'fails') over(position);
    else if (environments !== undefined) environments.start(position, one.environmentSeconds, now);
    else queue.push(now + one.environmentSeconds, { kind: 'over', position });
  }

  function synced(): void {
    measuring = false;
    timeline.push({ ...step, durableAt: now });
    trained += step.tokens;
    scheduler.apply({ kind: 'trained', version: step.version });
    engines.resume(now);
  }

  function happen(event: Event): void {
    if (event.kind === 'written') {
      const position = engines.ends(event.engine, event.stamp, now);
      if (position !== undefined) written(position);
    } else if (event.kind === 'over') over(event.position);
    else if (event.kind === 'left') for (const position of environments!.ends(event.stamp, now)) over(position);
    else if (event.kind === 'synced') synced();
    else if (event.kind === 'trained') {
      step.trainedAt = now;
      engines.pause(now);
      measuring = evaluation !== undefined;
      const seconds = sync() + (evaluation?.() ?? 0);
      syncing += seconds;
      queue.push(now + seconds, { kind: 'synced' });
    } else if (event.kind === 'broken') {
      for (const { position, tokens } of engines.breakDown(event.engine, now)) {
        scheduler.apply({ kind: 'failed', position });
        wasted += tokens;
      }
      queue.push(now + breakdowns!.recoverySeconds, { kind: 'repaired', engine: event.engine });
    } else if (event.kind === 'repaired') {
      engines.repair(event.engine, now);
      nextBreakdown(event.engine);
    }
  }

  function nextBreakdown(engine: number): void {
    if (breakdowns !== undefined)
      queue.push(now + exponential(luck, breakdowns.meanSeconds), { kind: 'broken', engine });
  }

  for (let engine = 0; engine < scenario.engines.engines; engine += 1) nextBreakdown(engine);
  scheduler.apply({ kind: 'enqueued', count: ENDLESS });
  carryOut();
  while (timeline.length < steps) {
    const next = queue.pop();
    if (next === undefined) throw new RangeError('nothing goes on any more');
    if (started.length > FUTILE * (steps + 10) * scenario.scheduler.batch)
      throw new RangeError(
        `of ${started.length} rollouts ${scheduler.counts().trained} were trained on: nearly all fail, hang or expire`,
      );
    now = next.at;
    happen(next.item);
    // The last version is the end: a step that began now would count, and never be done.
    if (timeline.length < steps) carryOut();
    environments?.share(now);
  }
  let open = 0;
  for (const [position, one] of rollouts.open())
    open += one.isWritten ? one.written : (engines.remove(position, now) ?? 0);
  const totals = engines.totals(now);
  return {
    seconds: now,
    steps: withStaleness(timeline, scheduler.rollouts()),
    trainer: { ...trainer.totals(), syncing },
    engines: totals,
    tokens: { generated: totals.tokens, trained, wasted, open },
    rollouts: scheduler.rollouts(),
  };
}

function withStaleness(
  steps: readonly Omit<TimelineStep, 'staleness'>[],
  rollouts: Iterable<RolloutRecord>,
): TimelineStep[] {
  const sums = steps.map(() => 0);
  for (const { version, taken } of rollouts) if (taken !== undefined) sums[taken.version]! += taken.version - version;
  return steps.map((step, index) => ({ ...step, staleness: step.rollouts === 0 ? 0 : sums[index]! / step.rollouts }));
}
