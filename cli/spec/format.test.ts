import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { AnnealError } from '../../contracts/errors.ts';
import { formatProblems } from './format.ts';
import { readCampaign } from './read.ts';

const path = new URL('../../tests/fixtures/campaign-many-mistakes.yaml', import.meta.url).pathname;
const text = await readFile(path, 'utf8');
const failure = await readCampaign(path).catch((error: unknown) => error);
const problems = failure instanceof AnnealError ? failure.problems : [];

it('shows line, field, excerpt with carets, expected, got, hint and page', () => {
  const timeout = problems.filter((one) => one.path === 'rollouts.timeout' || one.path === 'rollouts.grupsPerRound');
  expect(formatProblems(timeout, 'campaign.yaml', text)).toMatchInlineSnapshot(`
    "campaign.yaml:24  rollouts.grupsPerRound
        24 │   grupsPerRound: 2
           │   ^^^^^^^^^^^^^
      expected  a field of rollouts
      got       grupsPerRound
      hint      Did you mean \`groupsPerRound\`?
      page      docs/errors/spec.unknown_field.md

    campaign.yaml:26  rollouts.timeout
        26 │   timeout: 30
           │            ^^
      expected  a duration with a unit, for example 90s, 15m or 2h
      got       30
      hint      30 of what? Write 30s for seconds or 30m for minutes.
      page      docs/errors/spec.wrong_unit.md

    2 problems in campaign.yaml"
  `);
});

it('keeps to the width', () => {
  for (const width of [50, 80])
    for (const line of formatProblems(problems, 'campaign.yaml', text, { width }).split('\n'))
      if (!line.includes('page')) expect(line.length, line).toBeLessThanOrEqual(width);
});

it('puts no escape sequence of the file on the terminal', () => {
  const evil = 'name: "\u001b[2J\u202eevil"\n';
  const shown = formatProblems(
    [{ code: 'spec.out_of_range', path: 'name', line: 1, expected: 'a name', got: '\u001b]0;x\u0007', hint: 'h' }],
    'a\u001b[31m.yaml',
    evil,
  );
  for (const bad of ['\u001b', '\u202e', '\u0007']) expect(shown).not.toContain(bad);
});

it('colours only when asked', () => {
  expect(formatProblems(problems, 'campaign.yaml', text)).not.toContain('\u001b');
  expect(formatProblems(problems, 'campaign.yaml', text, { colour: true })).toContain('\u001b[31m');
});
