// Ends a testbed when the process that started it is gone, even by SIGKILL: `node keeper.ts DIR PID START_TIME`.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { identityOf, isAlive, type ProcessIdentity } from '../../infra/process/identity.ts';
import { keepThreadsAwake } from '../../infra/process/wake-threads.ts';
import { endProcess } from './component.ts';
import { withLock } from './lock.ts';
import { type Layout, layoutOf } from './options.ts';
import { readState, recordProcess, running } from './state.ts';
import { tearDown } from './teardown.ts';

/** One at most: a testbed belongs to the process that it was first started for, not to those that mend it. */
export async function startKeeper(layout: Layout, owner: ProcessIdentity | undefined): Promise<void> {
  if (owner === undefined || running(readState(layout), 'keeper') !== undefined) return;
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), layout.dir, `${owner.pid}`, `${owner.startTime}`],
    { detached: true, stdio: 'ignore' },
  );
  child.unref();
  const identity = child.pid === undefined ? undefined : identityOf(child.pid);
  if (identity !== undefined) await recordProcess(layout, { name: 'keeper', ...identity, log: '' });
}

/** From now on it stays until it is stopped. */
export async function endKeeper(layout: Layout): Promise<void> {
  const keeper = running(readState(layout), 'keeper');
  if (keeper !== undefined) await endProcess(keeper);
}

async function keep(dir: string, owner: { pid: number; startTime: number }): Promise<void> {
  const layout = layoutOf(dir);
  while (isAlive(owner)) {
    if (!existsSync(layout.state)) return;
    await sleep(250);
  }
  await withLock(layout.dir, () => tearDown(layout));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  keepThreadsAwake();
  const [dir, pid, startTime] = process.argv.slice(2);
  await keep(`${dir}`, { pid: Number(pid), startTime: Number(startTime) });
}
