import fc from 'fast-check';
import { expect, test } from 'vitest';
import { judgeServers, type SeenServer, type ServerWindows } from './server-start.ts';

const MINUTE = 60_000;
const WINDOWS: ServerWindows = { startMs: 20 * MINUTE, admissionMs: 360 * MINUTE };

const server = (over: Partial<SeenServer> = {}): SeenServer => ({
  ...{ name: 'served-policy-0', node: 'gpu-1', phase: 'Running', exit: undefined, waiting: undefined },
  ...{ disruption: undefined, unscheduled: undefined, createdAtMs: 0, goneByMs: undefined },
  ...{ ready: false, gated: false },
  ...over,
});
const gated = server({ gated: true, phase: 'Pending', unscheduled: 'Scheduling is blocked', node: undefined });
const judged = (pods: SeenServer[], minute: number, queuedMinute?: number) =>
  judgeServers(
    { pods, wanted: 2, openedMs: 0, queuedMs: queuedMinute === undefined ? undefined : queuedMinute * MINUTE },
    minute * MINUTE,
    WINDOWS,
  );

test('enough that answer are ready, whatever the others do and however long it took', () => {
  const ready = server({ ready: true });
  fc.assert(
    fc.property(fc.nat(10_000), fc.constantFrom(gated, server(), ready), (minute, other) => {
      expect(judged([ready, other, ready], minute)).toEqual({ phase: 'ready' });
    }),
  );
});

test('a queue may take as long as for a trainer, and then a human is told', () => {
  expect(judged([gated, server({ ready: true })], 359)).toMatchObject({
    phase: 'queued',
    why: '1 of 2 ready; served-policy-0 waits in its queue',
  });
  expect(judged([gated, gated], 361)).toMatchObject({ phase: 'stuck', code: 'job.unschedulable' });
});

test('the start is timed from when the queue let them go', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 360 }), fc.nat(100), (queued, since) => {
      const verdict = judged([server(), server({ ready: true })], queued + since, queued);
      expect(verdict.phase).toBe(since <= 30 ? 'starting' : 'stuck');
    }),
  );
  expect(judged([server()], 31).phase).toBe('stuck');
});

test.each([
  [{ waiting: 'ImagePullBackOff' }, 31, 'job.image'],
  [{ waiting: 'CreateContainerConfigError' }, 2, 'cluster.not_found'],
  [{ unscheduled: '0/3 nodes are available' }, 31, 'job.unschedulable'],
  [{ waiting: 'CrashLoopBackOff' }, 31, 'stack.policy_unavailable'],
  [{}, 31, 'stack.policy_unavailable'],
] as const)('what holds one back gives the code: %o', (over, minute, code) => {
  expect(judged([server(over), server({ ready: true })], minute)).toMatchObject({ phase: 'stuck', code });
  expect(judged([server(over), server({ ready: true })], 1).phase).toBe('starting');
});
