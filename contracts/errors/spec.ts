// Campaign files: what `validate` and every command that reads one can find.
import { type ErrorEntry, entry } from './entry.ts';

export const SPEC_ERRORS = {
  'spec.syntax': entry('badInput', false, 'The file is not valid YAML', 'Fix the line that the message names.'),
  'spec.unknown_field': entry('badInput', false, 'A field is not known', 'Remove it or use the suggested name.'),
  'spec.missing_field': entry('badInput', false, 'A required field is missing', 'Add the field.'),
  'spec.wrong_type': entry('badInput', false, 'A value has the wrong type', 'Give the type that the message expects.'),
  'spec.wrong_unit': entry(
    'badInput',
    false,
    'A quantity has no unit or a wrong one',
    'Write durations like 90s, 15m or 2h.',
  ),
  'spec.out_of_range': entry('badInput', false, 'A value lies outside its range', 'Choose a value inside the range.'),
  'spec.duplicate_key': entry('badInput', false, 'A key or an entry stands twice', 'Keep one of them.'),
  'spec.missing_file': entry(
    'badInput',
    false,
    'A file that is named does not exist',
    'Create it or correct the path.',
  ),
  'spec.impossible_split': entry(
    'badInput',
    false,
    'The splits cannot be satisfied',
    'Make the fractions sum to 1 and leave each split enough functions.',
  ),
  'spec.invalid': entry(
    'badInput',
    false,
    'The file has problems',
    'Fix every problem listed; each has a field path and a hint.',
  ),
  'simulation.invalid': entry(
    'badInput',
    false,
    'The simulation file has problems',
    'Fix every problem listed; each has a field path and a hint.',
  ),
} as const satisfies Record<string, ErrorEntry>;
