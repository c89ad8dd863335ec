// Trackers (MLflow, W&B): mirrors of a campaign's curves. No campaign fails with one of these.
import { type ErrorEntry, entry } from './entry.ts';

export const TRACKER_ERRORS = {
  'tracker.unavailable': entry(
    'unavailable',
    true,
    'The tracker does not answer',
    'Check its address and that it runs; what is missing is told after the next round.',
  ),
  'tracker.refused': entry(
    'failed',
    false,
    'The tracker refuses what it is told',
    'Change what its answer names: the key, the experiment, its settings.',
  ),
} as const satisfies Record<string, ErrorEntry>;
