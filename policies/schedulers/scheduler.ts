// A scheduler: the shared state, asked by the rule of its kind. What must end is decided first; a driver records that and asks
// again, so that nothing is started or trained on for a state that is about to change.
import type { SchedulerKind, SchedulerRecords, SchedulerSpec } from '../../contracts/scheduler.ts';
import { admissionBudget } from './admission-budget.ts';
import { ageWindow } from './age-window.ts';
import type { Decisions, Scheduler, SchedulingRule } from './contract.ts';
import { createLedger } from './ledger.ts';
import { positionWindow } from './position-window.ts';
import { synchronous } from './synchronous.ts';

const RULES: { readonly [K in SchedulerKind]: (spec: Extract<SchedulerSpec, { kind: K }>) => SchedulingRule } = {
  synchronous,
  'position-window': positionWindow,
  'age-window': ageWindow,
  'admission-budget': admissionBudget,
};

/** A union's member and its function belong together, which the type of the table says and the compiler cannot follow. */
const ruleOf = (spec: SchedulerSpec): SchedulingRule =>
  (RULES[spec.kind] as (spec: SchedulerSpec) => SchedulingRule)(spec);

/** @param records what is durable, after a crash or a move; a queue without anything in it when left out */
export function createScheduler(spec: SchedulerSpec, records?: SchedulerRecords): Scheduler {
  const rule = ruleOf(spec);
  const ledger = createLedger(rule.window, records);
  const { concurrency = Number.POSITIVE_INFINITY, timeoutSeconds } = spec;

  function tombstones(now: number): Decisions['tombstone'] {
    const dead = [...ledger.dead()];
    const longest = timeoutSeconds === undefined ? undefined : ledger.longestRunning();
    const isDue = (startedAt: number): boolean => timeoutSeconds !== undefined && startedAt + timeoutSeconds <= now;
    const late = longest !== undefined && isDue(longest) ? ledger.startedBy(now) : [];
    const old = rule.maxAge === Number.POSITIVE_INFINITY ? [] : ledger.olderThan(ledger.counts().version - rule.maxAge);
    if (dead.length + late.length + old.length === 0) return [];
    const found = new Map<number, Decisions['tombstone'][number]>();
    for (const { position, state } of dead)
      found.set(position, { position, reason: state === 'failed' ? 'failed' : 'hung' });
    for (const { position, startedAt } of late) if (isDue(startedAt)) found.set(position, { position, reason: 'hung' });
    for (const { position } of old) if (!found.has(position)) found.set(position, { position, reason: 'expired' });
    return [...found.values()].sort((a, b) => a.position - b.position);
  }

  return {
    apply: ledger.apply,
    decide(now) {
      const tombstone = tombstones(now);
      if (tombstone.length > 0) return { start: [], train: [], tombstone };
      const counts = ledger.counts();
      const room = Math.min(rule.admits(counts), counts.waiting, concurrency - counts.running);
      const takes = counts.training > 0 ? 0 : rule.takes(counts, ledger.reachable());
      return {
        start: room > 0 ? ledger.oldestWaiting(room) : [],
        train: takes > 0 ? ledger.oldestReachable(takes) : [],
        tombstone,
      };
    },
    nextTimeout() {
      const longest = timeoutSeconds === undefined ? undefined : ledger.longestRunning();
      return longest === undefined || timeoutSeconds === undefined ? undefined : longest + timeoutSeconds;
    },
    counts: ledger.counts,
    rollouts: ledger.rollouts,
    records: ledger.records,
  };
}
