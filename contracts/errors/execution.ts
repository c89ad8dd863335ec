// What runs for a rollout or a round: sandbox, verifier, training job.
import { type ErrorEntry, entry } from './entry.ts';

export const EXECUTION_ERRORS = {
  'sandbox.unavailable': entry(
    'unavailable',
    false,
    'No sandbox can be made on this machine',
    'Install bubblewrap and allow user namespaces, or correct ANNEAL_SANDBOX; Anneal never runs candidates unsandboxed.',
  ),
  'sandbox.failed': entry(
    'failed',
    true,
    'The sandbox itself failed',
    'Nothing to do at first: it is retried and masks the sample.',
  ),
  'environment.unusable': entry(
    'failed',
    false,
    "A task's root file system cannot be used",
    'Make its tar anew by what the message says, or correct ANNEAL_ENVIRONMENTS, then retry at the gate.',
  ),
  'verifier.failed': entry(
    'failed',
    true,
    'The verifier could not give a verdict',
    'Look at the evidence; the sample is masked, never scored 0.',
  ),
  'harness.failed': entry(
    'failed',
    true,
    'An agent ended without having asked its model',
    'Run its command by hand with the words that the message repeats; the sample is masked, never scored 0.',
  ),
  'harness.missing': entry(
    'failed',
    false,
    'The agent that the campaign names is not on this machine',
    'Install it into the folder that the message names, readable by anybody, then retry at the gate.',
  ),
  'judge.unavailable': entry(
    'unavailable',
    true,
    "The campaign's judge gave no answer",
    'Look at its server and its key; what it could not judge is masked, never scored 0.',
  ),
  'judge.refused': entry(
    'failed',
    false,
    'The judge that is named may not judge',
    'Read what it said of the calibration set; serve a better model under the same name, then retry at the gate.',
  ),
  'task.invalid': entry(
    'badInput',
    false,
    'A task cannot be used as it stands',
    'Correct what the message names in the task, certify it again, and lock a new set.',
  ),
  'job.configuration': entry(
    'failed',
    false,
    'The job refused its configuration (exit 42)',
    'Correct what its error names, then retry at the gate.',
  ),
  'job.accelerator': entry(
    'failed',
    false,
    'The accelerator or the network failed (exit 43)',
    'Check the node; retry at the gate.',
  ),
  'job.no_space': entry(
    'failed',
    false,
    'The job ran out of disk space (exit 44)',
    'Free space, then retry at the gate.',
  ),
  'job.failed': entry('failed', false, 'The job failed', 'Read its last log lines at the gate; retry or abort.'),
  'job.unsound': entry(
    'failed',
    false,
    'The job was stopped while it ran, for what its logs showed',
    'Read what was seen at the gate; retry goes on from the last checkpoint, which may hold the same fault.',
  ),
  'job.interrupted': entry(
    'failed',
    true,
    'The job was stopped from outside',
    'Nothing to do at first: it is started again and goes on from its last checkpoint.',
  ),
  'job.out_of_memory': entry(
    'failed',
    false,
    'The job was killed for lack of memory',
    'Free memory and retry; else a new campaign with a smaller batch, shorter sequences or more memory in its profile.',
  ),
  'job.image': entry(
    'failed',
    false,
    "The job's image cannot be started",
    'Push it under that name or correct the pull secret, and retry; another name takes a new campaign.',
  ),
  'job.unschedulable': entry(
    'failed',
    false,
    'No node, or no quota, was found for the job',
    'Free the nodes or the quota that the message names, and retry; a smaller profile takes a new campaign.',
  ),
  'job.conflict': entry(
    'failed',
    false,
    'A job of that name exists with another specification',
    'Report it: job names must be unique.',
  ),
} as const satisfies Record<string, ErrorEntry>;
