// The supervisor, as a real process, over scripted children: starting, crashing, being killed, stopping.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Config, loadConfig } from '../config.ts';
import { identityOf, isAlive, isDying, type ProcessIdentity } from '../process/identity.ts';
import type { ChildContext, ChildPlan } from './plan.ts';
import { isFree } from './ports.ts';
import { purge, type RunningStack, stackStatus, startStack, stopStack } from './stack.ts';

// NAME PORT MODE: notes its life in `events`, then serves. `broken` exits unless `fixed` exists; `deaf` ignores SIGTERM;
// `parent` has a child of its own, whose pid it notes.
const CHILD = String.raw`
import { appendFileSync, existsSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
const [name, port, mode] = process.argv.slice(2);
const note = (what) => appendFileSync('FOLDER/events', name + ' ' + what + '\n');
note('starts');
if (mode === 'broken' && !existsSync('FOLDER/fixed')) { console.log('the wheel came off'); process.exit(3); }
process.on('SIGTERM', () => { note('stops'); if (mode !== 'deaf') process.exit(0); });
if (mode === 'parent') note('grandchild ' + spawn('sleep', ['300'], { stdio: 'inherit' }).pid);
createServer((socket) => socket.destroy()).listen(Number(port), '127.0.0.1');
`;

let folder: string;
let config: Config;
type Modes = Readonly<Record<string, string>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anneal-stack-'));
  writeFileSync(join(folder, 'child.mjs'), CHILD.replaceAll('FOLDER', folder));
  config = loadConfig({ environment: { ANNEAL_HOME: join(folder, 'home') } });
});
afterEach(async () => {
  await stopStack(config);
  rmSync(folder, { recursive: true, force: true });
});

const scripted =
  (modes: Modes = {}) =>
  ({ ports }: ChildContext): ChildPlan[] =>
    (['temporal', 'policy', 'gateway'] as const).map((name) => ({
      name,
      argv: [process.execPath, join(folder, 'child.mjs'), name, `${ports[name]}`, modes[name] ?? 'well'],
      env: {},
      deathSignal: name === 'temporal' ? 'KILL' : 'TERM',
      after: name === 'gateway' ? ['temporal', 'policy'] : [],
      ready: { kind: 'tcp', port: ports[name] ?? 0 },
    }));
const start = (modes?: Modes): Promise<RunningStack> => startStack({ config, children: scripted(modes) });
const events = (): string[] => readFileSync(join(folder, 'events'), 'utf8').trim().split('\n');
const log = (name: string): string => readFileSync(join(config.paths.logs, `${name}.log`), 'utf8');
const processOf = (stack: { children: RunningStack['children'] }, name: string): ProcessIdentity =>
  stack.children.find((child) => child.name === name)?.process as ProcessIdentity;
const everyone = (stack: RunningStack): ProcessIdentity[] => [
  stack.supervisor as ProcessIdentity,
  ...stack.children.map((child) => child.process as ProcessIdentity),
];

test('starts in order, is harmless to start again, and stops in reverse', async () => {
  expect(await stackStatus(config)).toMatchObject({ state: 'stopped', endpoints: undefined });
  expect(await stopStack(config)).toBe(false);
  const stack = await start();
  expect(stack).toMatchObject({ state: 'running', startedNow: true });
  expect(events().slice(0, 2).sort()).toEqual(['policy starts', 'temporal starts']);
  expect(events()[2]).toBe('gateway starts');
  expect(stack.endpoints.gateway).toBe(`http://127.0.0.1:${stack.ports.gateway}`);

  const again = await start();
  expect(again.startedNow).toBe(false);
  expect(everyone(again)).toEqual(everyone(stack));

  expect(await stopStack(config)).toBe(true);
  expect(events()[3]).toBe('gateway stops');
  expect(everyone(stack).filter(isAlive)).toEqual([]);
  expect(existsSync(join(config.paths.run, 'stack.json'))).toBe(false);
  // The ports are kept for the next time.
  expect((await start()).ports).toEqual(stack.ports);
});

test('two starts at once make one stack', async () => {
  const stacks = await Promise.all([start(), start(), start()]);
  expect(stacks.filter((stack) => stack.startedNow)).toHaveLength(1);
  expect(new Set(stacks.map((stack) => stack.supervisor?.pid)).size).toBe(1);
  expect(events()).toHaveLength(3);
});

