// A log that grows, in whatever pieces: the same verdict as when it is read at once, told when it can be known, through moves and cuts.
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Diagnosis } from '../../contracts/diagnosis.ts';
import { diagnose } from './diagnose.ts';
import { follow } from './follow.ts';

const folder = mkdtempSync(join(tmpdir(), 'anneal-follow-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const LOGS = fileURLToPath(new URL('../../tests/logs/', import.meta.url));
const FULL = 'OSError: [Errno 28] No space left on device\n';
const steps = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `step ${from + at} loss ${3 - (from + at) / 1000}\n`).join('');

let count = 0;
function begun(content = '') {
  const path = join(folder, `run-${count++}.log`);
  writeFileSync(path, content);
  const stop = new AbortController();
  const told: Diagnosis[] = [];
  const done = follow([path], { signal: stop.signal, everyMs: 10, tell: (found) => told.push(found) });
  const end = (): Promise<Diagnosis> => {
    stop.abort();
    return done;
  };
  const causes = (): string[] => told.map(({ cause, firstFault }) => `${cause} ${firstFault?.line ?? ''}`.trim());
  return { path, told, causes, end };
}
const looked = (ms = 100): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

test('the first fault is told when it appears, once', async () => {
  const { path, causes, end } = begun(steps(0, 20));
  await looked();
  expect(causes()).toEqual([]);
  appendFileSync(path, FULL.slice(0, 20));
  await looked();
  expect(causes()).toEqual([]);
  appendFileSync(path, FULL.slice(20));
  await expect.poll(causes).toEqual(['disk-full 21']);
  appendFileSync(path, 'srun: error: node7: task 3: Exited with exit code 1\n');
  await looked();
  expect(causes()).toEqual(['disk-full 21']);
  expect(await end()).toMatchObject({ cause: 'disk-full', firstFault: { line: 21 }, read: { lines: 22 } });
});

test('what the run goes on after was none, and that is told too', async () => {
  const { path, causes, end } = begun(`${steps(0, 20)}${FULL}`);
  await expect.poll(causes).toEqual(['disk-full 21']);
  appendFileSync(path, steps(20, 30));
  await expect.poll(causes).toEqual(['disk-full 21', 'healthy']);
  appendFileSync(path, 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n');
  await expect.poll(causes).toEqual(['disk-full 21', 'healthy', 'oom-device 32']);
  await end();
});

describe('a file', () => {
  test('that is moved away is read to its end, then the one that has its name', async () => {
    const { path, causes, end } = begun(steps(0, 20));
    await looked();
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, steps(20, 25));
    await looked();
    writeFileSync(path, steps(25, 30));
    // The writer notices late.
    appendFileSync(`${path}.1`, 'step 25 loss 1\n');
    await looked(300);
    appendFileSync(path, FULL);
    await expect.poll(causes).toEqual(['disk-full 6']);
    const found = await end();
    expect(found.read.lines).toBe(20 + 5 + 1 + 5 + 1);
    expect(found.read.notes).toEqual([`${path} was moved away once: lines count from the newest`]);
  });

  test('that is cut begins anew', async () => {
    const { path, causes, end } = begun(steps(0, 200));
    await looked();
    truncateSync(path);
    appendFileSync(path, `${steps(200, 203)}${FULL}`);
    await expect.poll(causes).toEqual(['disk-full 4']);
    expect((await end()).read.notes).toEqual([`${path} was cut once: lines count from its beginning`]);
  });

  test('that is cut and is longer at the next look begins anew as well', async () => {
    const { path, causes, end } = begun(steps(0, 10));
    await looked();
    writeFileSync(path, `a new beginning\n${steps(0, 100)}${FULL}`);
    await expect.poll(causes).toEqual(['disk-full 102']);
    expect((await end()).read.notes).toHaveLength(1);
  });

  test('that is cut in its middle begins anew', async () => {
    const { path, causes, end } = begun(steps(0, 200));
    await looked();
    truncateSync(path, steps(0, 50).length);
    appendFileSync(path, FULL);
    await expect.poll(causes).toEqual(['disk-full 51']);
    await end();
  });

  test('that is gone is waited for', async () => {
    const { path, causes, end } = begun(steps(0, 10));
    await looked();
    rmSync(path);
    await looked();
    writeFileSync(path, FULL);
    await expect.poll(causes).toEqual(['disk-full 1']);
    await end();
  });

  test('that does not end its lines takes no memory', async () => {
    const { path, causes, end } = begun();
    await looked();
    const before = process.memoryUsage().rss;
    for (let turn = 0; turn < 60; turn++) appendFileSync(path, 'x'.repeat(1024 * 1024));
    appendFileSync(path, `\n${FULL}`);
    await expect.poll(causes, { timeout: 50_000 }).toEqual(['disk-full 2']);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
    await end();
  }, 60_000);
});

test.each(['real/disk.log', 'quoted/cuda_oom_then_watchdogs.log', 'quoted/megatron_whole_run.log'])(
  '%s in pieces comes to what it comes to at once',
  async (name) => {
    const bytes = readFileSync(join(LOGS, name));
    const { path, told, end } = begun();
    for (let from = 0; from < bytes.length; from += Math.ceil(bytes.length / 23)) {
      appendFileSync(path, bytes.subarray(from, from + Math.ceil(bytes.length / 23)));
      await looked(15);
    }
    await looked(60);
    const { read: one, ...found } = await end();
    const { read: other, ...whole } = await diagnose([path]);
    expect(found).toEqual(whole);
    expect([one.lines, one.metrics, one.ranks]).toEqual([other.lines, other.metrics, other.ranks]);
    if (whole.cause !== 'healthy') expect(told.at(-1)!.firstFault).toEqual(whole.firstFault);
  },
);
