// Children that hang: a real SIGSTOP, with a shortened limit. They hold their ports, so only an answer tells.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stackTroubles } from '../../cli/view/stack.ts';
import { type Config, loadConfig } from '../config.ts';
import { doctor } from './doctor.ts';
import type { ChildContext, ChildPlan, Health } from './plan.ts';
import { stackStatus, startStack, stopStack } from './stack.ts';
import type { ChildState } from './state.ts';

const SERVER = `
import { createServer } from 'node:http';
createServer((_, response) => response.end('well')).listen(Number(process.argv[2]), '127.0.0.1');
`;
const TOUCHER = `
import { utimesSync, writeFileSync } from 'node:fs';
writeFileSync(process.argv[2], '');
setInterval(() => utimesSync(process.argv[2], new Date(), new Date()), 50);
`;
const SHORT = { everyMs: 100, timeoutMs: 300, limitMs: 1_500 } as const;

let folder: string;
let config: Config;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-hung-'));
  writeFileSync(join(folder, 'server.mjs'), SERVER);
  writeFileSync(join(folder, 'toucher.mjs'), TOUCHER);
  config = loadConfig({ environment: { ANNEAL_HOME: join(folder, 'home') } });
});
afterEach(async () => {
  await stopStack(config);
  rmSync(folder, { recursive: true, force: true });
});

function children({ ports }: ChildContext): ChildPlan[] {
  const touched = join(folder, 'touched');
  const child = (name: string, program: string, argument: string) => ({
    name,
    argv: [process.execPath, join(folder, program), argument] as [string, ...string[]],
    env: {},
    deathSignal: 'TERM' as const,
    after: [],
  });
  const touches: Health = { ...SHORT, look: { kind: 'touched', path: touched, maxAgeMs: 400 } };
  return [
    ...(['policy', 'gateway'] as const).map((name) => ({
      ...child(name, 'server.mjs', `${ports[name]}`),
      ready: { kind: 'tcp' as const, port: ports[name] ?? 0 },
      health: { ...SHORT, look: { kind: 'http' as const, url: `http://127.0.0.1:${ports[name]}/health` } },
    })),
    { ...child('worker', 'toucher.mjs', touched), ready: { kind: 'file', path: touched }, health: touches },
  ];
}
const stateOf = async (name: string): Promise<ChildState> =>
  (await stackStatus(config)).children.find((child) => child.name === name) as ChildState;
const pidOf = async (name: string): Promise<number> => (await stateOf(name)).process?.pid as number;
const log = (): string => readFileSync(join(config.paths.logs, 'supervisor.log'), 'utf8');

test.each(['policy', 'gateway', 'worker'])('%s is told to hang, and is started again after the limit', async (name) => {
  await startStack({ config, children });
  const before = await pidOf(name);
  process.kill(before, 'SIGSTOP');
  // At once, by what the process is.
  await expect
    .poll(async () => stackTroubles(await stackStatus(config)), { timeout: 1_000, interval: 20 })
    .toEqual([`! ${name} stopped by a signal; it does not answer. See ./anneal doctor`]);
  await expect.poll(async () => (await stateOf(name)).state, { timeout: 1_500, interval: 20 }).toBe('silent');
  expect((await stackStatus(config)).state).toBe('degraded');
  await expect
    .poll(() => stateOf(name), { timeout: 6_000 })
    .toMatchObject({ state: 'ready', restarts: 1, lastExit: 'no answer for 1.5 s', silentSince: null });
  expect(await pidOf(name)).not.toBe(before);
  expect(log()).toMatch(new RegExp(`${name}: does not answer\n.*${name}: ended \\(no answer for 1.5 s\\); again in`));
  // The others were left alone.
  const { state, children: all } = await stackStatus(config);
  expect([state, all.map((child) => child.restarts).sort()]).toEqual(['running', [0, 0, 1]]);
});

test('one that hangs while it is started again is killed and started once more', async () => {
  // Serves the first time, and from the third on.
  const hangsOnce = `
import { appendFileSync, readFileSync } from 'node:fs';
appendFileSync(process.argv[3], '.');
if (readFileSync(process.argv[3], 'utf8') === '..') await new Promise((done) => setTimeout(done, 60_000));
process.argv.splice(3);
await import(process.argv[1].replace('hangs-once', 'server'));
`;
  writeFileSync(join(folder, 'hangs-once.mjs'), hangsOnce);
  const starts = join(folder, 'starts');
  await startStack({
    config,
    children: (context) =>
      children(context).map((child) =>
        child.name === 'gateway'
          ? {
              ...child,
              argv: [process.execPath, join(folder, 'hangs-once.mjs'), `${context.ports.gateway}`, starts],
              restartLimitMs: 1_000,
            }
          : child,
      ),
  });
  process.kill(await pidOf('gateway'), 'SIGKILL');
  await expect
    .poll(() => stateOf('gateway'), { timeout: 8_000 })
    .toMatchObject({ state: 'ready', restarts: 2, lastExit: 'not ready within 1 s' });
});

test('one that answers again before the limit is left alone', async () => {
  await startStack({ config, children });
  const before = await pidOf('gateway');
  // Twice, since the second silence must not be counted from the first one.
  for (const _ of [1, 2]) {
    process.kill(before, 'SIGSTOP');
    await expect.poll(async () => (await stateOf('gateway')).state, { timeout: 2_000, interval: 20 }).toBe('silent');
    process.kill(before, 'SIGCONT');
    await expect.poll(async () => (await stateOf('gateway')).state, { timeout: 2_000 }).toBe('ready');
    await sleep(2_000);
  }
  expect(await stateOf('gateway')).toMatchObject({ state: 'ready', restarts: 0, process: { pid: before } });
  expect(log()).toContain('gateway: answers again');
});

test('doctor names what hangs, a stopped supervisor too', async () => {
  const stack = await startStack({
    config,
    children: (context) => children(context).map(({ health: _, ...child }) => child),
  });
  const pid = await pidOf('gateway');
  const supervisor = stack.supervisor?.pid as number;
  process.kill(pid, 'SIGSTOP');
  process.kill(supervisor, 'SIGSTOP');
  const checks = await doctor(config);
  process.kill(supervisor, 'SIGCONT');
  const about = (name: string) => checks.find((check) => check.name === name);
  expect(about('gateway')).toMatchObject({ status: 'fail', detail: expect.stringContaining('stopped by a signal') });
  expect(about('stack')).toMatchObject({ status: 'fail', hint: expect.stringContaining(`kill -CONT ${supervisor}`) });
  expect(about('policy')).toMatchObject({ status: 'ok' });
});
