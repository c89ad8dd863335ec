// A monitor beside real programs that go wrong while they run, and beside logs of healthy runs that are written at speed.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { follow } from '../agents/diagnosis/follow.ts';
import { sha256 } from '../contracts/ids.ts';
import type { JobDocument, JobState } from '../contracts/job.ts';
import type { Sighting } from '../contracts/monitor.ts';
import { createFolderStore } from '../infra/store/folder.ts';
import { linesAfter } from '../worker/growing-logs.ts';
import { createMonitor, type MonitorPorts } from './monitor.ts';
import { createDocuments } from './read.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'anneal-monitor-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const document = (steps = 1_000) =>
  ({ name: 'x-r1-train', specHash: sha256.parse('1'.repeat(64)), algorithm: { steps } }) as unknown as JobDocument;
const ORDER = { reportTo: 'campaign/x', hangAfterMs: 3_000 };

function monitored(paths: readonly string[], more: Partial<MonitorPorts> = {}) {
  const store = createFolderStore(join(home, 'store'));
  const raised: Sighting[] = [];
  const ports: MonitorPorts = {
    ...{ store, documents: createDocuments(store), follow, now: () => Date.now(), everyMs: 200 },
    logsOf: async () => ({
      paths,
      bytes: async () => paths.reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0),
      close: async () => {},
    }),
    raise: async (_, one) => void raised.push(one),
    ...more,
  };
  return { watchJob: createMonitor(ports), raised, store };
}

/** A training that takes a step every 50 ms, and what it does from the 20th on. */
const trainer = (then: string): string => `
import json, sys, time
log, metrics = open('log', 'a', buffering=1), open('metrics.jsonl', 'a', buffering=1)
for step in range(1, 2001):
    loss, seconds = 2.0 - step / 2000, 0.05
${then}
    time.sleep(seconds)
    log.write(f'step {step} loss {loss:.4f} grad_norm 0.5 step_time {seconds:.3f}\\n')
    metrics.write(json.dumps({'step': step, 'loss': loss, 'seconds': seconds}) + '\\n')
`;
const PROGRAMS = {
  nan: ['    if step > 20: loss = float("nan")', 'nan-or-inf'],
  hang: ['    if step > 20: time.sleep(600)', 'silent-hang'],
  slow: ['    if step > 40: seconds = 0.25', 'throughput-drop'],
  disk: [
    '    if step == 20: log.write("OSError: [Errno 28] No space left on device\\\\n")\n    if step > 20: time.sleep(600)',
    'disk-full',
  ],
} as const;

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
function run(then: string): { child: ChildProcess; paths: string[]; state(): Extract<JobState, { phase: 'running' }> } {
  writeFileSync(join(home, 'trainer.py'), trainer(then));
  const child = spawn('python3', ['trainer.py'], { cwd: home, stdio: ['ignore', 'ignore', 'inherit'] });
  children.push(child);
  const paths = ['log', 'metrics.jsonl'].map((file) => join(home, file));
  const steps = (): number => {
    if (statSync(paths[1]!, { throwIfNoEntry: false }) === undefined) return 0;
    return readFileSync(paths[1]!, 'utf8').split('\n').length - 1;
  };
  return { child, paths, state: () => ({ phase: 'running', startedAt: 'then', step: steps() }) };
}

async function watched(name: keyof typeof PROGRAMS) {
  const [then, cause] = PROGRAMS[name];
  const { child, paths, state } = run(then);
  const { watchJob, raised, store } = monitored(paths);
  const watch = watchJob(document(2_000), ORDER, undefined);
  const looking = setInterval(() => watch.saw(state()), 100);
  try {
    await expect.poll(() => raised.length, { timeout: 50_000 }).toBe(1);
    expect(child.exitCode, 'it still runs').toBe(null);
    expect(raised[0]).toMatchObject({ cause, job: 'x-r1-train' });
    return { one: raised[0]!, watch, raised, store, paths, state };
  } finally {
    clearInterval(looking);
    await watch.close();
  }
}

describe('a program that goes wrong while it runs', () => {
  test('turns NaN: told within seconds, with the lines, the diagnosis and the logs', async () => {
    const { one, store } = await watched('nan');
    expect(one.lines[0]).toMatch(/nan/i);
    expect(one.step).toBeLessThan(200);
    expect(one.logs.map(({ name }) => name)).toEqual(['log', 'metrics.jsonl']);
    expect(Buffer.from(await store.get(one.logs[0]!.object)).toString()).toContain('loss nan');
  });
  test('stands still: told when it has said nothing for many of its steps', async () => {
    const { one } = await watched('hang');
    expect(one.step).toBe(20);
    expect(one.summary).toMatch(/^It stands still: no step and no line for \d+ s, after 20 of 2000 steps/);
  });
  test('becomes slow: told once it stays so', async () => {
    expect((await watched('slow')).one.summary).toMatch(/stays there/);
  });
  test('has no disk left', async () => {
    await watched('disk');
  });
});

