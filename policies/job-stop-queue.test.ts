import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeJob } from './job-stop.ts';
import { causeOfEviction } from './job-stop-queue.ts';
import {
  isOver,
  type SeenEviction,
  type SeenJob,
  type SeenPod,
  type SeenQueue,
  type Windows,
} from './job-stop-seen.ts';
import { actionFor, codeOfStop } from './retry.ts';

const MINUTE = 60_000;
const WINDOWS: Windows = {
  imageMs: 5 * MINUTE,
  scheduleMs: 30 * MINUTE,
  admissionMs: 60 * MINUTE,
  evictionMs: 15 * MINUTE,
  overdueMs: MINUTE,
};
const NOW = 1_000_000_000;
const judge = (seen: SeenJob, now = NOW) => judgeJob(seen, now, WINDOWS);

const pod = (over: Partial<SeenPod> = {}): SeenPod => ({
  name: 'p0',
  node: 'n0',
  phase: 'Running',
  exit: undefined,
  waiting: undefined,
  disruption: undefined,
  unscheduled: undefined,
  createdAtMs: NOW,
  goneByMs: undefined,
  ...over,
});
const queue = (over: Partial<SeenQueue> = {}): SeenQueue => ({
  reservedAtMs: undefined,
  admitted: false,
  pending: '',
  evicted: undefined,
  brokenNodes: [],
  ...over,
});
const job = (over: Partial<SeenJob> = {}): SeenJob => ({
  ended: undefined,
  reason: '',
  deleted: false,
  suspended: true,
  createdAtMs: NOW,
  pods: [],
  disruptions: [],
  told: undefined,
  queueSilent: false,
  queue: queue(),
  held: [],
  ...over,
});
const eviction = (reason: string, message = '', atMs = NOW): SeenEviction => ({
  reason,
  message,
  atMs,
  againAtMs: undefined,
});
const evicted = (reason: string, over: Partial<SeenJob> = {}): SeenJob =>
  job({ queue: queue({ evicted: eviction(reason) }), ...over });

describe('a job in a queue', () => {
  it.each([
    ['nobody has seen it', undefined, 'the queue has not taken it up yet'],
    ['there is no room', queue({ pending: '32 more needed' }), 'the queue has not admitted it: 32 more needed'],
    ['a check is open', queue({ reservedAtMs: NOW }), 'its quota is reserved, but not all checks are passed'],
    [
      'it is about to start',
      queue({ reservedAtMs: NOW, admitted: true }),
      'the queue has admitted it; it is about to start',
    ],
  ])('says that it waits while %s', (_, seen, why) => {
    expect(judge(job({ queue: seen }))).toEqual({ phase: 'waiting', why });
  });

  it('asks a human once it has waited for its window, with the queue’s words', () => {
    const seen = job({ queue: queue({ pending: '32 more needed' }) });
    expect(judge(seen, NOW + WINDOWS.admissionMs)).toMatchObject({
      cause: 'not_admitted',
      message: 'the queue has not admitted it: 32 more needed, for 60 minutes',
    });
    expect(actionFor(codeOfStop(137, 'not_admitted'))).toBe('gate');
  });

  it('names quota that an evicted neighbour keeps, and no eviction that is under way', () => {
    const held = [
      { name: 'jobset-a', evicted: eviction('PodsReadyTimeout') },
      { name: 'jobset-b', evicted: eviction('Preempted', '', NOW + 15 * MINUTE) },
    ];
    const verdict = judge(job({ held }), NOW + 20 * MINUTE);
    expect(verdict).toMatchObject({ phase: 'waiting' });
    expect(JSON.stringify(verdict)).toContain('stuck quota: jobset-a was evicted 20 minutes ago (PodsReadyTimeout)');
    expect(JSON.stringify(verdict)).not.toContain('jobset-b');
  });
});

