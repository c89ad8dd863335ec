// Policy versions, and the gateway through which they are asked.
import { type ErrorEntry, entry } from './entry.ts';

export const POLICY_ERRORS = {
  'policy.model_corrupt': entry(
    'failed',
    false,
    'The model file is corrupt',
    'Run ./anneal down --purge and start again to fetch it anew.',
  ),
  'policy.adapter_corrupt': entry(
    'failed',
    false,
    'An adapter is corrupt or does not fit the model',
    'Resume from the previous policy version.',
  ),
  'policy.version_mismatch': entry(
    'failed',
    true,
    'Another policy version answered',
    'Nothing to do: the request is sent again after the version is loaded.',
  ),
  'policy.unauthorised': entry(
    'unavailable',
    false,
    'The policy server asks for another token',
    "Make ANNEAL_POLICY_TOKEN_FILE and the cluster's secret hold the same token.",
  ),
  'gateway.unauthorised': entry(
    'denied',
    false,
    'The rollout credential is missing, forged or expired',
    'Ask the worker for a new credential.',
  ),
  'gateway.budget_exhausted': entry(
    'denied',
    false,
    'The rollout has used up what its credential allows',
    'Raise the budget in the campaign if that is intended.',
  ),
  'gateway.loop': entry(
    'denied',
    false,
    'The rollout goes round in circles',
    'Look at its last requests; let its credential only tell of loops if this is none.',
  ),
  'gateway.bad_request': entry(
    'badInput',
    false,
    'The request is not valid',
    'Correct the fields that the message names.',
  ),
  'gateway.upstream_failed': entry(
    'unavailable',
    true,
    'The policy server failed to answer',
    'Look at policy.log; the request is retried.',
  ),
  'gateway.overloaded': entry('unavailable', true, 'Too many requests are waiting', 'Lower rollouts.concurrency.'),
  'gateway.segment_corrupt': entry(
    'failed',
    false,
    'A capture segment is damaged before its tail',
    'Keep the file; restore it from a backup.',
  ),
  'gateway.conflict': entry(
    'failed',
    false,
    'A different record exists under the same id',
    'Report it: an id must never name two records.',
  ),
} as const satisfies Record<string, ErrorEntry>;
