// A Temporal that is not ours: the way to it, what it lets us do, and payloads that it cannot read.
import { type ErrorEntry, entry } from './entry.ts';

export const TEMPORAL_ERRORS = {
  'temporal.credentials': entry(
    'badInput',
    false,
    'A file with credentials for Temporal cannot be used',
    'Correct every file that the message names.',
  ),
  'temporal.certificate_expired': entry(
    'unavailable',
    false,
    'A certificate on the way to Temporal is not valid today',
    'Renew the certificate that the message names, or correct the clock.',
  ),
  'temporal.untrusted_server': entry(
    'unavailable',
    false,
    "Temporal's certificate is not trusted",
    'Name the authority that issued it, and the name that it was issued for.',
  ),
  'temporal.certificate_refused': entry(
    'unavailable',
    false,
    'Temporal refuses the client certificate',
    'Use one that an authority of the server issued.',
  ),
  'temporal.tls_mismatch': entry(
    'unavailable',
    false,
    'Only one side of the connection to Temporal speaks TLS',
    'Set or unset the TLS settings; the message says which.',
  ),
  'temporal.key_refused': entry('denied', false, 'Temporal refuses the API key', 'Put a valid key into its file.'),
  'temporal.no_namespace': entry(
    'notFound',
    false,
    'Temporal has no such namespace',
    'Correct ANNEAL_NAMESPACE, or let an administrator create it.',
  ),
  'temporal.denied': entry(
    'denied',
    false,
    'A permission is missing in the Temporal namespace',
    'Let an administrator of the namespace grant it.',
  ),
  'temporal.versioning': entry(
    'unavailable',
    false,
    "This release could not be made Temporal's current one",
    'Read the message; running campaigns go on with the release that they are on.',
  ),
  'payload.keys': entry(
    'badInput',
    false,
    'The file with the payload keys cannot be used',
    'Correct it as the message says.',
  ),
  'payload.unknown_key': entry(
    'unavailable',
    false,
    'A payload is encrypted with a key that is not here',
    'Add the key that the message names to the file with the payload keys.',
  ),
  'payload.unreadable': entry(
    'failed',
    false,
    'An encrypted payload cannot be opened',
    'Compare the keys of both sides; if they are the same, the payload was altered or comes from another namespace.',
  ),
  'codec.unprotected': entry(
    'badInput',
    false,
    'The codec server would decrypt for everybody',
    'Give it a file with a token, or a Temporal that checks who asks.',
  ),
} as const satisfies Record<string, ErrorEntry>;
