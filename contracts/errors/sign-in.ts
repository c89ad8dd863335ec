// Who is before the console: signing in, what a role allows, passkeys.
import { type ErrorEntry, entry } from './entry.ts';

export const SIGN_IN_ERRORS = {
  'sign_in.configuration': entry(
    'badInput',
    false,
    'The sign-in file has problems',
    'Fix every problem listed; docs/console.md describes the file.',
  ),
  'sign_in.refused': entry(
    'denied',
    false,
    'This sign-in was refused',
    'Sign in again from the start. Seen again, tell whoever runs this console.',
  ),
  'sign_in.link_spent': entry(
    'denied',
    false,
    'The link was used already, or is too old',
    'Start the console again: it prints a new link.',
  ),
  'sign_in.no_role': entry(
    'denied',
    false,
    'None of your groups has a role here',
    'Ask whoever runs the identity provider to put you into a group of this console, then sign in again.',
  ),
  'sign_in.not_allowed': entry(
    'denied',
    false,
    'Your role does not allow this',
    'Ask somebody whose role does; roles come from groups of the identity provider.',
  ),
  'sign_in.too_many': entry('unavailable', true, 'Too many tries to sign in', 'Wait a minute, then try again.'),
  'sign_in.unavailable': entry(
    'unavailable',
    true,
    'The identity provider does not answer',
    'Try again soon. Nothing is lost: open gates wait, and ./anneal gates lists them.',
  ),
  'sign_in.forged': entry(
    'denied',
    false,
    "The request did not come from the console's own page",
    'Go to the console yourself, load the page anew, and do it there. Nothing was changed.',
  ),
  'passkey.refused': entry(
    'denied',
    false,
    'The passkey cannot be taken',
    'Load the page anew and try again, on a device that asks for your finger, face or PIN.',
  ),
} as const satisfies Record<string, ErrorEntry>;
