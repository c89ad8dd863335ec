import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeJob } from './job-stop.ts';
import { causeOfDisruption, type SeenJob, type SeenPod, type Windows } from './job-stop-seen.ts';
import { actionFor, codeOfStop } from './retry.ts';

const WINDOWS: Windows = {
  imageMs: 300_000,
  scheduleMs: 1_800_000,
  admissionMs: 3_600_000,
  evictionMs: 900_000,
  overdueMs: 60_000,
};
const NOW = 10_000_000;

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
const disruptionsOf = (pods: readonly SeenPod[]) =>
  pods.flatMap(({ name, node, disruption }) =>
    disruption === undefined ? [] : [{ pod: name, node, reason: disruption }],
  );
const job = (over: Partial<SeenJob> = {}): SeenJob => ({
  ended: undefined,
  reason: '',
  deleted: false,
  suspended: false,
  createdAtMs: NOW,
  pods: [pod()],
  disruptions: disruptionsOf(over.pods ?? []),
  told: undefined,
  queueSilent: false,
  queue: undefined,
  held: [],
  ...over,
});
const exit = (code: number, reason = 'Error', message = '') => ({ code, reason, message });
const judge = (seen: SeenJob, now = NOW) => judgeJob(seen, now, WINDOWS);

describe('a job that has ended', () => {
  it.each([
    [
      'its own exit code',
      [pod({ phase: 'Failed', exit: exit(42, 'Error', 'bad learning rate') })],
      'exited',
      42,
      'gate',
    ],
    [
      'the kernel, for its memory',
      [pod({ phase: 'Failed', exit: exit(137, 'OOMKilled') })],
      'out_of_memory',
      137,
      'gate',
    ],
    [
      'a pod of higher priority, after a checkpoint',
      [pod({ phase: 'Failed', exit: exit(85), disruption: 'PreemptionByScheduler' })],
      'preempted',
      85,
      'retry',
    ],
    ['the node’s end', [pod({ phase: 'Failed', disruption: 'DeletionByTaintManager' })], 'node_lost', 137, 'retry'],
    [
      'a drain',
      [pod({ phase: 'Failed', exit: exit(85), disruption: 'EvictionByEvictionAPI' })],
      'evicted',
      85,
      'retry',
    ],
    ['nobody knows what', [], 'vanished', 137, 'retry'],
  ] as const)('by %s', (_, pods, cause, exitCode, action) => {
    const verdict = judge(job({ ended: 'failed', pods }));
    expect(verdict).toMatchObject({ phase: 'stopped', cause, exitCode });
    expect(actionFor(codeOfStop(exitCode, cause))).toBe(action);
  });

  it('tells the pod that failed from those that were ended because of it', () => {
    const others = [1, 2, 3].map((n) => pod({ name: `p${n}`, node: `n${n}`, phase: 'Failed', exit: exit(143) }));
    const culprit = pod({ name: 'p9', node: 'n9', phase: 'Failed', exit: exit(43, 'Error', 'NCCL: link down') });
    expect(judge(job({ ended: 'failed', pods: [...others, culprit] }))).toMatchObject({
      exitCode: 43,
      message: 'NCCL: link down',
    });
  });

  it('names the nodes on which it went wrong', () => {
    const pods = [pod({ node: 'n1', disruption: 'DeletionByTaintManager' }), pod({ node: 'n2' })];
    expect(judge(job({ ended: 'failed', pods }))).toMatchObject({ nodes: ['n1'] });
  });

  it('and whose pods are gone is judged by what was noted of them, then by what the Job controller says', () => {
    const noted = [{ pod: 'p0', node: 'n4', reason: 'PreemptionByScheduler' }];
    const told = { by: 'disruption', message: 'Pod a/p0 has condition DisruptionTarget' } as const;
    const gone = { ended: 'failed', pods: [] } as const;
    expect(judge(job({ ...gone, disruptions: noted, told }))).toMatchObject({ cause: 'preempted', nodes: ['n4'] });
    expect(judge(job({ ...gone, told }))).toMatchObject({ cause: 'evicted', message: told.message });
    const exited = { by: 'exit', code: 42, message: 'Container trainer failed with exit code 42' } as const;
    expect(judge(job({ ...gone, told: exited }))).toMatchObject({ cause: 'exited', exitCode: 42 });
  });

  it('well, but without a result, is a failure of its own', () => {
    expect(judge(job({ ended: 'complete', pods: [] }))).toMatchObject({
      phase: 'stopped',
      cause: 'exited',
      exitCode: 0,
    });
  });
});