test.each(['temporal', 'policy', 'gateway'])('%s is up again within two seconds of a SIGKILL', async (name) => {
  const stack = await start();
  const before = processOf(stack, name);
  process.kill(before.pid, 'SIGKILL');
  await expect
    .poll(async () => processOf(await stackStatus(config), name)?.pid ?? before.pid, { timeout: 2_000 })
    .not.toBe(before.pid);
  await expect
    .poll(async () => (await stackStatus(config)).children.find((child) => child.name === name), { timeout: 2_000 })
    .toMatchObject({ state: 'ready', restarts: 1, lastExit: 'SIGKILL' });
  expect(log('supervisor')).toContain(`${name}: ended (SIGKILL); again in 100 ms`);
  expect(identityOf(before.pid)).toBeUndefined(); // reaped, not a zombie
});

test('what a killed child had started goes with it', async () => {
  const stack = await start({ policy: 'parent' });
  await expect.poll(events).toContainEqual(expect.stringContaining('grandchild'));
  const grandchild = identityOf(
    Number(
      events()
        .find((line) => line.includes('grandchild'))
        ?.split(' ')[2],
    ),
  );
  expect(grandchild).toBeDefined();
  process.kill(processOf(stack, 'policy').pid, 'SIGKILL');
  await expect.poll(() => isAlive(grandchild as ProcessIdentity), { timeout: 2_000 }).toBe(false);
});

test('nothing is left ten seconds after SIGKILL of the supervisor, and the stack can be started again', async () => {
  const stack = await start();
  process.kill(stack.supervisor?.pid as number, 'SIGKILL');
  await expect.poll(() => everyone(stack).filter(isAlive), { timeout: 10_000 }).toEqual([]);
  expect(await stackStatus(config)).toMatchObject({ state: 'stopped' });
  expect((await start()).startedNow).toBe(true);
});

test('a child that outlives a killed supervisor is ended by the next start', async () => {
  const stack = await start({ gateway: 'deaf' });
  process.kill(stack.supervisor?.pid as number, 'SIGKILL');
  await expect.poll(() => isAlive(processOf(stack, 'temporal'))).toBe(false);
  expect(isAlive(processOf(stack, 'gateway'))).toBe(true);
  expect((await start()).ports).toEqual(stack.ports);
  expect(isAlive(processOf(stack, 'gateway'))).toBe(false);
});

// Of a killed process the main thread may end before the others; here another stays until its standard input ends.
const DYING = `
import ctypes, os, platform, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0))).start()
ctypes.CDLL(None).syscall(60 if platform.machine() == 'x86_64' else 93, 0)
`;
const hasPython = spawnSync('python3', ['-c', 'import ctypes']).status === 0;

test.skipIf(!hasPython)(
  'a supervisor that is not quite gone is none, and the next start waits for its end',
  async () => {
    const dying = spawn('python3', ['-c', DYING], { stdio: ['pipe', 'ignore', 'inherit'] });
    const supervisor = identityOf(dying.pid as number) as ProcessIdentity;
    const ports = { temporal: 1, temporalUi: 1, policy: 1, gateway: 1 };
    const since = { startedAt: 'once', ports, external: null, stopping: false, children: [] };
    await expect.poll(() => isDying(supervisor)).toBe(true);
    mkdirSync(config.paths.run, { recursive: true });
    const state = JSON.stringify({ schema: 'anneal/stack/v1', supervisor, ...since });
    writeFileSync(join(config.paths.run, 'stack.json'), state);
    expect((await stackStatus(config)).state).toBe('stopped');
    const starting = start();
    await sleep(300);
    dying.stdin.end();
    expect((await starting).startedNow).toBe(true);
    expect(isAlive(supervisor)).toBe(false);
  },
  30_000,
);

test('a child that cannot start is named with its last words, and nothing is left running', async () => {
  await expect(start({ policy: 'broken' })).rejects.toMatchObject({
    code: 'stack.start_failed',
    message: expect.stringMatching(/^policy: exit 3; its log is .*policy\.log\n(.|\n)*the wheel came off/),
  });
  expect(await stackStatus(config)).toMatchObject({ state: 'stopped' });
  expect(events().filter((line) => line === 'policy starts')).toHaveLength(5);
});

