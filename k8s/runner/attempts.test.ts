// What a watch tells of a job's pods, and what it takes to end one.
import { expect, it } from 'vitest';
import { jobName } from '../../contracts/ids.ts';
import type { SeenDisruption, Windows } from '../../policies/job-stop-seen.ts';
import { type Pod, pod, workload } from '../cluster/objects.ts';
import type { Workloads } from '../cluster/workloads.ts';
import { ATTEMPT } from '../labels.ts';
import type { Admission } from './admission.ts';
import { createAttempts } from './attempts.ts';
import type { JobRecords } from './job-records.ts';
import type { PodWatch } from './pod-watch.ts';

const NAME = jobName.parse('demo-r1-train');
const WINDOWS: Windows = { imageMs: 1, scheduleMs: 1, admissionMs: 1, evictionMs: 1, overdueMs: 1 };
const LONG_AGO = '2020-01-01T00:00:00Z';

const podOf = (name: string, status: object, more: object = {}): Pod =>
  pod.parse({ metadata: { name, creationTimestamp: LONG_AGO, ...more }, spec: { nodeName: 'n1' }, status });
const running = podOf('p-0', { phase: 'Running' });
const failed = podOf('p-0', { phase: 'Failed' });
const starting = podOf('p-0', { phase: 'Pending' });
const stuck = podOf('p-0', {
  phase: 'Pending',
  containerStatuses: [{ name: 'trainer', state: { waiting: { reason: 'ImagePullBackOff' } } }],
});
const overdue = podOf('p-0', { phase: 'Running' }, { deletionTimestamp: LONG_AGO });
const disrupted = podOf('p-0', {
  phase: 'Running',
  conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' }],
});
const disruption = { pod: 'p-9', node: 'n9', reason: 'PreemptionByScheduler' };

const NONE: SeenDisruption[] = [];

const going = { metadata: { name: `${NAME}-a1`, labels: { [ATTEMPT]: '1' } } };
const ended = { ...going, status: { conditions: [{ type: 'Failed', status: 'True' }] } };
const suspended = { ...going, spec: { suspend: true } };

/** What a look needs of the rest. */
const admission = { mustExist: async () => undefined, entriesOf: async () => undefined } satisfies Admission;
const PLACE = { admission, namespace: 'team-a', kind: 'Job', windows: WINDOWS } as const;

async function look(told: Pod | undefined, listed: Pod, { job = going, disruptions = NONE } = {}) {
  let lists = 0;
  const noted: unknown[] = [];
  const attempts = createAttempts({
    workloads: {
      async pods() {
        lists += 1;
        return [listed];
      },
    } satisfies Partial<Workloads> as unknown as Workloads,
    records: {
      noteDisruptions: async (_, __, seen) => void noted.push(...seen),
      disruptions: async () => [],
    } satisfies Partial<JobRecords> as unknown as JobRecords,
    ...PLACE,
    watch: {
      podsOf: () => (told === undefined ? undefined : [told]),
      disruptionsOf: () => disruptions,
      close: async () => undefined,
    } satisfies PodWatch,
  });
  const verdict = await attempts.judge(NAME, workload.parse(job));
  return { phase: verdict.phase, lists, noted };
}

it('goes on by what it is told, without a list', async () => {
  expect(await look(running, failed)).toEqual({ phase: 'running', lists: 0, noted: [] });
  expect(await look(starting, failed)).toMatchObject({ phase: 'waiting', lists: 0 });
});

it('lists where nothing is told', async () => {
  expect(await look(undefined, running)).toMatchObject({ phase: 'running', lists: 1 });
});

it.each(Object.entries({ failed, stuck, overdue, disrupted }))(
  'ends nothing because it is told of a pod %s',
  async (_, told) => {
    expect(await look(told, running)).toEqual({ phase: 'running', lists: 1, noted: [] });
    expect((await look(told, told)).phase).toMatch(/ending|stopped/);
  },
);

it('lists for a job that has ended, or that a queue holds back', async () => {
  expect(await look(running, failed, { job: ended })).toMatchObject({ phase: 'stopped', lists: 1 });
  expect(await look(running, starting, { job: suspended })).toMatchObject({ lists: 1 });
});

it('notes what took the place of a pod that is gone by the next look', async () => {
  expect((await look(running, running, { disruptions: [disruption] })).noted).toEqual([disruption]);
  const own = { pod: 'p-0', node: 'n1', reason: 'PreemptionByScheduler' };
  expect((await look(running, disrupted, { disruptions: [own, disruption] })).noted).toEqual([own, disruption]);
});

/** How often the object was asked for before the attempt counted as gone. */
async function looksUntilGone(pods: readonly Pod[], objects: readonly object[]): Promise<number> {
  let reads = 0;
  const attempts = createAttempts({
    workloads: {
      pods: async () => [...pods],
      async read() {
        const found = objects[reads];
        reads += 1;
        return found === undefined ? undefined : workload.parse(found);
      },
    } satisfies Partial<Workloads> as unknown as Workloads,
    records: {} as JobRecords,
    ...{ ...PLACE, watch: undefined },
  });
  await attempts.gone(NAME, 1);
  return reads;
}

it('waits for the object of an attempt that was deleted: pods may be begun for it yet', async () => {
  const deleted = { metadata: { ...going.metadata, deletionTimestamp: LONG_AGO } };
  expect(await looksUntilGone([], [deleted, deleted])).toBe(3);
  // One that has ended stays to be looked at; that of a lost node's pods is shown as long as they are.
  expect(await looksUntilGone([failed], [ended])).toBe(1);
  expect(await looksUntilGone([overdue], [deleted])).toBe(0);
});
