// logs: as text for people, as one document for programs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { campaignName } from '../contracts/ids.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { followLogs } from './logs.ts';
import type { Session } from './session.ts';

let home: string;
let said: string;
const campaign = campaignName.parse('small');
const session = (json: boolean) =>
  ({
    json,
    store: createFolderStore(join(home, 'store')),
    config: { deployment: { compute: 'local' }, paths: { jobs: join(home, 'jobs'), logs: join(home, 'logs') } },
  }) as unknown as Session;
const put = (path: string, text: string): void => {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), text);
};

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'anneal-logs-'));
  said = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    said += String(text);
    return true;
  });
  await session(true).store.createNamed(`campaigns/${campaign}/spec`, '{}');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true, force: true });
});

test('with --json it is one document, the trainings in their order', async () => {
  put('jobs/small-r10-train/log', 'ten\n');
  put('jobs/small-r2-train/log', 'step 1\n\nstep "2"');
  put('jobs/small-r3-train/log', '');
  put('jobs/smaller-r1-train/log', 'of another campaign\n');
  await followLogs(session(true), campaign, {});
  expect(JSON.parse(said)).toEqual({
    campaign,
    source: 'training',
    logs: [
      { name: 'small-r2-train', lines: ['step 1', '', 'step "2"'] },
      { name: 'small-r10-train', lines: ['ten'] },
    ],
  });
});

test('with --json and --part it is one document of the part', async () => {
  put('logs/worker.log', 'up\nready\n');
  await followLogs(session(true), campaign, { part: 'worker' });
  expect(JSON.parse(said)).toEqual({
    ...{ campaign, source: 'worker' },
    logs: [{ name: 'worker', lines: ['up', 'ready'] }],
  });
});

test('what has no end is not one document; what is not there says so alike in both forms', async () => {
  const follow = followLogs(session(true), campaign, { follow: true });
  await expect(follow).rejects.toMatchObject({ code: 'cli.usage', exitCode: 2 });
  for (const json of [true, false]) {
    const none = followLogs(session(json), campaign, {});
    await expect(none).rejects.toMatchObject({ code: 'campaign.no_log', message: 'small has trained nothing yet' });
    const part = followLogs(session(json), campaign, { part: 'worker' });
    await expect(part).rejects.toMatchObject({ code: 'campaign.no_log', message: 'worker has not run yet' });
  }
  expect(said).toBe('');
});
