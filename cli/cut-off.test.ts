// The command line over a real server whose campaigns are cut off: what would otherwise be watched for ever.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '../contracts/canonical.ts';
import { type CampaignName, sha256 } from '../contracts/ids.ts';
import { campaignWorkflowId } from '../contracts/names.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { type Campaigns, createCampaigns } from '../infra/temporal/campaigns.ts';
import { firstState, scriptedSpec } from '../tests/support/scripted-activities.ts';
import { startTemporal, type TestServer } from '../tests/support/temporal-server.ts';

let server: TestServer;
let home: string;
let campaigns: Campaigns;

beforeAll(async () => {
  server = await startTemporal();
  home = mkdtempSync(join(tmpdir(), 'anneal-watch-'));
  campaigns = createCampaigns(server.client, createFolderStore(join(home, 'store')));
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true, force: true });
});

async function submitted(name: string): Promise<CampaignName> {
  const spec = scriptedSpec(name);
  const specJson = canonicalJson(spec);
  const hash = sha256.parse(createHash('sha256').update(specJson).digest('hex'));
  await campaigns.submit({ spec, specJson, hash }, undefined);
  return spec.name;
}
const terminate = (name: CampaignName) =>
  server.client.workflow.getHandle(campaignWorkflowId(name)).terminate('by hand');

const anneal = (...argv: string[]) => annealText(...argv, '--json');
function annealText(...argv: string[]) {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, [main, ...argv, '--temporal', server.address], {
    env: { ...process.env, ANNEAL_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => (said.stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (said.stderr += data.toString()));
  const tooLong = setTimeout(() => child.kill('SIGKILL'), 40_000);
  const finished = new Promise<typeof said>((done) =>
    child.once('close', (code) => {
      clearTimeout(tooLong);
      done({ ...said, code });
    }),
  );
  return { child, said, finished };
}

test('a watch ends when its campaign is terminated, and names the way on', async () => {
  const name = await submitted('cut-off');
  const watch = anneal('watch', name);
  // It is watching: without a worker nobody answers, which by itself is no reason to stop.
  await sleep(3_000);
  expect(watch.child.exitCode, watch.said.stderr).toBeNull();
  await terminate(name);
  const { code, stdout, stderr } = await watch.finished;
  expect(code, stderr).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'campaign.broken_off' } });
  expect(stderr).toContain('was terminated: by hand. Go on with ./anneal resume cut-off');
}, 60_000);

/** Whether the process has an open connection to the server: its watch has begun, however slow the machine is. */
function isConnected(pid: number): boolean {
  const port = Number(server.address.split(':')[1]).toString(16).toUpperCase().padStart(4, '0');
  const tcp = readFileSync(`/proc/${pid}/net/tcp`, 'utf8').matchAll(/: \S+ \w+:(\w+) 01 (?:\S+ +){5}(\d+)/g);
  const sockets = new Set([...tcp].filter((line) => line[1] === port).map((line) => `socket:[${line[2]}]`));
  return readdirSync(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)));
}
function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

test('Ctrl-C leaves a watched campaign running, and says how to come back', async () => {
  const name = await submitted('left');
  const watch = anneal('watch', name);
  await expect.poll(() => isConnected(watch.child.pid!), { timeout: 30_000 }).toBe(true);
  await sleep(1_000);
  const asked = performance.now();
  watch.child.kill('SIGINT');
  const { code, stderr } = await watch.finished;
  // At once, also while an answer is waited for.
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(code, stderr).toBe(130);
  expect(stderr).toContain('./anneal watch left');
  expect(await campaigns.phase(name)).toBe('running');
}, 60_000);

test('down --purge does not claim to have removed what was not there', async () => {
  const main = join(import.meta.dirname, 'main.ts');
  const env = { ...process.env, ANNEAL_HOME: join(home, 'never') };
  const { stdout } = await promisify(execFile)(process.execPath, [main, 'down', '--purge'], { env });
  expect(stdout).toBe(`The stack was not running. There was no ${join(home, 'never')} to remove.\n`);
}, 60_000);

test('status prints to the standard output, and counts no time after the end', async () => {
  const spec = scriptedSpec('forgotten');
  const store = createFolderStore(join(home, 'store'));
  await store.createNamed(`campaigns/${spec.name}/spec`, JSON.stringify(await store.put(canonicalJson(spec))));
  const stages = [{ stage: 'construct', seconds: 270 }];
  const state = { ...firstState(spec), startedAt: '2026-01-05T09:30:00.000Z', stages, ending: 'refused' };
  await store.createNamed(`campaigns/${spec.name}/state`, JSON.stringify(state));
  const { code, stdout, stderr } = await annealText('status', spec.name).finished;
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/^forgotten +refused\n/);
  expect(stdout).toContain('· 4m 30s of ');
}, 60_000);

test('what is not there yet has codes of its own', async () => {
  const name = await submitted('young');
  const [report, log, stranger, part] = await Promise.all(
    [
      ['report', name],
      ['logs', name],
      ['logs', 'nobody'],
      ['logs', name, '--part', 'worker'],
    ].map((argv) => anneal(...argv).finished),
  );
  const codeOf = (one: typeof report): unknown => JSON.parse(one?.stdout ?? '').error.code;
  expect(codeOf(report)).toBe('campaign.no_report');
  expect([codeOf(log), codeOf(part)]).toEqual(['campaign.no_log', 'campaign.no_log']);
  expect(codeOf(stranger)).toBe('campaign.not_found');
  expect([report, log, stranger, part].map((one) => one?.code)).toEqual([4, 4, 4, 4]);
  const release = await anneal('release').finished;
  expect([release.code, codeOf(release)]).toEqual([4, 'release.none']);
}, 60_000);
