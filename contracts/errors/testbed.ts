// The testbed: a real Kubernetes on the developer's machine, for tests.
import { type ErrorEntry, entry } from './entry.ts';

export const TESTBED_ERRORS = {
  'testbed.no_go': entry(
    'unavailable',
    false,
    'No Go toolchain can be had',
    'Install Go 1.26 or newer, or Python 3 with pip.',
  ),
  'testbed.build_failed': entry(
    'unavailable',
    true,
    'A program of the testbed was not built',
    'Read the message; check the network, the Go module proxy and the free disk space, then run again.',
  ),
  'testbed.no_kubelet': entry(
    'unavailable',
    false,
    'This machine cannot run a kubelet',
    'Run as root on Linux, or start the testbed without the kubelet.',
  ),
  'testbed.no_containerd': entry(
    'unavailable',
    false,
    'containerd, runc or the CNI plugins are missing',
    'Install them by the command that the message names.',
  ),
  'testbed.start_failed': entry(
    'unavailable',
    true,
    'A component of the testbed did not start',
    'Read the log that the message names.',
  ),
  'testbed.not_running': entry(
    'unavailable',
    false,
    'The testbed is not running',
    'Start it with npm run testbed -- up.',
  ),
  'testbed.request_failed': entry(
    'unavailable',
    true,
    'The testbed’s API server refused a request',
    'Read the message; npm run testbed -- status shows whether the server runs.',
  ),
  'testbed.image_failed': entry(
    'badInput',
    false,
    'An image was not built or not loaded',
    'Correct what the message names.',
  ),
} as const satisfies Record<string, ErrorEntry>;
