import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { takeLock, tryLock } from './lock.ts';

const home = `/nowhere/${process.pid}`;

test('one holder at a time, by home and purpose', async () => {
  const lock = await tryLock(home, 'test');
  expect(lock).toBeDefined();
  expect(await tryLock(home, 'test')).toBeUndefined();
  const elsewhere = await tryLock(`${home}-other`, 'test');
  expect(elsewhere).toBeDefined();
  await elsewhere?.release();
  let waited = false;
  const next = takeLock(home, 'test', { onWait: () => (waited = true) });
  await lock?.release();
  await (await next).release();
  expect(waited).toBe(true);
});

test('the kernel releases the lock of a killed holder', async () => {
  const module = fileURLToPath(new URL('./lock.ts', import.meta.url));
  const script = `const { tryLock } = await import(${JSON.stringify(module)});
    await tryLock(${JSON.stringify(home)}, 'killed'); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((done) => holder.stdout.once('data', done));
  expect(await tryLock(home, 'killed')).toBeUndefined();
  holder.kill('SIGKILL');
  await (await takeLock(home, 'killed')).release();
});

test('waiting can be interrupted', async () => {
  const lock = await tryLock(home, 'wait');
  await expect(takeLock(home, 'wait', { signal: AbortSignal.timeout(150) })).rejects.toThrow();
  await lock?.release();
});
