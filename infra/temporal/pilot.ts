// Pilots: how often the base model solves each visible task of a campaign file.
import { createHash } from 'node:crypto';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/common';
import { z } from 'zod';
import { type ArtifactRef, type ArtifactStore, artifactRef } from '../../contracts/artifact.ts';
import { type PassRate, passRate } from '../../contracts/artifact-set.ts';
import type { CampaignSpec } from '../../contracts/campaign.ts';
import { canonicalJson } from '../../contracts/canonical.ts';
import { AnnealError, errorCode } from '../../contracts/errors.ts';
import { type CampaignName, campaignName } from '../../contracts/ids.ts';
import { sourceFilesName } from '../../contracts/locked-set.ts';
import { calibrationSetName, QUEUES } from '../../contracts/names.ts';
import { durationMs } from '../../contracts/units.ts';
import { type BeforeStart, START_MS } from './campaigns.ts';
import { firstState } from './first-state.ts';
import { unreadableFor } from './payload-trouble.ts';
import { progressOf } from './progress.ts';

/** A bare rate: of a pilot that was run by an older worker. */
const rateTable = z.record(z.string(), z.union([z.number(), passRate]));
const HASH_LENGTH = 8;
const NAME_LENGTH = 40;

export interface PilotOptions {
  readonly samples: number;
  /** What the source of its task set reads (contracts/locked-set.ts). */
  readonly source?: ArtifactRef;
  /** What the campaign's judge is calibrated with. */
  readonly judgeCalibration?: string;
  readonly beforeStart?: BeforeStart;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Runs the base model over every visible task, `samples` times, and gives each task's pass rate. The same question asked
 * again goes on with the run that is under way, or gives the answer that is known.
 * @throws AnnealError with the code that the run failed with; `pilot.broken_off` when it was ended from outside
 */
export async function runPilot(
  client: Client,
  store: ArtifactStore,
  spec: CampaignSpec,
  { samples, source, judgeCalibration, onProgress, beforeStart }: PilotOptions,
): Promise<Record<string, number | PassRate>> {
  const decode = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
  const own: CampaignSpec = { ...spec, tasks: unsieved(spec.tasks), name: pilotName(spec, samples) };
  const ref = await store.put(canonicalJson(own));
  if (source !== undefined) await store.createNamed(sourceFilesName(own.name), JSON.stringify(source));
  if (judgeCalibration !== undefined) await store.createNamed(calibrationSetName(own.name), judgeCalibration);
  const workflowId = pilotWorkflowId(spec, samples);
  const policy = firstState(own, ref, ref.sha256).policies[0]!;
  const options = { concurrency: spec.rollouts.concurrency, timeoutMs: durationMs(spec.rollouts.timeout) };
  // From before the renewal on, as of a campaign's start.
  const until = Date.now() + START_MS;
  const runs = (await beforeStart?.()) === 'runs';
  const start = () =>
    client.workflow.start('pilot', {
      workflowId,
      taskQueue: QUEUES.control,
      args: [{ campaign: own.name, spec: ref, policy, samples, ...options, ...(spec.judge && { judged: true }) }],
      // By its name it is the same question: whoever asks second waits for the same answer.
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  const run = runs ? client.workflow.getHandle(workflowId) : await client.withDeadline(until, start);
  // A worker that cannot read what it is asked would be waited for for ever.
  const unreadable = Promise.withResolvers<never>();
  unreadable.promise.catch(() => {});
  const timer = setInterval(() => {
    void progressOf(client, workflowId).then((p) => p && onProgress(p.done, p.total));
    void unreadableFor(client, workflowId).then(
      (trouble) => trouble && unreadable.reject(trouble),
      () => {},
    );
  }, 2_000);
  try {
    const rates = await Promise.race([run.result(), unreadable.promise]);
    return rateTable.parse(decode(await store.get(artifactRef.parse(rates))));
  } catch (failure) {
    throw failure instanceof WorkflowFailedError ? named(own.name, failure) : failure;
  } finally {
    clearInterval(timer);
  }
}

/**
 * A campaign of its own name, since its ids and its task set must never mix with the campaign's. The name is bound to all that
 * its rollouts are made from: an edited file asks another question, and must not be answered with rollouts of the old one.
 */
export function pilotName(spec: CampaignSpec, samples: number): CampaignName {
  // The rates are what a pilot is for: that a file names those of an earlier one changes nothing.
  const { startingPassRates: _, ...tasks } = unsieved(spec.tasks);
  const { policy, harness, seed, reward, judge } = spec;
  const judged = judge === undefined ? {} : { judge };
  const asked = canonicalJson({
    ...{ tasks, policy, harness, seed, reward, samples, timeout: spec.rollouts.timeout },
    ...judged,
  });
  const end = `-pilot-${createHash('sha256').update(asked).digest('hex').slice(0, HASH_LENGTH)}`;
  return campaignName.parse(spec.name.slice(0, NAME_LENGTH - end.length) + end);
}

/** What is measured is what the range is for: tasks outside it are asked as well. */
function unsieved(tasks: CampaignSpec['tasks']): CampaignSpec['tasks'] {
  if (tasks.source !== 'artifact-set' || tasks.build === undefined) return tasks;
  return { ...tasks, build: { ...tasks.build, difficulty: { min: 0, max: 1 } } };
}

export const pilotWorkflowId = (spec: CampaignSpec, samples: number): string => `pilot/${pilotName(spec, samples)}`;

function named(name: CampaignName, failure: WorkflowFailedError): AnnealError {
  let cause: unknown = failure.cause;
  while ((cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) && cause.cause !== undefined)
    cause = cause.cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof ApplicationFailure ? errorCode.safeParse(cause.type) : undefined;
  return code?.success
    ? new AnnealError(code.data, message, { cause: failure })
    : new AnnealError('pilot.broken_off', `${name} was ended before it had a result: ${message}`, { cause: failure });
}
