// What is left of a door in the folder for what is temporary: nothing, however its process ended.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Grant } from '../../contracts/agent-ports.ts';
import { policyName, rolloutId } from '../../contracts/ids.ts';
import { forgetDeadTemporary } from '../process/work-folder.ts';
import { openDoor } from './door.ts';

const GRANT: Grant = {
  ...{ rollout: rolloutId.parse('demo/r1/train.v0/g0/s0'), policy: policyName.parse('demo.v0'), forMs: 60_000 },
  ...{ attempt: 0, maxRequests: 1, maxTokens: 1, sampling: { temperature: 1, maxTokens: 1, seed: 1 } },
};
const OPEN = `const { openDoor } = await import(${JSON.stringify(import.meta.resolve('./door.ts'))});
  console.log((await openDoor('http://127.0.0.1:9', 'key', ${JSON.stringify(GRANT)})).socket);`;

const deferred: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of deferred.splice(0)) await one();
});

test('a door that is shut leaves nothing, and one of a killed worker goes with the next one', async () => {
  const own = await openDoor('http://127.0.0.1:9', 'key', GRANT);
  deferred.push(() => own.close());
  const child = spawn(process.execPath, ['--input-type=module', '--eval', OPEN], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  deferred.push(() => child.kill('SIGKILL'));
  const socket = String((await once(child.stdout, 'data'))[0]).trim();
  await forgetDeadTemporary();
  expect([existsSync(socket), existsSync(own.socket)]).toEqual([true, true]);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
  expect(existsSync(socket)).toBe(true);
  await forgetDeadTemporary();
  expect([existsSync(dirname(socket)), existsSync(own.socket)]).toEqual([false, true]);
  await own.close();
  expect(existsSync(dirname(own.socket))).toBe(false);
});
