import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { loadConfig } from '../config.ts';
import { identityOf } from '../process/identity.ts';
import { markReady, watchParent } from './watch-parent.ts';

test('tells once that the parent is gone', async () => {
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as () => never);
  const parent = spawn('sleep', ['60']);
  const gone = vi.fn();
  watchParent(identityOf(parent.pid as number), gone, 20);
  await new Promise((done) => setTimeout(done, 100));
  expect(gone).not.toHaveBeenCalled();
  parent.kill('SIGKILL');
  await expect.poll(() => gone.mock.calls.length).toBe(1);
  await new Promise((done) => setTimeout(done, 100));
  expect(gone).toHaveBeenCalledTimes(1);
  // Should the clean-up hang, the process ends hard.
  await expect.poll(() => exit.mock.calls.length, { timeout: 8_000 }).toBe(1);
  exit.mockRestore();
});

test('a reused pid is not the parent', async () => {
  const gone = vi.fn();
  const exit = vi.spyOn(process, 'exit').mockImplementation((() => {}) as () => never);
  watchParent({ pid: process.pid, startTime: 1 }, gone, 20);
  await expect.poll(() => gone.mock.calls.length).toBe(1);
  await expect.poll(() => exit.mock.calls.length, { timeout: 8_000 }).toBe(1);
  exit.mockRestore();
});

test('readiness is told only where somebody listens', () => {
  const folder = mkdtempSync(join(tmpdir(), 'anneal-ready-'));
  const file = join(folder, 'run', 'worker.ready');
  markReady(loadConfig({ environment: {} }));
  expect(existsSync(file)).toBe(false);
  markReady(loadConfig({ environment: { ANNEAL_READY_FILE: file } }));
  expect(existsSync(file)).toBe(true);
  rmSync(folder, { recursive: true });
});
