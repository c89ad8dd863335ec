// Fleets of rollout servers, and the weights that they are moved to.
import { type ErrorEntry, entry } from './entry.ts';

export const ROLLOUT_ERRORS = {
  'rollout.update_failed': entry(
    'unavailable',
    true,
    'Too few rollout servers came to the new weights',
    'Look at the logs of the servers that the message names; the update is repeated.',
  ),
  'rollout.superseded': entry(
    'failed',
    false,
    'A newer weight update has begun on these servers',
    'Nothing to do if that was intended; else stop the campaign that shares the servers.',
  ),
  'rollout.unfit': entry(
    'badInput',
    false,
    'A rollout server cannot take part in weight updates',
    'Start it from the rollout-vllm image, with the options that the message names.',
  ),
  'rollout.none': entry(
    'notFound',
    false,
    'No rollout is stored that could be judged',
    'Wait until the campaign has rolled out, or name another round.',
  ),
  'weights.not_published': entry(
    'badInput',
    false,
    "The base model's weights are not in the artifact store",
    'Publish them once: docs/gpu.md says how.',
  ),
  'weights.incomplete': entry(
    'failed',
    false,
    'The weights of a policy version cannot be put together',
    'Restore the full checkpoint that the deltas begin with, or train the version again.',
  ),
  'weights.corrupt': entry(
    'failed',
    false,
    'Weights or a weight delta are damaged',
    'Restore the object that the message names from a backup, or train the version again.',
  ),
} as const satisfies Record<string, ErrorEntry>;
