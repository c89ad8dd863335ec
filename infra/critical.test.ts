import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { readCritical } from './critical.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anneal-critical-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('reads the committed list: every gate that a campaign can open today', async () => {
  expect((await readCritical(loadConfig().repo)).gates).toEqual([
    'open-sealed',
    'release',
    'integrity',
    'merge',
    'promotion',
    'monitor',
    'plan',
    'review',
    'job-failed',
  ]);
});

it('says what is wrong with a list that is missing, broken or shortened', async () => {
  const code = (wanted: string) => expect.objectContaining({ code: wanted });
  await expect(readCritical(folder)).rejects.toEqual(code('spec.missing_file'));
  const committed = await readFile(join(loadConfig().repo, 'critical.yaml'), 'utf8');
  const refused = async (text: string, wanted: string): Promise<void> => {
    await writeFile(join(folder, 'critical.yaml'), text);
    await expect(readCritical(folder), text).rejects.toEqual(code(wanted));
  };
  await refused(`${committed}\ngates: []\n`, 'spec.syntax');
  await refused('gates: [', 'spec.syntax');
  await refused('', 'spec.invalid');
  await refused(committed.replace('  - release\n', ''), 'spec.invalid');
  await refused(committed.replace('  - open-sealed\n', ''), 'spec.invalid');
});
