import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { refusal } from './errors.ts';
import { shipped } from './shipped.fixture.ts';
import { loadProfile, profilePath, shippedProfiles } from './shipped.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-profiles-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('every shipped profile loads by its name', async () => {
  for (const name of shippedProfiles()) expect(await loadProfile(name)).toEqual(shipped(name));
});

test('a path is relative to where it was named', () => {
  expect(profilePath('own.yaml', '/team')).toBe('/team/own.yaml');
  expect(() => profilePath('own')).toThrow(/none of cpu, /);
});

test('what is wrong with a file is one error with every problem', async () => {
  writeFileSync(join(folder, 'own.yaml'), 'kind: Profile\n');
  await expect(loadProfile('own.yaml', folder)).rejects.toMatchObject({
    code: 'profile.invalid',
    problems: expect.arrayContaining([expect.objectContaining({ path: 'trainer' })]),
  });
  writeFileSync(join(folder, 'broken.yaml'), '{');
  await expect(loadProfile('broken.yaml', folder)).rejects.toMatchObject({ code: 'profile.invalid' });
  await expect(loadProfile('missing.yaml', folder)).rejects.toMatchObject({ code: 'profile.not_found' });
});

test('problems of one kind give their code, of several the general one', () => {
  const one = { code: 'profile.memory', rule: 'kv-budget', path: 'a', expected: 'b', got: 'c', hint: 'd' } as const;
  expect(refusal('own.yaml', [one, one])).toMatchObject({ code: 'profile.memory', message: 'own.yaml has 2 problems' });
  expect(refusal('own.yaml', [one, { ...one, code: 'profile.layout' }]).code).toBe('profile.invalid');
});