describe('a job that has not ended', () => {
  it('waits for its image, and not for ever', () => {
    const seen = job({ pods: [pod({ phase: 'Pending', waiting: 'ImagePullBackOff' })] });
    expect(judge(seen)).toMatchObject({ phase: 'waiting', why: 'ImagePullBackOff' });
    expect(judge(seen, NOW + WINDOWS.imageMs)).toMatchObject({ phase: 'stopped', cause: 'image' });
  });

  it('waits for a node, and not for ever', () => {
    const unscheduled = '0/4 nodes are available: 4 Insufficient nvidia.com/gpu.';
    const seen = job({ pods: [pod({ phase: 'Pending', node: undefined, unscheduled })] });
    expect(judge(seen)).toMatchObject({ phase: 'waiting', why: unscheduled });
    expect(judge(seen, NOW + WINDOWS.scheduleMs)).toMatchObject({ phase: 'stopped', cause: 'unschedulable' });
  });

  it('waits for its queue, and not for ever', () => {
    const seen = job({ suspended: true, pods: [] });
    expect(judge(seen)).toMatchObject({ phase: 'waiting' });
    expect(judge(seen, NOW + WINDOWS.admissionMs)).toMatchObject({ phase: 'stopped', cause: 'not_admitted' });
  });

  it('starts slowly for as long as it likes', () => {
    const seen = job({ pods: [pod({ phase: 'Pending', waiting: 'ContainerCreating' })] });
    expect(judge(seen, NOW + 1e9)).toMatchObject({ phase: 'waiting' });
  });

  it('waits while some of its ranks start', () => {
    const pods = [pod({ phase: 'Running' }), pod({ name: 'p1', phase: 'Pending' })];
    expect(judge(job({ pods }))).toEqual({ phase: 'waiting', why: '1 of its 2 pods are starting' });
  });

  it('ends as a whole when one of its pods has ended badly, or is about to', () => {
    const dead = pod({ name: 'p1', phase: 'Failed', exit: exit(42) });
    expect(judge(job({ pods: [pod(), dead] }))).toMatchObject({ phase: 'ending' });
    const condemned = pod({ name: 'p1', disruption: 'PreemptionByScheduler', goneByMs: NOW + 100_000 });
    expect(judge(job({ pods: [pod(), condemned] }))).toMatchObject({ phase: 'ending' });
    // Even when that pod has gone since.
    const noted = [{ pod: 'p1', node: 'n1', reason: 'PreemptionByScheduler' }];
    expect(judge(job({ pods: [pod()], disruptions: noted }))).toMatchObject({ phase: 'ending' });
  });

  it('has lost a node whose pod was to be gone and is not', () => {
    const lost = pod({ node: 'n3', disruption: 'DeletionByTaintManager', goneByMs: NOW });
    const pods = [pod({ name: 'p1', phase: 'Failed', exit: exit(143) }), lost];
    expect(judge(job({ pods }), NOW + WINDOWS.overdueMs - 1)).toMatchObject({ phase: 'ending' });
    expect(judge(job({ pods }), NOW + WINDOWS.overdueMs)).toMatchObject({
      phase: 'stopped',
      cause: 'node_lost',
      nodes: ['n3'],
    });
  });
});

describe('a job that somebody deleted', () => {
  it('ends with the last of its pods, however long the cluster shows it', () => {
    const ending = pod({ goneByMs: NOW + 5_000 });
    expect(judge(job({ deleted: true, pods: [ending] }))).toMatchObject({ phase: 'ending' });
    const over = pod({ phase: 'Failed', exit: exit(85) });
    for (const pods of [[over], []])
      expect(judge(job({ deleted: true, pods }))).toMatchObject({ phase: 'stopped', cause: 'vanished' });
    expect(judge(job({ deleted: true, suspended: true, pods: [] }))).toMatchObject({ phase: 'stopped' });
  });

  it('has lost a node whose pod is still there', () => {
    const lost = pod({ node: 'n3', goneByMs: NOW - WINDOWS.overdueMs });
    expect(judge(job({ deleted: true, pods: [lost] }))).toMatchObject({ cause: 'node_lost', nodes: ['n3'] });
  });
});

const anyPod: fc.Arbitrary<SeenPod> = fc.record({
  name: fc.constantFrom('p0', 'p1', 'p2'),
  node: fc.option(fc.constantFrom('n0', 'n1'), { nil: undefined }),
  phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
  exit: fc.option(
    fc.record({
      code: fc.constantFrom(0, 1, 42, 43, 85, 137, 143),
      reason: fc.constantFrom('Error', 'OOMKilled', 'Completed'),
      message: fc.string(),
    }),
    { nil: undefined },
  ),
  waiting: fc.option(fc.constantFrom('ContainerCreating', 'CrashLoopBackOff', 'PodInitializing'), { nil: undefined }),
  disruption: fc.option(fc.constantFrom('PreemptionByScheduler', 'DeletionByPodGC'), { nil: undefined }),
  unscheduled: fc.constant(undefined),
  createdAtMs: fc.constant(NOW),
  goneByMs: fc.constant(undefined),
});

it('never calls a job stopped that the cluster has not ended, whatever its pods look like', () => {
  fc.assert(
    fc.property(fc.array(anyPod, { maxLength: 4 }), fc.nat(1e9), (pods, later) => {
      expect(judge(job({ pods }), NOW + later).phase).not.toBe('stopped');
    }),
  );
});

it('calls every job stopped that the cluster has ended, with a cause that leads to an action', () => {
  fc.assert(
    fc.property(fc.array(anyPod, { maxLength: 4 }), fc.constantFrom('failed', 'complete'), (pods, ended) => {
      const verdict = judge(job({ pods, ended }));
      expect(verdict.phase).toBe('stopped');
      if (verdict.phase !== 'stopped') return;
      expect(['retry', 'gate']).toContain(actionFor(codeOfStop(verdict.exitCode, verdict.cause)));
    }),
  );
});

it('takes an unknown disruption for an eviction', () => {
  expect(causeOfDisruption('SomethingNew')).toBe('evicted');
});
