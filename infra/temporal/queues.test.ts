// Slots from settings, and turns on a real server: what waits is handed out by priority, whoever came first.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { QUEUES } from '../../contracts/names.ts';
import { DEFAULT_SLOTS, PRIORITIES, turnOf } from '../../contracts/queues.ts';
import { startTemporal, type TestServer } from '../../tests/support/temporal-server.ts';
import { queueOptions, slotsOf } from './queues.ts';

describe('slots', () => {
  test('are those of one machine, unless the settings say otherwise', () => {
    expect(slotsOf({})).toEqual(DEFAULT_SLOTS);
    expect(queueOptions('control', slotsOf({}))).toEqual({
      taskQueue: 'anneal-control',
      maxConcurrentActivityTaskExecutions: 8,
      maxConcurrentWorkflowTaskExecutions: 40,
    });
    expect(queueOptions('jobs', slotsOf({ ANNEAL_SLOTS_JOBS: 50 }))).toEqual({
      taskQueue: 'anneal-jobs',
      maxConcurrentActivityTaskExecutions: 50,
    });
  });
});

describe('a turn', () => {
  test('is its team, in at most 64 bytes, cut between letters', () => {
    expect(turnOf('team-a', 2)).toEqual({ priorityKey: 3, fairnessKey: 'team-a', fairnessWeight: 2 });
    const { fairnessKey } = turnOf(`x${'ä'.repeat(50)}`);
    expect(fairnessKey).toBe(`x${'ä'.repeat(31)}`);
    expect(Buffer.byteLength(fairnessKey)).toBeLessThanOrEqual(64);
  });

  let server: TestServer;
  beforeAll(async () => {
    server = await startTemporal();
  });
  afterAll(() => server.stop());

  /** Who is handed out to a worker, one after the other. */
  async function handedOut(count: number): Promise<string[]> {
    const seen: string[] = [];
    while (seen.length < count) {
      const { workflowExecution } = await server.client.withDeadline(Date.now() + 20_000, () =>
        server.client.workflowService.pollWorkflowTaskQueue({
          namespace: 'default',
          taskQueue: { name: QUEUES.control },
        }),
      );
      if (workflowExecution?.workflowId) seen.push(workflowExecution.workflowId);
    }
    return seen;
  }

  test('of a gate comes before campaigns, and theirs before rollouts that wait for longer', async () => {
    const begin = (workflowId: string, priorityKey: number) =>
      server.client.workflow.start('any', { workflowId, taskQueue: QUEUES.control, priority: { priorityKey } });
    const rollouts = Array.from({ length: 60 }, (_, n) => `rollouts-${n}`);
    for (const id of rollouts) await begin(id, PRIORITIES.rollouts);
    await server.client.workflow.start('any', {
      ...{ workflowId: 'campaign', taskQueue: QUEUES.control },
      priority: turnOf('team-a'),
    });
    await begin('gate', PRIORITIES.gate);
    const order = await handedOut(rollouts.length + 2);
    expect(order.toSorted()).toEqual([...rollouts, 'campaign', 'gate'].toSorted());
    // Not exactly first: a server keeps a queue in four parts, and each has an order of its own.
    expect(order.indexOf('gate')).toBeLessThan(12);
    expect(order.indexOf('campaign')).toBeLessThan(24);
  });
});
