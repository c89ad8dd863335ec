import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const MODULE = JSON.stringify(join(import.meta.dirname, 'wake-threads.ts'));
const run = async (script: string): Promise<string> =>
  (await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])).stdout;

test('gives the threads something to do again and again, for as long as something else keeps the process alive', async () => {
  const seen = await run(`
    import { createHook } from 'node:async_hooks';
    import { keepThreadsAwake } from ${MODULE};
    let requests = 0;
    createHook({ init: (_, type) => { if (type === 'FSREQCALLBACK') requests += 1; } }).enable();
    keepThreadsAwake(10);
    setTimeout(() => console.log(requests >= 3), 1_000);
  `);
  expect(seen.trim()).toBe('true');
});

test('keeps no process alive', async () => {
  expect(await run(`(await import(${MODULE})).keepThreadsAwake(10)`)).toBe('');
});
