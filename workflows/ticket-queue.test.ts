// A repository's tickets: so many at a time, each to one end, whoever parks it, ends it from outside or begins the queue anew.
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, expect, test, vi } from 'vitest';
import {
  MERGES,
  mergeQueueWorkflowId,
  QUEUES,
  TICKET,
  TICKETS,
  ticketQueueWorkflowId,
  ticketWorkflowId,
} from '../contracts/names.ts';
import type { QueuedTicket, TicketEnd, TicketName, TicketView } from '../contracts/ticket.ts';
import { keepHistory, temporal, withTemporal, workersOf } from '../tests/support/play-campaign.ts';
import { scriptedActivities } from '../tests/support/scripted-activities.ts';
import { machineFault } from '../tests/support/scripted-incidents.ts';
import { aTicket, queued, scriptedTickets, type TicketScript } from '../tests/support/scripted-tickets.ts';

withTemporal();
const look = { timeout: 60_000, interval: 100 };
const TRAINER = queued(0).repository;
const QUEUE = ticketQueueWorkflowId(TRAINER);

let stop: () => Promise<void> = async () => {};
afterEach(async () => {
  for (const id of [QUEUE, mergeQueueWorkflowId(TRAINER)])
    await temporal()
      .workflow.getHandle(id)
      .terminate('the test is over')
      .catch(() => {});
  await stop();
});

async function begin(script: TicketScript, all: readonly QueuedTicket[], running: readonly QueuedTicket[] = []) {
  const scripted = scriptedTickets(script);
  stop = await workersOf(
    scriptedActivities({ passRates: [], incidents: { activities: scripted.activities } }).activities,
  );
  await temporal().workflow.start('ticketQueue', {
    ...{ workflowId: QUEUE, taskQueue: QUEUES.control, args: [{ repository: TRAINER, waiting: all, running }] },
  });
  return scripted;
}
const queue = () => temporal().workflow.getHandle(QUEUE);
const worked = (ticket: TicketName) => temporal().workflow.getHandle(ticketWorkflowId(ticket));
const ended = async (ends: ReadonlyMap<TicketName, TicketEnd>, ...tickets: TicketName[]) => {
  await vi.waitFor(() => expect(tickets.filter((one) => !ends.has(one))).toEqual([]), look);
  return tickets.map((one) => ends.get(one)!);
};

test('so many agents at a time, the most pressing first, and each ends once', async () => {
  const all = [1, 2, 3, 4, 5, 6].map((number) => queued(number, number === 6 ? 'urgent' : 'normal'));
  const session = async () => new Promise<void>((resolve) => setTimeout(resolve, 300));
  const { ends, developed, seen, told } = await begin({ session }, all);
  await queue().signal(TICKETS.add, all[2]);
  const found = await ended(ends, ...all.map(({ ticket }) => ticket));
  expect(found.map(({ how }) => how)).toEqual(all.map(() => 'merged'));
  expect(seen.most).toBe(2);
  // Two begin at once, and which of them asks first is chance.
  expect(developed.slice(0, 2).map(({ ticket }) => ticket)).toContain(aTicket(6));
  expect(developed).toHaveLength(6);
  expect(new Set(told.landed).size).toBe(6);
  expect(told.landed).toHaveLength(6);
  // Asked again it has ended: nothing of it is done a second time.
  await queue().signal(TICKETS.add, all[0]);
  await vi.waitFor(async () => {
    const { running, waiting } = await queue().query<{ running: string[]; waiting: string[] }>(TICKETS.view);
    expect([...running, ...waiting]).toEqual([]);
  }, look);
  expect(developed).toHaveLength(6);
  await keepHistory('tickets', QUEUE);
  await keepHistory('tickets', ticketWorkflowId(aTicket(6)));
});

test('attempts end, within one budget, and what came of each is told', async () => {
  const sessions = () => ['stalled', 'garbage', 'exhausted'] as const;
  const { ends, developed } = await begin({ sessions }, [queued(11)]);
  const [end] = await ended(ends, aTicket(11));
  expect(end).toMatchObject({
    how: 'parked',
    why: 'all 3 attempts came to nothing; the last: exhausted: scripted',
    tried: [{ why: 'stalled: scripted' }, { why: 'garbage: scripted' }, {}],
  });
  expect(developed.map(({ turns }) => turns)).toEqual([20, 16, 12]);
  await keepHistory('attempts', ticketWorkflowId(aTicket(11)));
});

test('what its agent gives up is not tried again; what tests do not bear out is', async () => {
  const sessions = (ticket: TicketName) => (ticket === aTicket(12) ? (['gave-up'] as const) : (['done'] as const));
  const { ends, developed } = await begin({ sessions, mends: () => false }, [queued(12), queued(13)]);
  const [gave, broke] = await ended(ends, aTicket(12), aTicket(13));
  expect(gave).toMatchObject({ how: 'parked', why: 'gave-up: scripted' });
  expect(broke).toMatchObject({ how: 'parked', why: expect.stringContaining('it breaks a test') });
  expect(developed.map(({ ticket }) => ticket).filter((one) => one === aTicket(13))).toHaveLength(3);
});

