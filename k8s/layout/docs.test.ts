import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROFILE_ERRORS } from '../../contracts/errors/profile.ts';
import { profileSpec } from '../../contracts/profile.ts';
import { planOf } from './plan.ts';
import { SHIPPED } from './shipped.fixture.ts';
import { RULES } from './validate.ts';

const page = readFileSync(new URL('../../docs/profiles.md', import.meta.url), 'utf8');

test('the page names every rule, every part of a profile and every error', () => {
  for (const { name } of RULES) expect(page).toContain(`\`${name}\``);
  for (const part of Object.keys(profileSpec.shape).filter(
    (key) => !['apiVersion', 'kind', 'name', 'description'].includes(key),
  ))
    expect(page).toContain(`| \`${part}\` |`);
  for (const code of Object.keys(PROFILE_ERRORS).filter((key) => !/not_found|invalid/.test(key)))
    expect(page).toContain(`(errors/${code}.md)`);
});

test.each([...SHIPPED])("the page's row of %s is what is computed", (name, profile) => {
  const plan = planOf(profile);
  const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
  const { used, capacity } = plan.trainer.memory;
  const shown = name === 'cpu' ? (used / 1e9).toFixed(1) : String(Math.round(used / 1e9));
  expect(row).toContain(`${shown} of ${capacity / 1e9} GB`);
  expect(row).toContain(`${(plan.server.kvTokensPerEngine / 1e6).toFixed(2)}M tokens`);
});
