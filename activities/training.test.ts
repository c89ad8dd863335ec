// What Temporal is told about a job that ended: the retry policy's word, by exit code.
import { setTimeout as delay } from 'node:timers/promises';
import { asyncLocalStorage, type Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import type { ArtifactStore } from '../contracts/artifact.ts';
import { AnnealError } from '../contracts/errors.ts';
import { type JobDocument, type JobRunner, type JobState, jobDocument, type StopCause } from '../contracts/job.ts';
import type { ModelGateway } from '../contracts/ports.ts';
import { FRUITLESS_ATTEMPTS } from '../policies/job-effort.ts';
import { atBoundary } from './boundary.ts';
import type { Documents } from './read.ts';
import { createTrainingActivities } from './training.ts';

const document = { name: 'quickstart-r1-train', algorithm: { steps: 1 } } as JobDocument;
expect(jobDocument.shape.name.parse(document.name)).toBe(document.name);

/** What the job's activity said while it ran. */
let beats: unknown[] = [];
/** What the attempt before had said last. */
let before: unknown;
const context = {
  get info() {
    return { heartbeatDetails: before };
  },
  cancellationSignal: new AbortController().signal,
  heartbeat: (details: unknown) => void beats.push(details),
  sleep: (ms: number) => delay(ms / 100),
} as unknown as Context;

function running(jobs: Partial<JobRunner>) {
  beats = [];
  before = undefined;
  const none = {} as unknown;
  const { runJob } = atBoundary(
    createTrainingActivities({
      store: none as ArtifactStore,
      documents: none as Documents,
      gateway: none as ModelGateway,
      jobs: { submit: async () => undefined, ...jobs } as JobRunner,
    }),
  );
  return { runJob: (input: { document: JobDocument }) => asyncLocalStorage.run(context, () => runJob(input)) };
}

const failureOf = async (work: Promise<unknown>): Promise<ApplicationFailure> => {
  const failure = await work.catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(ApplicationFailure);
  return failure as ApplicationFailure;
};

test.each([
  [42, 'job.configuration', true],
  [43, 'job.accelerator', true],
  [44, 'job.no_space', true],
  [1, 'job.failed', true],
  [85, 'job.interrupted', false],
  [137, 'job.interrupted', false],
])('a job that exits with %i fails as %s; for good: %s', async (exitCode, type, nonRetryable) => {
  const stopped = { phase: 'stopped', exitCode, message: 'why', logTail: ['last line'] } as const;
  const failure = await failureOf(running({ state: async () => stopped }).runJob({ document }));
  expect(failure).toMatchObject({ type, nonRetryable, details: [{ logTail: ['last line'] }] });
  expect(failure.message).toBe(`quickstart-r1-train ended with exit code ${exitCode}: why`);
});

test('a job that ran out of memory goes on by itself while it can do with less', async () => {
  const stopped = { phase: 'stopped', exitCode: 137, cause: 'out_of_memory', message: 'why', logTail: [] } as const;
  const smaller = running({ state: async () => ({ ...stopped, smallerNext: true }) }).runJob({ document });
  expect(await failureOf(smaller)).toMatchObject({ type: 'job.interrupted', nonRetryable: false });
  const asSmall = running({ state: async () => stopped }).runJob({ document });
  expect(await failureOf(asSmall)).toMatchObject({ type: 'job.out_of_memory', nonRetryable: true });
});

test('a job that ends by itself and never gets further is given up; what the cluster takes away is not counted', async () => {
  const ends = async (cause: StopCause) => {
    const stopped = { phase: 'stopped', exitCode: 137, cause, message: 'why', logTail: [] } as const;
    const { runJob } = running({ state: async () => stopped });
    before = { waitingFor: 'a node', effort: { step: 3, fruitless: FRUITLESS_ATTEMPTS - 1 } };
    return failureOf(runJob({ document }));
  };
  expect(await ends('preempted')).toMatchObject({ type: 'job.interrupted', nonRetryable: false });
  expect(beats.at(-1)).toMatchObject({ effort: { step: 3, fruitless: FRUITLESS_ATTEMPTS - 1 } });
  const last = await ends('exited');
  expect(last).toMatchObject({ type: 'job.failed', nonRetryable: true });
  expect(last.message).toMatch(/10 attempts in a row got no further$/);
});

test('an attempt that gets further lets the count begin anew', async () => {
  const states: JobState[] = [
    { phase: 'running', startedAt: '', step: 4 },
    { phase: 'stopped', exitCode: 137, message: 'why', logTail: [] },
  ];
  const { runJob } = running({ state: async () => states.shift()! });
  before = { effort: { step: 3, fruitless: FRUITLESS_ATTEMPTS - 1 } };
  expect(await failureOf(runJob({ document }))).toMatchObject({ type: 'job.interrupted' });
  expect(beats.at(-1)).toMatchObject({ effort: { step: 4, fruitless: 0 } });
});

test('who does not answer says nothing of the job: it is asked again, and what is waited for is told', async () => {
  const away = new AnnealError('cluster.unavailable', 'no answer from the API server');
  const answers: (() => Promise<JobState>)[] = [
    () => Promise.reject(away),
    async () => ({ phase: 'running', startedAt: '', step: 2 }),
    () => Promise.reject(new AnnealError('store.unavailable', 'no answer from the bucket')),
    async () => ({ phase: 'done' }) as JobState,
  ];
  let submits = 0;
  const submit = async () => {
    submits += 1;
    if (submits < 3) throw away;
  };
  await running({ submit, state: () => answers.shift()!() }).runJob({ document });
  expect(submits).toBe(3);
  expect(answers).toEqual([]);
  expect(beats).toContainEqual(expect.objectContaining({ done: 2, total: 1, unit: 'steps' }));
});

test('any other error of ours crosses by the same policy; what is not ours passes unchanged', async () => {
  const raise = (failure: Error) => running({ submit: () => Promise.reject(failure) }).runJob({ document });
  expect(await failureOf(raise(new AnnealError('sandbox.failed', 'x')))).toMatchObject({ nonRetryable: false });
  expect(await failureOf(raise(new AnnealError('job.conflict', 'x')))).toMatchObject({ nonRetryable: true });
  const strange = new Error('strange');
  await expect(raise(strange)).rejects.toBe(strange);
});
