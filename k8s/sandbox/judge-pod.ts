// What a sandbox's pod has come to, read from its status and from its collector's account. Pure.
import { z } from 'zod';
import { AnnealError } from '../../contracts/errors.ts';
import type { SandboxResult } from '../../contracts/ports.ts';
import type { Pod } from '../cluster/objects.ts';
import { CONTAINERS } from './manifest.ts';

const account = z.strictObject({
  account: z.string(),
  how: z.enum(['closed', 'timeout', 'output-limit']),
  milliseconds: z.number().nonnegative(),
  stdout: z.base64(),
  stderr: z.base64(),
});
export type Account = z.infer<typeof account>;

/** @throws AnnealError `sandbox.failed` for anything but one line of the run's own */
export function readAccount(log: string, nonce: string): Account {
  const [line = '', ...rest] = log.split('\n');
  let read: Account | undefined;
  try {
    read = account.parse(JSON.parse(line));
  } catch {
    // Told below.
  }
  if (read === undefined || read.account !== nonce || rest.some((more) => more !== ''))
    throw new AnnealError('sandbox.failed', `the collector gave no account: ${line.slice(0, 200) || 'nothing'}`);
  return read;
}

export type Stage =
  | { readonly stage: 'waiting'; readonly why: string }
  | { readonly stage: 'running' }
  /** The collector has told all; the program may go on. */
  | { readonly stage: 'told' }
  | { readonly stage: 'ended'; readonly exitCode: number }
  /** By the cluster, not by the program. */
  | { readonly stage: 'lost'; readonly why: string };

export function stageOf(pod: Pod | undefined): Stage {
  if (pod === undefined) return { stage: 'waiting', why: 'no pod was made' };
  const { phase, reason, message, containerStatuses, initContainerStatuses, conditions } = pod.status;
  const find = (name: string) => containerStatuses.find((one) => one.name === name)?.state;
  const [program, collector] = [find(CONTAINERS.program), find(CONTAINERS.collector)];
  // An eviction, a lost node, the pod's own deadline: whatever its containers say then was not their doing.
  if (reason !== '') return { stage: 'lost', why: `${reason}: ${message}` };
  if (pod.metadata.deletionTimestamp !== undefined) return { stage: 'lost', why: 'the pod was deleted' };
  if (collector?.terminated !== undefined && collector.terminated.exitCode !== 0)
    return { stage: 'lost', why: `the collector ended with ${collector.terminated.exitCode}` };
  if (collector?.terminated !== undefined && program?.terminated !== undefined)
    return { stage: 'ended', exitCode: program.terminated.exitCode };
  if (collector?.terminated !== undefined) return { stage: 'told' };
  const prepared = initContainerStatuses[0]?.state.terminated;
  if (prepared !== undefined && prepared.exitCode !== 0)
    return { stage: 'lost', why: `its files could not be laid out (${prepared.exitCode} ${prepared.reason})` };
  if (phase === 'Failed') return { stage: 'lost', why: 'the pod failed' };
  if (program?.running !== undefined || program?.terminated !== undefined) return { stage: 'running' };
  const states = [...initContainerStatuses, ...containerStatuses].map(({ state }) => state.waiting);
  const told = states.find((state) => state !== undefined && !['', 'PodInitializing'].includes(state.reason));
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  const why = unscheduled?.message ?? (told === undefined ? '' : `${told.reason} ${told.message}`.trim());
  return { stage: 'waiting', why: why || phase };
}

/** Reasons that no patience mends. */
export const HOPELESS = /RuntimeClass|ErrImageNeverPull|InvalidImageName|CreateContainerConfigError/;

/** Death by signal n is reported as 128 + n, as bubblewrap does. */
export function resultOf(told: Account, exitCode: number | undefined): SandboxResult {
  const decoded = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
  const output = { stdout: decoded(told.stdout), stderr: decoded(told.stderr), milliseconds: told.milliseconds };
  if (told.how !== 'closed') return { how: told.how, exitCode: null, ...output };
  if (exitCode === undefined) return { how: 'timeout', exitCode: null, ...output };
  if (exitCode > 128 && exitCode <= 192) return { how: 'signalled', exitCode: null, ...output };
  return { how: 'exited', exitCode, ...output };
}
