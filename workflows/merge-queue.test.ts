// One repository's merges: each once and in turn, whatever is signalled while runs end and begin, and whoever of those that wait is gone.
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, expect, test, vi } from 'vitest';
import { repositoryName } from '../contracts/change.ts';
import { type IncidentEnd, type IncidentInput, incidentName } from '../contracts/incident.ts';
import { INCIDENT, incidentWorkflowId, MERGES, mergeQueueWorkflowId, QUEUES } from '../contracts/names.ts';
import { keepHistory, temporal, withTemporal, workersOf } from '../tests/support/play-campaign.ts';
import { scriptedActivities } from '../tests/support/scripted-activities.ts';
import {
  changeOf,
  type IncidentScript,
  machineFault,
  queuedMerge,
  scriptedIncidents,
} from '../tests/support/scripted-incidents.ts';
import { refOf } from '../tests/support/scripted-ref.ts';
import type { WaitingMerge } from './merge-queue.ts';

withTemporal();
const look = { timeout: 60_000, interval: 100 };
const TRAINER = repositoryName.parse('trainer');

let stop: () => Promise<void> = async () => {};
afterEach(async () => {
  await temporal()
    .workflow.getHandle(mergeQueueWorkflowId(TRAINER))
    .terminate('the test is over')
    .catch(() => {});
  await stop();
});

async function begin(script: IncidentScript = {}) {
  const { activities, told } = scriptedIncidents(script);
  stop = await workersOf(scriptedActivities({ passRates: [], incidents: { activities } }).activities);
  return told;
}
async function open(name: string) {
  const input: IncidentInput = {
    ...{ schema: 'anneal/incident/v1', incident: incidentName.parse(name), campaign: null, repository: TRAINER },
    ...{ owner: 'somebody', logs: [{ name: 'log', object: refOf('log') }], reportTo: null },
  };
  const options = { workflowId: incidentWorkflowId(input.incident), taskQueue: QUEUES.control, args: [input] };
  return temporal().workflow.start('incident', options);
}
const waiting = (name: string): WaitingMerge => ({ ...queuedMerge(name), reportTo: `incident/${name}` });
const queue = () => temporal().workflow.getHandle(mergeQueueWorkflowId(TRAINER));
const beginQueue = (all: readonly WaitingMerge[]) =>
  temporal().workflow.start('mergeQueue', {
    ...{ workflowId: mergeQueueWorkflowId(TRAINER), taskQueue: QUEUES.control },
    args: [{ repository: TRAINER, waiting: all }],
  });

test('incidents that come at a time are merged one after the other, each told how it went', async () => {
  const told = await begin();
  const names = Array.from({ length: 5 }, (_, at) => `at-once-${at}`);
  const handles = await Promise.all(names.map(open));
  const ends = await Promise.all(handles.map((handle) => handle.result() as Promise<IncidentEnd>));
  for (const [at, end] of ends.entries())
    expect(end).toMatchObject({ how: 'merged', incident: names[at], change: changeOf(names[at]!) });
  expect(told.landed.toSorted()).toEqual(names.map(changeOf).toSorted());
  await keepHistory('at-once', 'merges/trainer');
});

test('what is asked for twice is merged once, and everybody who asked is told', async () => {
  let isThere = false;
  const { promise: trial, resolve: release } = Promise.withResolvers<void>();
  const told = await begin({ trial, rebased: () => (isThere ? 'landed' : 'rebased') });
  const one = waiting('twice');
  await beginQueue([one]);
  await vi.waitFor(() => expect(told.calls).toHaveLength(1), look);
  for (const asked of [one, { ...one, reportTo: 'incident/same' }, one]) await queue().signal(MERGES.enqueue, asked);
  isThere = true;
  release();
  await vi.waitFor(async () => expect(await toldBy(queue())).toEqual(['incident/twice', 'incident/same']), look);
  expect(told.calls.filter((call) => call.startsWith('tryCommit'))).toHaveLength(1);
  await queue().signal(MERGES.enqueue, one);
  await vi.waitFor(async () => expect(await toldBy(queue())).toHaveLength(3), look);
  expect(told.calls.filter((call) => call.startsWith('tryCommit'))).toHaveLength(1);
});

