// The store's file system is full in the middle of a campaign: it stops, says why, and goes on once there is space.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { campaignName } from '../../contracts/ids.ts';
import { type CommandOutput, type Journey, openJourney, until } from '../support/journey.ts';
import { openFiles } from '../support/refusals.ts';

// The whole stack lives in a mount namespace of its own, in which the store is a file system of 2 MiB.
const namespaces = spawnSync('unshare', ['-rm', 'true']).status === 0;
const NAME = campaignName.parse('full');

let journey: Journey;
const files = openFiles();
beforeAll(async () => {
  journey = await openJourney();
}, 60_000);
afterAll(async () => {
  await journey.end();
  files.remove();
}, 60_000);

function command(argv: readonly [string, ...string[]], timeout = 60_000): Promise<CommandOutput> {
  const env = { ...process.env, ANNEAL_HOME: journey.home, NO_COLOR: '1' };
  const child = spawn(argv[0], argv.slice(1), { env, timeout, killSignal: 'SIGKILL' });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (said.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()));
  return new Promise((done) => child.once('close', (code) => done({ ...said, code })));
}

describe.skipIf(!namespaces)('a store without space', () => {
  test('breaks the campaign off by name; with space it goes on', async () => {
    const anneal = join(journey.config.repo, 'anneal');
    const { store } = journey.config.paths;
    mkdirSync(store, { recursive: true });
    const mounted = 'mount -t tmpfs -o size=2m none "$1" && exec "$2" up --json';
    const up = await command(['unshare', '-rm', 'sh', '-c', mounted, 'full', store, anneal], 240_000);
    expect(up.code, up.stderr).toBe(0);
    const { supervisor } = JSON.parse(up.stdout) as { supervisor: { pid: number } };
    const inside = (...argv: string[]) =>
      command(['nsenter', '-U', '-m', '--preserve-credentials', '-t', `${supervisor.pid}`, ...argv]);

    expect((await inside(anneal, 'submit', files.write(NAME, {}))).code).toBe(0);
    // As much as fits: `head` fails for want of space, which is the point.
    await inside('sh', '-c', 'head -c 10000000 /dev/zero >"$1/fill"', 'fill', store);

    const watched = await inside(anneal, 'watch', NAME, '--json');
    expect(watched.code, watched.stderr).toBe(1);
    expect(JSON.parse(watched.stdout)).toMatchObject({ error: { code: 'campaign.broken_off' } });
    expect(watched.stderr).toMatch(/full failed: store\.no_space: .*no space left.*\.\/anneal resume full/);

    expect((await inside('rm', join(store, 'fill'))).code).toBe(0);
    expect((await inside(anneal, 'resume', NAME)).code).toBe(0);
    await until(
      'it has come to the next stage',
      async () => {
        const stage = (await journey.status(NAME))?.stage;
        return stage === 'baseline' || stage === 'rollout' ? stage : undefined;
      },
      60_000,
      200,
    );
    expect((await inside(anneal, 'cancel', NAME)).code).toBe(0);
    expect((await inside(anneal, 'down')).code).toBe(0);
  }, 360_000);
});