test('a child that keeps crashing later is given up; starting again retries it', async () => {
  writeFileSync(join(folder, 'fixed'), '');
  const stack = await start({ policy: 'broken' });
  rmSync(join(folder, 'fixed'));
  process.kill(processOf(stack, 'policy').pid, 'SIGKILL');
  await expect.poll(async () => (await stackStatus(config)).state, { timeout: 10_000 }).toBe('degraded');
  expect(isAlive(processOf(stack, 'gateway'))).toBe(true);
  writeFileSync(join(folder, 'fixed'), '');
  expect(await start({ policy: 'broken' })).toMatchObject({ state: 'running', startedNow: false });
});

test('a port that was given and is taken is refused, with its holder; a kept one is replaced', async () => {
  const stranger = createServer().listen(0, '127.0.0.1');
  await new Promise((done) => stranger.once('listening', done));
  const { port } = stranger.address() as { port: number };
  const given = loadConfig({ environment: { ANNEAL_HOME: config.home, ANNEAL_GATEWAY_PORT: `${port}` } });
  await expect(startStack({ config: given, children: scripted() })).rejects.toMatchObject({
    code: 'stack.port_in_use',
    message: expect.stringContaining(`port ${port} (gateway) is held by`),
  });
  await expect(startStack({ config: given, children: scripted() })).rejects.toThrow(`(pid ${process.pid})`);
  mkdirSync(config.paths.run, { recursive: true });
  writeFileSync(join(config.paths.run, 'ports.json'), JSON.stringify({ gateway: port }));
  const stack = await start();
  expect(stack.ports.gateway).not.toBe(port);
  await new Promise((done) => stranger.close(done));
});

test('a start that is interrupted leaves nothing', async () => {
  const interrupted = new AbortController();
  const starting = startStack({ config, children: scripted({ policy: 'broken' }), signal: interrupted.signal });
  await expect.poll(async () => (await stackStatus(config)).state).toBe('starting');
  interrupted.abort();
  await expect(starting).rejects.toMatchObject({ code: 'stack.start_failed' });
  expect(await stackStatus(config)).toMatchObject({ state: 'stopped' });
});

test('stopping ends running jobs, politely first', async () => {
  await start();
  const job = join(config.paths.jobs, 'job-one');
  mkdirSync(job);
  const child = spawn('sh', ['-c', `trap 'echo term >${job}/log; exit 85' TERM; while :; do sleep 0.05; done`], {
    detached: true,
  });
  const process = identityOf(child.pid as number);
  writeFileSync(join(job, 'process.json'), JSON.stringify({ ...process, startedAt: 'now' }));
  await sleep(200);
  await stopStack(config);
  expect(isAlive(process as ProcessIdentity)).toBe(false);
  expect(readFileSync(join(job, 'log'), 'utf8')).toBe('term\n');
});

test('purge removes the home, never what a link in it points to, and never a folder that is not one', async () => {
  const stack = await start();
  const precious = join(folder, 'precious');
  mkdirSync(precious);
  writeFileSync(join(precious, 'file'), 'keep');
  symlinkSync(precious, join(config.paths.cache, 'link'));
  expect(await purge(config)).toBe(true);
  expect(existsSync(config.home)).toBe(false);
  expect(everyone(stack).filter(isAlive)).toEqual([]);
  expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('keep');
  // Nothing there: nothing to do, and nothing to claim.
  expect(await purge(config)).toBe(false);

  const other = loadConfig({ environment: { ANNEAL_HOME: precious } });
  await expect(purge(other)).rejects.toMatchObject({ code: 'cli.usage' });
  await expect(startStack({ config: other, children: scripted() })).rejects.toMatchObject({ code: 'cli.usage' });
  expect(readFileSync(join(precious, 'file'), 'utf8')).toBe('keep');
});

test('a stack whose home is removed by hand ends', async () => {
  const stack = await start();
  rmSync(config.home, { recursive: true });
  await expect.poll(() => everyone(stack).filter(isAlive), { timeout: 10_000 }).toEqual([]);
});

test('with another Temporal named, none of its ports is chosen', async () => {
  const external = loadConfig({ environment: { ANNEAL_HOME: config.home }, temporal: '127.0.0.1:1' });
  const stack = await startStack({ config: external, children: (context) => scripted()(context).slice(1, 2) });
  expect(stack.endpoints.temporal).toBe('127.0.0.1:1');
  expect(stack.ports).not.toHaveProperty('temporal');
  await expect(start()).rejects.toMatchObject({ code: 'stack.start_failed' });
  expect(await isFree(stack.ports.policy as number)).toBe(false);
});
