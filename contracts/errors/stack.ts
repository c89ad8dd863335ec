// The local stack: the processes and programs that a campaign needs.
import { type ErrorEntry, entry } from './entry.ts';

export const STACK_ERRORS = {
  'stack.port_in_use': entry(
    'unavailable',
    false,
    'A port is taken by another process',
    'Stop that process or choose another port.',
  ),
  'stack.no_space': entry(
    'unavailable',
    false,
    'The disk is full',
    'Free the space that the message names, then resume.',
  ),
  'stack.temporal_unavailable': entry(
    'unavailable',
    true,
    'Temporal does not answer',
    'Start it with ./anneal up, or correct --temporal.',
  ),
  'stack.search_attributes': entry(
    'unavailable',
    false,
    'Temporal lacks search attributes that Anneal needs',
    'Let an administrator of the namespace create them; the message says how.',
  ),
  'stack.gateway_unavailable': entry(
    'unavailable',
    true,
    'The gateway does not answer',
    'Start it with ./anneal up; its log is gateway.log.',
  ),
  'stack.policy_unavailable': entry(
    'unavailable',
    true,
    'The policy server does not answer',
    'Start it with ./anneal up; its log is policy.log.',
  ),
  'stack.python_missing': entry(
    'unavailable',
    false,
    'No suitable Python was found',
    'Install Python 3.11 or newer with venv and pip.',
  ),
  'stack.node_too_old': entry(
    'unavailable',
    false,
    'Node 24 was not found',
    'Run npm ci in the repository; it brings Node 24.',
  ),
  'stack.download_failed': entry(
    'unavailable',
    true,
    'A download failed or its hash is wrong',
    'Check the network and the package index settings, then run again.',
  ),
  'stack.not_running': entry('unavailable', false, 'The local stack is not running', 'Start it with ./anneal up.'),
  'stack.start_failed': entry(
    'unavailable',
    false,
    'A part of the local stack did not start',
    'Read the log that the message names.',
  ),
} as const satisfies Record<string, ErrorEntry>;