describe('a job whose place was taken', () => {
  it.each([
    ['Preempted', 'preempted', 'retry'],
    ['NodeFailures', 'node_lost', 'retry'],
    ['PodsReadyTimeout', 'evicted', 'retry'],
    ['AdmissionCheck', 'evicted', 'retry'],
    ['ClusterQueueStopped', 'evicted', 'retry'],
    ['LocalQueueStopped', 'evicted', 'retry'],
    ['SomethingNew', 'evicted', 'retry'],
    ['Deactivated', 'not_admitted', 'gate'],
    ['DeactivatedDueToRequeuingLimitExceeded', 'not_admitted', 'gate'],
  ] as const)('by %s is %s: %s', (reason, cause, action) => {
    expect(causeOfEviction(reason)).toBe(cause);
    expect(judge(evicted(reason))).toMatchObject({ phase: 'stopped', cause });
    expect(actionFor(codeOfStop(137, cause))).toBe(action);
  });

  it('is not over while a pod still saves', () => {
    const pods = [pod({ phase: 'Failed', exit: { code: 85, reason: 'Error', message: '' } }), pod({ name: 'p1' })];
    expect(judge(evicted('Preempted', { pods }))).toEqual({
      phase: 'ending',
      why: 'the queue has taken its place away (Preempted); 1 of its pods are still ending',
    });
    const ended = pods.map((one) => ({ ...one, phase: 'Failed' as const }));
    expect(judge(evicted('Preempted', { pods: ended }))).toMatchObject({ cause: 'preempted', exitCode: 85 });
  });

  it('by the queue because a node was lost names the node', () => {
    const broken = evicted('NodeFailures');
    const seen = { ...broken, queue: { ...broken.queue!, brokenNodes: ['n7'] } };
    expect(judge(seen)).toMatchObject({ cause: 'node_lost', nodes: ['n7'] });
    const pods = [pod({ node: 'n3', goneByMs: NOW - WINDOWS.overdueMs })];
    expect(judge(evicted('PodsReadyTimeout', { pods }))).toMatchObject({ cause: 'node_lost', nodes: ['n3'] });
  });

  it('and which keeps its quota for longer than an eviction takes holds it for good', () => {
    const seen = evicted('PodsReadyTimeout');
    const holding = { ...seen, queue: { ...seen.queue!, reservedAtMs: NOW - MINUTE } };
    expect(judge(holding, NOW + WINDOWS.evictionMs - 1)).toMatchObject({ cause: 'evicted' });
    expect(judge(holding, NOW + WINDOWS.evictionMs)).toMatchObject({ cause: 'stuck_quota' });
    expect(judge(seen, NOW + WINDOWS.evictionMs)).toMatchObject({ cause: 'evicted' });
    expect(actionFor(codeOfStop(137, 'stuck_quota'))).toBe('retry');
  });

  it('explains how its pods ended', () => {
    const pods = [pod({ phase: 'Failed', exit: { code: 143, reason: 'Error', message: '' } })];
    expect(judge(evicted('Preempted', { ended: 'failed', pods }))).toMatchObject({ cause: 'preempted', exitCode: 143 });
  });
});