/** Whom it has told, by its history. */
async function toldBy(handle: ReturnType<typeof queue>): Promise<(string | null | undefined)[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: one }) =>
    one ? [one.workflowExecution?.workflowId] : [],
  );
}

test('a run that has done its part hands on what waits, and loses nothing that comes meanwhile', {
  timeout: 300_000,
}, async () => {
  const told = await begin();
  const names = Array.from({ length: 75 }, (_, at) => `long-${at}`);
  const { firstExecutionRunId } = await beginQueue(names.slice(0, 40).map(waiting));
  for (const name of names.slice(40)) await queue().signal(MERGES.enqueue, waiting(name));
  await vi.waitFor(() => expect(told.landed.length).toBeGreaterThanOrEqual(75), { timeout: 240_000, interval: 200 });
  expect(told.landed).toEqual(names.map(changeOf));
  const { runId } = await queue().describe();
  expect(runId).not.toBe(firstExecutionRunId);
});

test('an incident that is cancelled takes nobody’s merge with it, although it began the queue', async () => {
  const { promise: trial, resolve: release } = Promise.withResolvers<void>();
  const told = await begin({ trial });
  const first = await open('first');
  const merging = (one: string | null, ...others: string[]) =>
    vi.waitFor(
      async () =>
        expect(await queue().query(MERGES.view)).toMatchObject({
          ...{ merging: one && changeOf(one), waiting: others.map(changeOf) },
        }),
      look,
    );
  await merging('first');
  const second = await open('second');
  await merging('first', 'second');
  await first.cancel();
  await expect(first.result()).rejects.toThrow();
  // So long as the queue would take to hear of it.
  await sleep(2_000);
  release();
  expect(await second.result()).toMatchObject({ how: 'merged' });
  // It was accepted, and nobody has said that it is not to land.
  expect(told.landed).toEqual([changeOf('first'), changeOf('second')]);
});

test('whoever signals that a change has landed is not believed without the branch', async () => {
  const { promise: trial, resolve: release } = Promise.withResolvers<void>();
  const told = await begin({ trial });
  const handle = await open('forged');
  await vi.waitFor(() => expect(told.calls.some((call) => call.startsWith('tryCommit'))).toBe(true), look);
  const merged = { how: 'landed', commit: 'f'.repeat(40), tag: 'forged' };
  await handle.signal(INCIDENT.merged, { change: changeOf('forged'), merged });
  await sleep(1_000);
  expect(told.ends).toEqual([]);
  release();
  expect(await handle.result()).toMatchObject({ how: 'merged', commit: changeOf('forged').slice(0, 40) });
});

const verdict = (): ApplicationFailure => ApplicationFailure.nonRetryable('scripted', 'decision.not_verified');
test.each<[string, IncidentScript['landings'], object]>([
  ['a verdict', [verdict()], { how: 'not-merged', merged: { how: 'refused', why: 'decision.not_verified: scripted' } }],
  ['a fault of the machine', [machineFault()], { how: 'failed', code: 'store.no_space', why: 'scripted' }],
  ['a branch that moves three times', ['moved', 'moved', 'moved'], { how: 'merged' }],
  [
    'a branch that never stands still',
    Array.from({ length: 10 }, () => 'moved' as const),
    { how: 'not-merged', merged: { how: 'refused', why: expect.stringContaining('moved 10 times') } },
  ],
])('%s is told as what it is, and stops nobody behind it', async (what, landings, end) => {
  const told = await begin({ landings: landings! });
  const [first, second] = [`one-${what.length}`, `two-${what.length}`];
  const handle = await open(first);
  expect(await handle.result()).toMatchObject(end);
  expect(await (await open(second)).result()).toMatchObject({ how: 'merged' });
  expect(told.landed).toContain(changeOf(second));
});