test('a branch that has moved costs rework, with a budget of its own, and then it is parked', async () => {
  const { ends, developed } = await begin({ rebased: () => 'conflict' }, [queued(14)]);
  const [end] = await ended(ends, aTicket(14));
  expect(end).toMatchObject({
    ...{ how: 'parked', why: 'the branch has changed the same lines: a.py' },
    tried: [{ why: 'after approval: the branch has changed the same lines: a.py' }, {}],
  });
  expect(developed.map(({ number, turns }) => [number, turns])).toEqual([
    [1, 20],
    [2, 5],
  ]);
  await keepHistory('rework', ticketWorkflowId(aTicket(14)));
});

test('a fault of the machine while it lands is tried again; it lands once', async () => {
  const { ends, told } = await begin({ landings: [machineFault()] }, [queued(15)]);
  const [end] = await ended(ends, aTicket(15));
  expect(end).toMatchObject({ how: 'merged' });
  expect(told.landed).toHaveLength(1);
});

test('somebody parks one that waits and one that is worked on; what the merge queue has is too late', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const session = (ticket: TicketName) => (ticket === aTicket(21) ? held : undefined);
  const { ends } = await begin({ session, agents: 1 }, [queued(21), queued(22)]);
  await vi.waitFor(
    async () => expect(await worked(aTicket(21)).query<TicketView>(TICKET.view)).toMatchObject({ step: 'develop' }),
    look,
  );
  await queue().signal(TICKETS.park, { ...queued(22), park: 'not now' });
  expect(await ended(ends, aTicket(22))).toMatchObject([{ how: 'parked', why: 'not now' }]);
  await queue().signal(TICKETS.park, { ...queued(21), park: 'not this one either' });
  expect(await ended(ends, aTicket(21))).toMatchObject([{ how: 'parked', why: 'not this one either' }]);
  release();
  await keepHistory('parked', ticketWorkflowId(aTicket(21)));
});

test('what the merge queue has is too late to park', async () => {
  let release = () => {};
  const trial = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { ends } = await begin({ trial }, [queued(23)]);
  const merges = () =>
    temporal().workflow.getHandle(mergeQueueWorkflowId(TRAINER)).query<{ merging: unknown }>(MERGES.view);
  await vi.waitFor(async () => expect((await merges()).merging).not.toBeNull(), look);
  await queue().signal(TICKETS.park, { ...queued(23), park: 'too late' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  release();
  expect(await ended(ends, aTicket(23))).toMatchObject([{ how: 'merged' }]);
});

test('an issue waits to be told how its ticket ends: it is, and where that fails the ticket has ended all the same', async () => {
  const { ends, issues } = await begin({}, [{ ...queued(41), issue: true }, queued(42)]);
  expect(await ended(ends, aTicket(41), aTicket(42))).toMatchObject([{ how: 'merged' }, { how: 'merged' }]);
  await vi.waitFor(() => expect(issues).toEqual([aTicket(41)]), look);
  await vi.waitFor(async () => expect((await worked(aTicket(41)).describe()).status.name).toBe('COMPLETED'), look);
  await keepHistory('issue', ticketWorkflowId(aTicket(41)));
  await stop();
  await queue().terminate('the next one');
  const untold = ApplicationFailure.create({ message: 'no', type: 'forge.not_found', nonRetryable: true });
  const next = await begin({ untold }, [{ ...queued(43), issue: true }]);
  expect(await ended(next.ends, aTicket(43))).toMatchObject([{ how: 'merged' }]);
  await vi.waitFor(async () => expect((await worked(aTicket(43)).describe()).status.name).toBe('COMPLETED'), look);
  expect(next.issues).toEqual([aTicket(43)]);
});

test('one that is ended from outside is begun again; a queue that begins anew finds what is at work', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = await begin({ session: () => held }, [queued(31)]);
  await vi.waitFor(() => expect(first.developed).toHaveLength(1), look);
  await worked(aTicket(31)).terminate('somebody');
  await vi.waitFor(() => expect(first.developed).toHaveLength(2), look);
  await queue().terminate('somebody');
  await temporal().workflow.start('ticketQueue', {
    ...{ workflowId: QUEUE, taskQueue: QUEUES.control },
    args: [{ repository: TRAINER, waiting: [], running: [queued(31)] }],
  });
  const view = () => queue().query<{ running: string[] }>(TICKETS.view);
  await vi.waitFor(async () => expect((await view()).running).toEqual([aTicket(31)]), look);
  release();
  expect(await ended(first.ends, aTicket(31))).toMatchObject([{ how: 'merged' }]);
  await vi.waitFor(async () => expect((await view()).running).toEqual([]), look);
  expect(first.told.landed).toHaveLength(1);
});
