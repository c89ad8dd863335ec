// Drives a scheduler as an adversary would: who ends next, and how, is drawn; decisions are carried out at once, and written down.
import fc from 'fast-check';
import type { SchedulerRecords, SchedulerSpec } from '../../contracts/scheduler.ts';
import { createRandom } from '../random.ts';
import type { Scheduler, SchedulerEvent } from './contract.ts';
import { createScheduler } from './scheduler.ts';

export const anySpec: fc.Arbitrary<SchedulerSpec> = fc
  .record({
    kind: fc.constantFrom('synchronous', 'position-window', 'age-window', 'admission-budget'),
    batch: fc.integer({ min: 1, max: 5 }),
    more: fc.integer({ min: 0, max: 8 }),
    window: fc.integer({ min: 1, max: 9 }),
    age: fc.integer({ min: 0, max: 3 }),
    eta: fc.constantFrom(0, 0.5, 1, 1.4, 2, 4),
    concurrency: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    timeout: fc.boolean(),
  })
  .map(({ kind, batch, more, window, age, eta, concurrency, timeout }): SchedulerSpec => {
    const common = {
      batch,
      ...(concurrency === undefined ? {} : { concurrency }),
      ...(timeout ? { timeoutSeconds: 7 } : {}),
    };
    const outstanding = batch + more;
    if (kind === 'position-window') return { kind, ...common, outstanding, window };
    if (kind === 'age-window') return { kind, ...common, outstanding, maxAge: age };
    return kind === 'admission-budget' ? { kind, ...common, eta } : { kind, ...common };
  });

export interface Drawn {
  readonly seed: number;
  readonly rollouts: number;
  /** Of what ends: how much of it fails, and hangs. */
  readonly failing: number;
  readonly hanging: number;
}
export const anyCourse: fc.Arbitrary<Drawn> = fc.record({
  seed: fc.nat(),
  rollouts: fc.integer({ min: 0, max: 60 }),
  failing: fc.constantFrom(0, 0.2, 0.9),
  hanging: fc.constantFrom(0, 0.1, 0.5),
});

export interface Played {
  readonly scheduler: Scheduler;
  /** What was told, in order: the durable log. */
  readonly log: readonly SchedulerEvent[];
  /** The log's length whenever the driver asked. */
  readonly asked: readonly number[];
}

/** Until nothing is left to do. @throws Error when nothing goes on although something is left: a deadlock */
export function play(
  spec: SchedulerSpec,
  { seed, rollouts, failing, hanging }: Drawn,
  resumed?: SchedulerRecords,
): Played {
  const random = createRandom('drive', seed);
  const scheduler = createScheduler(spec, resumed);
  const log: SchedulerEvent[] = [];
  const asked: number[] = [];
  const running = new Set<number>();
  const silent = new Set<number>();
  let left = rollouts;
  let isTraining = false;
  let now = 0;
  const tell = (event: SchedulerEvent): void => {
    if (!scheduler.apply(event)) throw new Error(`nothing came of ${JSON.stringify(event)}`);
    log.push(event);
  };

  function carryOut(): void {
    for (;;) {
      asked.push(log.length);
      const { start, train, tombstone } = scheduler.decide(now);
      for (const { position, reason } of tombstone) {
        tell({ kind: 'tombstoned', position, reason });
        running.delete(position);
        silent.delete(position);
      }
      for (const position of start) {
        tell({ kind: 'started', position, at: now });
        (random.unit() < hanging ? silent : running).add(position);
      }
      if (train.length > 0) {
        tell({ kind: 'taken', positions: train });
        isTraining = true;
      }
      if (start.length + train.length + tombstone.length === 0) return;
    }
  }

  function step(): boolean {
    const choices: (() => void)[] = [];
    if (left > 0)
      choices.push(() => {
        const count = 1 + random.below(Math.min(left, 7));
        left -= count;
        tell({ kind: 'enqueued', count });
      });
    else if (!scheduler.counts().closed) choices.push(() => tell({ kind: 'closed' }));
    if (isTraining)
      choices.push(() => {
        isTraining = false;
        tell({ kind: 'trained', version: scheduler.counts().version + 1 });
      });
    // Any of those that run may be next, which is every order of completion.
    const ending = [...running][random.below(Math.max(1, running.size))];
    if (ending !== undefined)
      choices.push(() => {
        running.delete(ending);
        if (random.unit() < failing) tell({ kind: 'failed', position: ending });
        else tell({ kind: 'finished', position: ending, length: 1 + random.below(100) });
      });
    // Without a time-out somebody has to notice.
    const hung = [...silent][0];
    if (hung !== undefined && (choices.length === 0 || random.below(4) === 0))
      choices.push(() => {
        silent.delete(hung);
        tell({ kind: 'hung', position: hung });
      });
    if (choices.length === 0) return false;
    now += random.below(3);
    choices[random.below(choices.length)]!();
    return true;
  }

  carryOut();
  while (step()) carryOut();
  return { scheduler, log, asked };
}