const anyPod: fc.Arbitrary<SeenPod> = fc.record({
  name: fc.constantFrom('p0', 'p1', 'p2'),
  node: fc.option(fc.constantFrom('n0', 'n1'), { nil: undefined }),
  phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
  exit: fc.option(
    fc.record({ code: fc.constantFrom(0, 42, 85, 137, 143), reason: fc.string(), message: fc.string() }),
    {
      nil: undefined,
    },
  ),
  waiting: fc.constant(undefined),
  disruption: fc.option(fc.constantFrom('PreemptionByScheduler', 'DeletionByTaintManager'), { nil: undefined }),
  unscheduled: fc.constant(undefined),
  createdAtMs: fc.constant(NOW),
  goneByMs: fc.option(fc.integer({ min: NOW - 1e6, max: NOW + 1e6 }), { nil: undefined }),
});
const anyEviction: fc.Arbitrary<SeenEviction> = fc.record({
  reason: fc.oneof(fc.constantFrom('Preempted', 'PodsReadyTimeout', 'NodeFailures', 'Deactivated'), fc.string()),
  message: fc.string(),
  atMs: fc.integer({ min: NOW - 1e7, max: NOW }),
  againAtMs: fc.option(fc.integer({ min: NOW - 1e7, max: NOW + 1e7 }), { nil: undefined }),
});
const anyQueue: fc.Arbitrary<SeenQueue> = fc.record({
  reservedAtMs: fc.option(fc.integer({ min: NOW - 1e7, max: NOW }), { nil: undefined }),
  admitted: fc.boolean(),
  pending: fc.string(),
  evicted: fc.option(anyEviction, { nil: undefined }),
  brokenNodes: fc.array(fc.constantFrom('n0', 'n1')),
});
const anyJob: fc.Arbitrary<SeenJob> = fc.record({
  ended: fc.constant(undefined),
  reason: fc.string(),
  deleted: fc.boolean(),
  suspended: fc.boolean(),
  createdAtMs: fc.integer({ min: NOW - 1e7, max: NOW }),
  pods: fc.array(anyPod, { maxLength: 4 }),
  disruptions: fc.array(
    fc.record({
      pod: fc.string(),
      node: fc.constant('n1'),
      reason: fc.constantFrom('DeletionByTaintManager', 'Other'),
    }),
    { maxLength: 2 },
  ),
  told: fc.constant(undefined),
  queueSilent: fc.boolean(),
  queue: fc.option(anyQueue, { nil: undefined }),
  held: fc.array(fc.record({ name: fc.string(), evicted: anyEviction }), { maxLength: 3 }),
});

it('calls no waiting job stopped before its window, whoever else is stuck', () => {
  fc.assert(
    fc.property(anyJob, fc.nat(WINDOWS.admissionMs - 1), (seen, waited) => {
      const queued = { ...seen, deleted: false, suspended: true, createdAtMs: NOW - waited };
      const calm =
        seen.queue === undefined ? undefined : { ...seen.queue, evicted: undefined, reservedAtMs: undefined };
      expect(judge({ ...queued, queue: calm }).phase).toBe('waiting');
    }),
  );
});

it('calls no job stopped that has a pod of which the cluster may still hear, whatever the queue says', () => {
  fc.assert(
    fc.property(anyJob, (seen) => {
      const pods = [...seen.pods, pod({ name: 'alive' })].map((one) => ({ ...one, goneByMs: undefined }));
      const suspended = seen.queue?.evicted !== undefined && seen.suspended;
      expect(judge({ ...seen, suspended, pods }).phase).not.toBe('stopped');
    }),
  );
});

it('calls every job stopped whose place was taken and whose pods have ended, with a cause that leads to an action', () => {
  fc.assert(
    fc.property(anyJob, anyQueue, anyEviction, (seen, entry, taken) => {
      const pods = seen.pods.filter(isOver);
      const verdict = judge({ ...seen, pods, queue: { ...entry, evicted: taken } });
      if (verdict.phase !== 'stopped') throw new Error(`${verdict.phase}, not stopped`);
      expect(['retry', 'gate']).toContain(actionFor(codeOfStop(verdict.exitCode, verdict.cause)));
      // Quota is called stuck only where it is held, and for long.
      const stuck = entry.reservedAtMs !== undefined && NOW - taken.atMs >= WINDOWS.evictionMs;
      if (!stuck) expect(verdict.cause).not.toBe('stuck_quota');
    }),
  );
});

it('does not take a word back when the queue takes the place of a job that has lost a node', () => {
  fc.assert(
    fc.property(anyJob, anyEviction, (seen, taken) => {
      const lost = pod({ name: 'lost', goneByMs: NOW - WINDOWS.overdueMs });
      const before = { ...seen, suspended: false, queue: undefined, pods: [...seen.pods, lost] };
      const after = { ...before, suspended: true, queue: queue({ evicted: taken }) };
      for (const one of [before, after]) expect(judge(one)).toMatchObject({ phase: 'stopped', cause: 'node_lost' });
    }),
  );
});

it('does not take a word back: what is stopped stays so as time passes', () => {
  fc.assert(
    fc.property(anyJob, fc.nat(1e8), (seen, later) => {
      if (judge(seen).phase === 'stopped') expect(judge(seen, NOW + later).phase).toBe('stopped');
    }),
  );
});
