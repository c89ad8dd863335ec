import { expect, it } from 'vitest';
import { campaignName } from '../contracts/ids.ts';
import { endedLine } from './endings.ts';

const name = campaignName.parse('quickstart');

it('says how a campaign ended, and which command goes on with it', () => {
  for (const ending of ['aborted', 'cancelled'] as const) {
    expect(endedLine(name, ending)).toContain(`was ${ending} before its end`);
    expect(endedLine(name, ending)).toContain('./anneal resume quickstart');
  }
  expect(endedLine(name, 'refused')).toContain('./anneal resume quickstart asks again');
  expect(endedLine(name, 'not-opened')).toContain('./anneal resume quickstart asks again');
  // A released campaign cannot be resumed.
  expect(endedLine(name, 'released')).not.toContain('resume');
});

it('asks for another name and another seed: either alone leads nowhere', () => {
  for (const ending of ['released', 'refused', 'not-opened', 'aborted', 'cancelled'] as const)
    expect(endedLine(name, ending)).toContain('change both its name and its seed');
});