test('a worker that dies: the next one tells the same again, not another; what comes then is told as well', async () => {
  const { one, store, paths, state } = await watched('nan');
  const again = monitored(paths, { store });
  const watch = again.watchJob(document(2_000), ORDER, undefined);
  watch.saw(state());
  try {
    await expect.poll(() => again.raised).toEqual([one]);
    appendFileSync(paths[0]!, 'OSError: [Errno 28] No space left on device\n');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(again.raised.filter(({ cause }) => cause === 'nan-or-inf')).toHaveLength(1);
    expect((await store.listNamed('sightings/')).filter((key) => key.endsWith('nan-or-inf'))).toHaveLength(1);
  } finally {
    await watch.close();
  }
});

test('a worker that dies between its note and its word: the next one says it, whatever the log says by then', async () => {
  const { one, store } = await watched('nan');
  const log = join(home, 'other');
  writeFileSync(log, 'step 1 loss 1.0\n');
  const { watchJob, raised } = monitored([log], { store });
  const watch = watchJob(document(), ORDER, undefined);
  await expect.poll(() => raised).toEqual([one]);
  await watch.close();
});

test('how a job moved before the worker died is known to the next one', async () => {
  const log = join(home, 'log');
  writeFileSync(log, 'step 20 loss 1.0\n');
  const { watchJob, raised } = monitored([log]);
  const before = { watch: { startedAt: 'then', step: 20, quietMs: 1_000, gaps: [50, 50, 60] } };
  const watch = watchJob(document(), ORDER, before);
  watch.saw({ phase: 'running', startedAt: 'then', step: 20 });
  await expect.poll(() => raised.map(({ cause }) => cause), { timeout: 20_000 }).toEqual(['silent-hang']);
  expect(watch.memory().watch).toMatchObject({ step: 20, gaps: [50, 50, 60] });
  await watch.close();
});

test('a campaign that cannot be reached is told when it can', async () => {
  const log = join(home, 'log');
  writeFileSync(log, 'step 1 loss 1.0\nstep 2 loss nan\n');
  let away = 3;
  const heard: Sighting[] = [];
  const { watchJob } = monitored([log], {
    async raise(_, one) {
      if (away-- > 0) throw new Error('Temporal is away');
      heard.push(one);
    },
  });
  const watch = watchJob(document(), ORDER, undefined);
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1);
  await watch.close();
});

const LOGS = join(import.meta.dirname, '../tests/logs');
interface Truth {
  readonly cause: string;
  readonly files: readonly string[];
}
const truth = Object.entries(JSON.parse(readFileSync(join(LOGS, 'truth.json'), 'utf8')) as Record<string, Truth>);

/** Writes logs in pieces, each watched by a clock so fast that whatever is ever seen has stood long enough at the next look. */
async function fed(logs: readonly (readonly [string, Truth])[]): Promise<string[]> {
  const told: string[] = [];
  const began = Date.now();
  const now = (): number => began + 100 * (Date.now() - began);
  const PIECES = 40;
  await Promise.all(
    logs.map(async ([name, { files }], index) => {
      const place = join(home, String(index));
      mkdirSync(place);
      const paths = files.map((file, at) => join(place, `${at}-${file.split('/').at(-1)}`));
      const store = createFolderStore(join(place, 'store'));
      const { watchJob } = monitored(paths, {
        ...{ now, everyMs: 50, store, documents: createDocuments(store) },
        raise: async (_, one) => void told.push(`${name}: ${one.cause}`),
      });
      const watch = watchJob(document(), { reportTo: 'x', hangAfterMs: 1e9 }, undefined);
      const contents = files.map((file) => readFileSync(join(LOGS, file)));
      for (let piece = 0; piece < PIECES; piece += 1) {
        for (const [at, bytes] of contents.entries()) {
          const size = Math.ceil(bytes.length / PIECES);
          appendFileSync(paths[at]!, bytes.subarray(piece * size, (piece + 1) * size));
        }
        await new Promise((resolve) => setTimeout(resolve, 150));
      }
      await new Promise((resolve) => setTimeout(resolve, 500));
      await watch.close();
    }),
  );
  return told;
}

test('healthy logs, written at speed: nothing is told', { timeout: 240_000 }, async () => {
  const healthy = truth.filter(([, { cause }]) => cause === 'healthy');
  expect(healthy.length).toBeGreaterThanOrEqual(20);
  expect(await fed(healthy)).toEqual([]);
});

test('logs of runs that could not go on, written in the same way, are told of', { timeout: 240_000 }, async () => {
  const grave = truth.filter(([, { cause }]) => cause === 'nan-or-inf' || cause === 'disk-full');
  const told = await fed(grave);
  const heard = grave.filter(([name, { cause }]) => told.includes(`${name}: ${cause}`));
  expect(heard.length / grave.length).toBeGreaterThan(0.9);
});

describe('a log of which only the end is told', () => {
  test.each<[string, string[], string[], string[]]>([
    ['grows', ['a', 'b'], ['a', 'b', 'c'], ['c']],
    ['grew beyond its end', ['a', 'b', 'c'], ['c', 'd', 'e'], ['d', 'e']],
    ['says the same again', ['a', 'a'], ['a', 'a', 'a'], ['a']],
    ['is as it was', ['a', 'b'], ['a', 'b'], []],
    ['is another', ['a', 'b'], ['x', 'y'], ['x', 'y']],
    ['begins', [], ['x'], ['x']],
  ])('%s', (_, before, now, fresh) => expect(linesAfter(before, now)).toEqual(fresh));
});
